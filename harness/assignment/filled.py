"""A template's text, or the one message that says in which line of its file the mistake stands."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from typing import Any

from jinja2 import Environment, Template, TemplateSyntaxError

from harness.errors import InputError
from harness.sandbox import FAILURES, rendered

HINT = "docs/assignment.md has all that a template may say."


def compiled(environment: Environment, text: str, file: str) -> Template:
    """A template, ready to be filled in.

    Raises:
        InputError: it is none; names file and line.
    """
    try:
        return environment.from_string(text)
    except TemplateSyntaxError as error:
        raise InputError(f"{file}:{error.lineno}: not a template: {error.message}", HINT) from None
    except RecursionError:
        raise InputError(f"{file}: not a template: nested too deeply", HINT) from None


def filled(template: Template, values: Mapping[str, Any], file: str) -> str:
    """A template's text.

    Raises:
        InputError: it fails, or reaches for what it must not; names file and line.
    """
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
