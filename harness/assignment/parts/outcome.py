"""Before and after: what fine-tuning and quantization did to the answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from harness.assignment.changes import headlines
from harness.assignment.parts.setup import more
from harness.assignment.source import Source
from harness.records import Summary
from harness.reporting.answer import answer, card
from harness.reporting.blocks import Block, Charts, Column, Datum, Fields, Line, Table, table
from harness.reporting.differences import single
from harness.reporting.forest import forests
from harness.reporting.format import DASH, count, percent_level, probability
from harness.reporting.linked import Linked
from harness.reporting.marks import Marks
from harness.reporting.measures import subject
from harness.reporting.outcomes import JudgedDifference

MOST_ROWS = 8
MOST_EFFECTS = 3


def verdict(source: Source) -> list[Block]:
    """The card of the full report: which model to take, and what fine-tuning came to, else what a
    quantization did."""
    found = answer(source.summary)
    told = found.of_kind("fine-tuning") or found.of_kind("quantization")
    short = replace(found, effects=tuple(told[:MOST_EFFECTS]))
    return [card(short)] if source.summary.models else []


def forest_plot(source: Source) -> list[Block]:
    """The differences of fine-tuning as a picture."""
    found = headlines(source.summary, "fine-tuning")
    drawn = forests(source.summary, "forest", found, Linked())
    level = percent_level(source.summary.confidence)
    note = f"Candidate minus baseline, with {level} intervals; the upright line is no difference."
    return [Charts(drawn, (note,))] if drawn else []


def before_after(source: Source) -> list[Block]:
    """Each paired difference by which fine-tuning is judged."""
    rows = headlines(source.summary, "fine-tuning")
    return [_table(source.summary, "Before and after fine-tuning", rows)] if rows else []


def quantizations(source: Source) -> list[Block]:
    """Each paired difference by which quantization is judged."""
    rows = headlines(source.summary, "quantization")
    return [_table(source.summary, "What quantization cost", rows)] if rows else []


def _table(summary: Summary, caption: str, found: Sequence[JudgedDifference]) -> Table:
    doubts = Marks.read(summary)
    against = {one.row.baseline for one in found}
    shared = against.pop() if len(against) == 1 else ""
    model = Column("Model", f"against {shared}" if shared else "against", numeric=False)
    rows: list[Fields] = [
        {
            model: Datum(one.row.candidate, "" if shared else one.row.baseline, name=True),
            "Task and metric": subject(one.of, one.row),
            Column("Before → after"): " → ".join(
                single(one.of, value).text
                for value in (one.row.baseline_value, one.row.candidate_value)
            ),
            Column("Difference", f"[{percent_level(summary.confidence)} interval]"): one.difference,
            Column("p", "adjusted"): probability(one.p),
            Column("Better / worse", "of n"): _better_worse(one),
            "Conclusion": one.conclusion,
        }
        for one in found[:MOST_ROWS]
    ]
    notes: list[Line] = [
        (
            "The same examples are compared pair by pair; p is adjusted for the number of candidates.",
        ),
        *doubts.notes(one.row.candidate for one in found[:MOST_ROWS]),
        *more(len(found), "differences", MOST_ROWS),
    ]
    return table(caption, rows, notes)


def _better_worse(one: JudgedDifference) -> Datum:
    row = one.row
    n = f"n = {count(row.n)}" if row.n else ""
    return Datum(DASH if row.better is None else f"{row.better} / {count(row.worse)}", n)
