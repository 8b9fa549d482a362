"""What the blocks of a report hold, wherever among them it stands: charts, and the terms that they use.

A definition stands at its term on a screen and, on paper, as a numbered note at the end of the section
that uses the term first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from harness.reporting.blocks import (
    Beside,
    Block,
    Chart,
    Charts,
    Definition,
    Document,
    Fold,
    Samples,
    Table,
)


@dataclass(frozen=True)
class Note:
    """A definition and its number, counted through the whole report."""

    number: int
    definition: Definition


def notes(document: Document) -> dict[str, tuple[Note, ...]]:
    """By the section's anchor, the notes on what it uses first; what no section uses has none."""
    known = {of.key: of for of in document.definitions}
    found: dict[str, tuple[Note, ...]] = {}
    numbered: set[str] = set()
    for section in document.sections:
        new = [key for key in dict.fromkeys(terms(section.blocks)) if key in known]
        new = [key for key in new if key not in numbered]
        found[section.anchor] = tuple(
            Note(number, known[key]) for number, key in enumerate(new, start=len(numbered) + 1)
        )
        numbered |= set(new)
    return found


def terms(blocks: Iterable[Block]) -> Iterator[str]:
    """The keys of the terms that columns and fields name, in the order in which they are read."""
    for block in flat(blocks):
        if isinstance(block, Table):
            yield from (column.term for column in block.columns if column.term)
            yield from (field.term for row in block.rows for field in row.fields if field.term)


def charts(blocks: Iterable[Block]) -> list[Chart]:
    """Every chart, folded ones included, in order."""
    return [block for block in flat(blocks) if isinstance(block, Chart)]


def flat(blocks: Iterable[Block]) -> Iterator[Block]:
    """The blocks that hold no other one, in the order in which they are read."""
    for block in blocks:
        match block:
            case Charts():
                yield from block.charts
            case Fold():
                yield from flat(block.blocks)
            case Beside(left, right):
                yield from flat((*left, *right))
            case Samples():
                yield from flat(block.excerpt)
            case _:
                yield block
