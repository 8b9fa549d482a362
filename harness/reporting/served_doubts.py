"""What speaks for the figures of served models, or against them: facts that Trust lists."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from harness.records import SERVED, Cell, ServedDetails, Summary, told_by
from harness.reporting.format import sentence
from harness.reporting.served import doubts_of, served_cells, ways_words


@dataclass(frozen=True)
class ServedFinding:
    """One of them, and whom it concerns."""

    said: str
    doubtful: bool
    models: tuple[str, ...]
    tasks: tuple[str, ...] = ()


def served_findings(summary: Summary) -> Iterator[ServedFinding]:
    """Of each served model how its choices were told, and what its server does that nobody asked for."""
    seen: set[tuple[str, str]] = set()
    for cell in served_cells(summary):
        told = ServedDetails.model_validate(cell.details[SERVED])
        if told.choosing and told.ways:
            yield _way(summary, cell, told)
        for said in doubts_of(told):
            if (cell.model, said) not in seen:
                seen.add((cell.model, said))
                yield ServedFinding(said, True, (cell.model,))


def _way(summary: Summary, cell: Cell, told: ServedDetails) -> ServedFinding:
    """A doubt where others of the same task were told otherwise: then they do not measure the same."""
    others = [
        other
        for other in summary.cells
        if other.task == cell.task and other.status == "ok" and told_by(other) != told_by(cell)
    ]
    said = ways_words(told)
    said = said[0].upper() + said[1:]
    apart = bool(others) and "loglikelihood" not in told.ways
    if apart:
        said += ": not the same measurement as that of the other models"
    doubtful = apart or len(told.ways) > 1
    return ServedFinding(sentence(said), doubtful, (cell.model,), (cell.task,))
