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

from jinja2 import StrictUndefined, TemplateSyntaxError, UndefinedError
from jinja2.environment import TemplateExpression

from harness.errors import BadDataError, InputError
from harness.sandbox import FAILURES, Sandbox, names_read, rendered


def _nothing_for_none(value: Any) -> Any:
    """pandas writes NaN where there is no value."""
    missing = value is None or (isinstance(value, float) and value != value)
    return "" if missing else value


_ENVIRONMENT = Sandbox(undefined=StrictUndefined, autoescape=False, finalize=_nothing_for_none)


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
            self.wants = names_read(_ENVIRONMENT, source)
            self._template = _ENVIRONMENT.from_string(source)
        except (TemplateSyntaxError, RecursionError) as error:
            said = error.message if isinstance(error, TemplateSyntaxError) else error
            raise InputError(
                f"{name}: not a template: {said}", "A column is {{ column }}."
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
            return rendered(self._template, {"row": row, **row})

    @contextmanager
    def _blamed(self, row: Mapping[str, Any], place: str) -> Iterator[None]:
        """Turns what the template fails on, or reaches for and must not, into a BadDataError."""
        try:
            yield
        except FAILURES as error:
            said = str(error) or type(error).__name__
            if isinstance(error, UndefinedError):
                said += f"; the columns are: {', '.join(map(str, row)) or 'none'}"
            raise BadDataError(f"{place}: {self.name}: {said}") from None
