"""A template's text, or the one message that says in which line of its file the mistake stands."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from jinja2 import Environment, Template, TemplateSyntaxError

from harness.errors import InputError
from harness.sandbox import FAILURES, OutOfBoundsError, bounded, rendered

T = TypeVar("T")
HINT = "docs/assignment.md has all that a template may say."


def filled(
    environment: Environment,
    text: str,
    values: Mapping[str, Any],
    file: str,
    beside: Callable[[], T],
) -> tuple[str, T]:
    """A template's text, and what filling it in left beside it.

    Args:
        environment: of the template.
        text: the template.
        values: what it may name.
        file: of the template, for messages.
        beside: gives what the values hold afterwards: they are filled in in a process of their own.

    Raises:
        InputError: it is none, fails, reaches for what it must not, or takes without bounds; names file and
            line.
    """

    def fill(mark: object) -> tuple[str, T]:
        return _filled(_compiled(environment, text, file), values, file), beside()

    try:
        return bounded(fill)
    except OutOfBoundsError as error:
        raise InputError(f"{file}: {error}", HINT) from None


def _compiled(environment: Environment, text: str, file: str) -> Template:
    try:
        return environment.from_string(text)
    except TemplateSyntaxError as error:
        raise InputError(f"{file}:{error.lineno}: not a template: {error.message}", HINT) from None
    except RecursionError:
        raise InputError(f"{file}: not a template: nested too deeply", HINT) from None


def _filled(template: Template, values: Mapping[str, Any], file: str) -> str:
    try:
        return rendered(template, values)
    except InputError as error:
        place = f"{file}:{line_of(error)}"
        raise InputError(f"{place}: {error.message}", error.hint) from None
    except FAILURES as error:
        said = str(error) or type(error).__name__
        raise InputError(f"{file}:{line_of(error)}: {said}", HINT) from None


def line_of(error: BaseException) -> int:
    """The line of the template in which an error arose; 1 where no line is known."""
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if frame.filename == "<template>"]
    return next((line for line in reversed(lines) if line), 1)
