"""What looks wrong in a data set of a user's own, and is for the user to judge: no row is left out for it."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from harness.data.datasets import Dataset, Example
from harness.data.normal_forms import normal_form
from harness.quantities import plural
from harness.words import folded

MANY_LABELS = 50
MISSING_VALUES = frozenset({"nan", "null", "n/a", "<na>", "#n/a", "nat"})
"""What programs write where there is no value."""


def doubts(dataset: Dataset) -> Iterator[str]:
    """A sentence, without its full stop, for each thing that looks wrong."""
    yield from _parts(dataset)
    if dataset.labels:
        yield from _labels(dataset)
    yield from _repeated(dataset.test, bool(dataset.labels))


def _parts(dataset: Dataset) -> Iterator[str]:
    for part, examples in (("train", dataset.train), ("test", dataset.test)):
        if not examples:
            yield f"the {part} part is empty"
            continue
        found = {example.target for example in examples}
        if len(dataset.labels) <= MANY_LABELS:
            absent = [label for label in dataset.labels if label not in found]
            if absent:
                noun = "label" if len(absent) == 1 else "labels"
                yield f"no row of the {part} part has the {noun} {', '.join(absent)}"


def _labels(dataset: Dataset) -> Iterator[str]:
    if len(dataset.labels) > MANY_LABELS:
        yield f"{len(dataset.labels)} labels: is the target a class?"
    if len(dataset.labels) == 1:
        yield f"all rows have the same label, {dataset.labels[0]}: any answer is right"
    for label in dataset.labels:
        if label.casefold() in MISSING_VALUES:
            yield f"the label {label} looks like a value that is missing"
    for alike, what in similar_labels(dataset.labels):
        yield f"labels that differ in {what} only count as different ones: {', '.join(alike)}"


class LostText:
    """Finds prompts that are the same although the columns differ that they are made of."""

    def __init__(self, columns: Iterable[str]) -> None:
        self._columns = sorted(columns)
        self._seen: dict[str, tuple[str, ...]] = {}
        self._rows = 0

    def see(self, prompt: str, row: Mapping[str, Any]) -> None:
        """Takes a row, and the prompt that was made of it."""
        values = (row.get(column) for column in self._columns)
        made_of = tuple("" if value is None else str(value).strip() for value in values)
        self._rows += self._seen.setdefault(prompt, made_of) != made_of

    def is_empty(self, row: Mapping[str, Any]) -> bool:
        """Whether a row has nothing in any of the columns, so that only the template's words are left."""
        values = [row[column] for column in self._columns if column in row]
        return bool(values) and all(_nothing(value) for value in values)

    def doubts(self) -> Iterator[str]:
        """How many rows have the prompt of another one that is not like them."""
        if self._rows:
            rows = plural(self._rows, "row")
            columns = ", ".join(self._columns)
            yield f"the prompt of {rows} is another row's, though they differ in {columns}: it drops text"


def _nothing(value: Any) -> bool:
    return value is None or value != value or (isinstance(value, str) and not value.strip())


def similar_labels(labels: Sequence[str]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Groups of labels that are likely meant to be one, and what they differ in.

    By Unicode's caseless compatibility form without white space.
    """
    groups: dict[str, list[str]] = defaultdict(list)
    for label in labels:
        groups["".join(folded(label).split())].append(label)
    for group in groups.values():
        if len(group) > 1:
            yield tuple(group), _difference(group)


def _difference(labels: Sequence[str]) -> str:
    if len({label.casefold() for label in labels}) == 1:
        return "case"
    if len({"".join(label.split()) for label in labels}) == 1:
        return "white space"
    if len({unicodedata.normalize("NFKC", label) for label in labels}) == 1:
        return "how their characters are encoded"
    return "case, white space or how their characters are encoded"


def _repeated(tested: Sequence[Example], labelled: bool) -> Iterator[str]:
    """Texts that stand in the test part more than once: it is kept whole, so that each counts again."""
    groups: dict[tuple[str, ...], list[Example]] = defaultdict(list)
    for example in tested:
        groups[normal_form(example.text), *example.choices].append(example)
    several = [group for group in groups.values() if len(group) > 1]
    if labelled:
        torn = [group for group in several if len({one.target for one in group}) > 1]
        if torn:
            rows = plural(sum(map(len, torn)), "row")
            yield f"the test part has texts with two labels, in {rows}"
        several = [group for group in several if group not in torn]
    if several:
        rows = plural(sum(len(group) - 1 for group in several), "row")
        yield f"the test part repeats texts in {rows}"
