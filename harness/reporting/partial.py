"""What results lack of what their suite asks for, and whether they are what was written, in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.quantities import plural
from harness.records import Partial, Summary
from harness.reporting.blocks import Callout, Line, Name, Strong

MOST_NAMED = 8
"""Cells, or models without any, that are named; the rest is counted."""


def partial_lines(summary: Summary) -> list[Line]:
    """A line for each thing that is missing, and what speaks against the summary itself; none where these
    are the results of the whole suite."""
    partial, against = summary.partial, summary.unproven
    lines: list[Line] = [(Strong("Doubted:"), f" the summary {against}.")] if against else []
    if partial is None:
        return lines
    if partial.limit is not None:
        most = f" asked at most {plural(partial.limit, 'example')} a task"
        given = Name(f"--limit {partial.limit}")
        lines.append((Strong("Partial:"), " ", given, f"{most}, and the suite asks for more."))
    if partial.missing:
        total = len(partial.missing) + len(summary.cells)
        said = f" {len(partial.missing)} of {plural(total, 'cell')} have not been asked ("
        lines.append(
            (Strong("Partial:"), said, *_named(summary, partial.missing), ").", *_apart(summary))
        )
    return lines


def partial_callouts(summary: Summary) -> Iterator[Callout]:
    """The same, for the top of the report."""
    for line in partial_lines(summary):
        yield Callout("unsure", line)


def open_gates(partial: Partial | None) -> str:
    """How many verdicts on gates are missing; "" for none."""
    if partial is None or not partial.gates:
        return ""
    verb = "waits" if partial.gates == 1 else "wait"
    return f"{plural(partial.gates, 'gate')} {verb} for cells that have not been asked"


def _named(summary: Summary, missing: Sequence[tuple[str, str]]) -> Line:
    """Models of which nothing is there, then the other cells."""
    asked = {cell.model for cell in summary.cells}
    names = list(dict.fromkeys(model for model, _ in missing if model not in asked))
    names += [f"{model}/{task}" for model, task in missing if model in asked]
    line: Line = ()
    for place, name in enumerate(names[:MOST_NAMED]):
        line += (", " * bool(place), Name(name))
    return (*line, f" and {len(names) - MOST_NAMED} more") if len(names) > MOST_NAMED else line


def _apart(summary: Summary) -> Line:
    """That other shards may have asked what is missing."""
    if summary.shard is None:
        return ()
    given, joins = Name(f"--shard {summary.shard.words}"), Name("harness results merge")
    return (" This is what ", given, " did: ", joins, " joins it with what the others did.")
