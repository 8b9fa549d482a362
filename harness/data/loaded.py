"""A data set that was read, and what every reader adds to it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from harness.data.catalog import PublishedRows
from harness.data.datasets import Dataset
from harness.data.readings import Reading
from harness.data.splits import Placed


@dataclass(frozen=True)
class Loaded:
    """The examples of a data set, and the record of how they were read."""

    dataset: Dataset
    reading: Reading


def count_complaints(
    part: str, rows: int, labels: Mapping[str, int], published: PublishedRows
) -> tuple[str, ...]:
    """Says where the rows of a part, or its labels and their shares, are not as published."""
    complaints = []
    if rows != published.rows:
        complaints.append(f"{part}: {rows} rows, published are {published.rows}")
    for label in sorted({*labels, *published.labels}):
        found, expected = labels.get(label, 0), published.labels.get(label, 0)
        if found != expected:
            share, usual = found / max(rows, 1), expected / published.rows
            complaints.append(
                f"{part}: {found} {label} ({share:.1%}), published are {expected} ({usual:.1%})"
            )
    return tuple(complaints)


def with_own_ids(rows: Iterable[Placed], seen: set[str]) -> list[Placed]:
    """Gives the rows with `#2`, `#3`, … behind ids that occurred before; `seen` is added to."""
    own = []
    for row in rows:
        wanted, number = row.example.id, 2
        unique = wanted
        while unique in seen:
            unique, number = f"{wanted}#{number}", number + 1
        seen.add(unique)
        own.append(row if unique == wanted else _named(row, unique))
    return own


def _named(row: Placed, name: str) -> Placed:
    return Placed(replace(row.example, id=name), row.place)
