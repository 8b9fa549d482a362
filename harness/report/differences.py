"""Tables of what is judged: paired differences with their conclusions, and gates."""

from __future__ import annotations

from collections.abc import Sequence

from harness.records import Comparison, Summary, Value
from harness.report.blocks import Block, Column, Datum, Fold, Line, Name, Row, Table, Tone
from harness.report.format import DASH, count, percent_level, probability, sentence
from harness.report.measures import arrow, difference, figure, headline, label, quality_tasks
from harness.report.outcomes import Outcome, outcome
from harness.report.tables import name

VERDICTS: dict[Outcome, tuple[str, Tone]] = {
    Outcome.BETTER: ("▲ better", "good"),
    Outcome.WORSE: ("▼ worse", "bad"),
    Outcome.CHANGED: ("◆ changed", "plain"),
    Outcome.TENTATIVE: ("○ not sure", "unsure"),
    Outcome.NOT_SHOWN: ("○ not shown", "unsure"),
    Outcome.SAME: ("＝ same", "unsure"),
    Outcome.NO_INTERVAL: ("? no interval", "unsure"),
    Outcome.MISSING: ("✗ missing", "bad"),
}


def difference_blocks(summary: Summary, caption: str, rows: Sequence[Comparison]) -> list[Block]:
    """The differences that tasks are first judged by, and all others, shut."""
    first = [
        row
        for row in rows
        if row.task in quality_tasks(summary) and row.metric == headline(summary.tasks[row.task])
    ]
    rest = [row for row in rows if row not in first]
    if not first:
        first = [row for row in rows if row.metric == headline(summary.tasks[row.task])]
        rest = [row for row in rows if row not in first]
    if not first or not rest:
        return [differences(summary, caption, rows)]
    other = f"{caption}: every other metric"
    return [
        differences(summary, caption, first),
        Fold(other, (differences(summary, other, rest),)),
    ]


def differences(summary: Summary, caption: str, rows: Sequence[Comparison]) -> Table:
    """Paired differences, candidate minus baseline, with what may be concluded."""
    level = percent_level(summary.confidence)
    columns = (
        Column("Candidate", numeric=False),
        Column("against", numeric=False),
        Column("Task and metric", numeric=False),
        Column("Before"),
        Column("After"),
        Column("Difference", f"[{level} interval]"),
        Column("p", "adjusted"),
        Column("Better / worse", "of n examples"),
        Column("Conclusion", numeric=False),
    )
    notes: list[Line] = [
        (
            "The same examples are compared pair by pair, so that a difference can be sure where "
            "the intervals of two models overlap. p is adjusted for the number of candidates. "
            "“Not shown”: the interval includes zero, so with this many examples neither a gain "
            "nor a loss could be shown.",
        )
    ]
    reasons = dict.fromkeys((row.candidate, row.reason) for row in rows if row.reason)
    notes += [(Name(candidate), ": ", sentence(reason)) for candidate, reason in reasons]
    return Table(caption, columns, tuple(_difference(summary, r) for r in rows), tuple(notes))


def _difference(summary: Summary, row: Comparison) -> Row:
    found = outcome(row, summary.confidence)
    text, tone = VERDICTS[found]
    delta = difference(row)
    flips = DASH if row.better is None else f"{row.better} / {count(row.worse)}"
    p = probability(row.p if row.p_adjusted is None else row.p_adjusted)
    return Row(
        (
            name(row.candidate),
            name(row.baseline),
            Datum(f"{row.task}: {label(row.metric)} {arrow(row.metric)}".strip()),
            single(row.metric, row.baseline_value),
            single(row.metric, row.candidate_value),
            delta,
            Datum(p, tone="missing" if p == DASH else "plain"),
            Datum(
                flips,
                f"n = {count(row.n)}" if row.n else "",
                "missing" if flips == DASH else "plain",
            ),
            Datum(text, tone=tone),
        )
    )


def single(metric: str, value: float | None) -> Datum:
    """A figure whose interval stands elsewhere."""
    return figure(metric, Value(value=value))


def gate_table(summary: Summary) -> Table:
    """Every gate with its rule, its outcome and the reason."""
    texts = ("Gate", "Candidate", "against", "Task and metric", "Rule", "Reason")
    rows = tuple(
        Row(
            (
                Datum("✓ met", tone="good") if g.passed else Datum("✗ not met", tone="bad"),
                name(g.candidate),
                name(g.baseline),
                Datum(f"{g.task}: {label(g.metric)}"),
                Datum(g.rule),
                Datum(g.reason),
            )
        )
        for g in summary.gates
    )
    return Table(
        "Each gate, for each candidate", tuple(Column(t, numeric=False) for t in texts), rows
    )
