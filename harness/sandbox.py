"""Jinja for templates that strangers wrote: no attribute of Python's, and no text of any length.

Prompts of data sets and reports of assignments are templates, and both travel with what others made.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jinja2 import Template, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

MAX_CHARACTERS = 10_000_000
"""The most characters of a rendered text, and of any text or number a template multiplies up to."""

FAILURES = (
    TemplateError,
    TypeError,
    ValueError,
    LookupError,
    AttributeError,
    ArithmeticError,
    MemoryError,
    RecursionError,
)
"""What a template can fail with."""
_WIDENING = frozenset({"ljust", "rjust", "center", "zfill", "expandtabs", "format", "format_map"})


class Sandbox(ImmutableSandboxedEnvironment):
    """An environment in which a template sees what it is given, and Jinja's own filters."""

    intercepted_binops = frozenset({"*", "**", "%"})

    def __init__(self, **settings: Any) -> None:
        """Args:
        settings: Jinja's own.
        """
        super().__init__(**settings)
        for name in ("center", "format"):
            del self.filters[name]

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Whether a template may use it: not a method that makes a text as long as a number says."""
        if isinstance(obj, (str, bytes)) and attr in _WIDENING:
            return False
        return super().is_safe_attribute(obj, attr, value)

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """Calculates, unless what comes out would be without measure."""
        if operator == "%" and isinstance(left, (str, bytes)):
            raise TypeError("texts are not formatted with %; write {{ a }} {{ b }}")
        if _result_size(operator, left, right) > MAX_CHARACTERS:
            raise OverflowError("the result is too large")
        return super().call_binop(context, operator, left, right)


def rendered(template: Template, values: Mapping[str, Any]) -> str:
    """The template's text.

    Raises:
        OverflowError: it is longer than `MAX_CHARACTERS`; other `FAILURES` as the template has them.
    """
    parts, length = [], 0
    for part in template.generate(values):
        length += len(part)
        if length > MAX_CHARACTERS:
            raise OverflowError("it writes more than a prompt or a page can hold")
        parts.append(part)
    return "".join(parts)


def _result_size(operator: str, left: Any, right: Any) -> int:
    """Elements of a text or list that is multiplied; bits of an integer; 0 of anything else."""
    if isinstance(left, int) and isinstance(right, int):
        bits = left.bit_length()
        return bits * max(right, 0) if operator == "**" else bits + right.bit_length()
    for sequence, times in ((left, right), (right, left)):
        if isinstance(sequence, (str, bytes, list, tuple)) and isinstance(times, int):
            return len(sequence) * max(times, 0)
    return 0
