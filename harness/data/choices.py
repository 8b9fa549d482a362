"""Choices that each row of a table has of its own, as multiple-choice questions do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from harness.data.decoding import clean_text
from harness.data.templates import RowTemplate
from harness.errors import BadDataError


class RowChoices:
    """Reads a row's choices: a template for each, or one that gives a list (`{{ choices.text }}`).

    A template that gives nothing is no choice, so that rows may have fewer than others.
    """

    def __init__(self, given: str | tuple[str, ...]) -> None:
        """Compiles the templates.

        Raises:
            InputError: one is no template.
        """
        several = (given,) if isinstance(given, str) else given
        self._one_list = isinstance(given, str)
        self._templates = [RowTemplate("choices", source) for source in several]

    def check(self, columns: Iterable[str], place: str) -> None:
        """Checks that a table has the columns that the templates name.

        Raises:
            InputError: it has not.
        """
        has = list(columns)
        for template in self._templates:
            template.check(has, place)

    def of_row(self, row: Mapping[str, Any], target: str, place: str) -> tuple[str, ...]:
        """The choices of a row, in their order.

        Raises:
            BadDataError: there are fewer than two, two are the same, or the target is none of them.
        """
        if self._one_list:
            texts: Iterable[str] = self._templates[0].values(row, place)
        else:
            texts = (template.render(row, place) for template in self._templates)
        found = tuple(filter(None, map(clean_text, texts)))
        if len(found) < 2:
            raise BadDataError(
                f"{place}: {len(found)} of the choices {'is' if len(found) == 1 else 'are'} not "
                "empty, and a question needs two",
                "Mend the row, or the templates under `choices`.",
            )
        twice = next((one for one in found if found.count(one) > 1), None)
        if twice is not None:
            raise BadDataError(f"{place}: two choices are the same: {twice!r:.60}", "Mend the row.")
        if target not in found:
            raise BadDataError(
                f"{place}: target {target!r:.60} is none of the choices: {', '.join(found)!s:.200}",
                "The target is the right choice's text: of a column with its position "
                "`{{ choices[answer] }}`, of one with the name of its column `{{ row[answer] }}`.",
            )
        return found
