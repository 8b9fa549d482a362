"""Prompts and targets from a row's columns, by templates that can do nothing else.

Templates come with suites, and suites come from strangers: they see the row and Jinja's own filters,
no attribute of Python's, and can write no more than a limit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from difflib import get_close_matches
from functools import cached_property
from typing import Any

from jinja2 import StrictUndefined, TemplateError, TemplateSyntaxError, UndefinedError, meta
from jinja2.environment import TemplateExpression
from jinja2.sandbox import ImmutableSandboxedEnvironment

from harness.errors import BadDataError, InputError

MAX_CHARACTERS = 10_000_000
"""The most characters of a rendered text, and of any text or number a template multiplies up to."""

_FAILURES = (
    TemplateError,
    TypeError,
    ValueError,
    LookupError,
    AttributeError,
    ArithmeticError,
    MemoryError,
    RecursionError,
)
_WIDENING = frozenset({"ljust", "rjust", "center", "zfill", "expandtabs", "format", "format_map"})


class _Environment(ImmutableSandboxedEnvironment):
    intercepted_binops = frozenset({"*", "**", "%"})

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Whether a template may use it: not a method that makes a text as long as a number says."""
        if isinstance(obj, (str, bytes)) and attr in _WIDENING:
            return False
        return super().is_safe_attribute(obj, attr, value)

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        if operator == "%" and isinstance(left, (str, bytes)):
            raise TypeError("texts are not formatted with %; write {{ a }} {{ b }}")
        if _result_size(operator, left, right) > MAX_CHARACTERS:
            raise OverflowError("the result is too large")
        return super().call_binop(context, operator, left, right)


def _result_size(operator: str, left: Any, right: Any) -> int:
    """Elements of a text or list that is multiplied; bits of an integer; 0 of anything else."""
    if isinstance(left, int) and isinstance(right, int):
        bits = left.bit_length()
        return bits * max(right, 0) if operator == "**" else bits + right.bit_length()
    for sequence, times in ((left, right), (right, left)):
        if isinstance(sequence, (str, bytes, list, tuple)) and isinstance(times, int):
            return len(sequence) * max(times, 0)
    return 0


def _nothing_for_none(value: Any) -> Any:
    """pandas writes NaN where there is no value."""
    missing = value is None or (isinstance(value, float) and value != value)
    return "" if missing else value


_ENVIRONMENT = _Environment(undefined=StrictUndefined, autoescape=False, finalize=_nothing_for_none)
for _filter in ("center", "format"):
    del _ENVIRONMENT.filters[_filter]


class RowTemplate:
    """A text with `{{ column }}` in it. Columns whose names are no words are `{{ row["a b"] }}`.

    An empty value (`null`) gives nothing.
    """

    def __init__(self, name: str, source: str) -> None:
        """Compiles a template.

        Args:
            name: what it is called in messages, such as `prompt`.
            source: the template.

        Raises:
            InputError: it is no template.
        """
        self.name = name
        self.source = source
        try:
            self.wants = frozenset(meta.find_undeclared_variables(_ENVIRONMENT.parse(source)))
            self._template = _ENVIRONMENT.from_string(source)
        except (TemplateSyntaxError, RecursionError) as error:
            raise InputError(
                f"{name}: not a template: {error}", "A column is {{ column }}."
            ) from None

    @cached_property
    def _expression(self) -> TemplateExpression:
        expression = self.source.strip().removeprefix("{{").removesuffix("}}")
        return _ENVIRONMENT.compile_expression(expression, undefined_to_none=False)

    def check(self, columns: Iterable[str], place: str) -> None:
        """Checks that a table has the columns that the template names.

        Raises:
            InputError: it has not; names those that are there.
        """
        has = list(columns)
        for wanted in sorted(self.wants - {"row", *_ENVIRONMENT.globals, *has}):
            cased = {column.lower(): column for column in map(str, has)}
            near = [cased[one] for one in get_close_matches(wanted.lower(), cased, 1)]
            raise InputError(
                f"{self.name}: no column {wanted!r} in {place}; the columns are: {', '.join(has)}",
                f"Did you mean {near[0]!r}?" if near else "",
            )

    def values(self, row: Mapping[str, Any], place: str) -> tuple[str, ...]:
        """The texts of the list that the template gives: it is one expression, such as a column.

        Raises:
            BadDataError: as `render`; or it gives no list of texts or numbers.
        """
        with self._blamed(row, place):
            found = self._expression({"row": row, **row})
        if not isinstance(found, list | tuple) or not all(
            isinstance(one, str | int | float) for one in found
        ):
            raise BadDataError(
                f"{place}: {self.name}: {str(found)!r:.60} is no list of texts",
                "Name a column that holds a list, or give a list of templates.",
            )
        return tuple(map(str, found))

    def render(self, row: Mapping[str, Any], place: str) -> str:
        """The template's text for a row.

        Raises:
            BadDataError: the row lacks a column; or the template fails on it, reaches for what it must
                not, or writes without end.
        """
        with self._blamed(row, place):
            parts, length = [], 0
            for part in self._template.generate({"row": row, **row}):
                length += len(part)
                if length > MAX_CHARACTERS:
                    raise OverflowError("it writes more than a prompt can hold")
                parts.append(part)
        return "".join(parts)

    @contextmanager
    def _blamed(self, row: Mapping[str, Any], place: str) -> Iterator[None]:
        """Turns what the template fails on, or reaches for and must not, into a BadDataError."""
        try:
            yield
        except _FAILURES as error:
            said = str(error) or type(error).__name__
            if isinstance(error, UndefinedError):
                said += f"; the columns are: {', '.join(map(str, row)) or 'none'}"
            raise BadDataError(f"{place}: {self.name}: {said}") from None
