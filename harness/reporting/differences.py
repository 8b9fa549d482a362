"""Tables of paired differences, each with what may be concluded from it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from harness.records import Comparison, MetricDescriptor, Summary, Value
from harness.reporting.blocks import Block, Column, Datum, Fold, Line, Name, Row, Table, Tone
from harness.reporting.claims import DETECTED_IN
from harness.reporting.format import (
    DASH,
    count,
    decimals_for,
    fixed,
    known,
    percent_level,
    probability,
    sentence,
)
from harness.reporting.marks import Marks
from harness.reporting.measures import (
    KINDS,
    difference,
    figure,
    is_headline,
    metric_of,
    quality_tasks,
    rounded_up,
    subject,
)
from harness.reporting.outcomes import Outcome, outcome

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

HEADING_LENGTH = 24
PAIRED_NOTE = (
    "The same examples are compared pair by pair, so that a difference can be sure where the "
    "intervals of two models overlap."
)
TIMED_NOTE = (
    "Timings are compared over their rounds, not example by example (Welch's interval); what was "
    "measured once has no interval. “Times as fast” is above 1 where the candidate is faster, in "
    "speeds and in waits."
)
SHOWN_NOTE = (
    "p is adjusted for the number of candidates. “Not shown”: the interval includes zero, so that "
    "neither a difference up nor one down could be shown."
)
DETECTABLE_NOTE = (
    "“Would have been”: the smallest true difference that so many examples or rounds would have "
    f"shown in {DETECTED_IN} of cases, before p is adjusted; a smaller one may be there unseen."
)
CHANGE_NOTE = (
    "These figures say how much changed, not in which direction (arXiv 2606.19558): a model that "
    "became better and one that became worse can have the same."
)


def difference_blocks(summary: Summary, caption: str, rows: Sequence[Comparison]) -> list[Block]:
    """The differences by the kind of figure: those that tasks are judged by, and all others, shut."""
    first = [
        row for row in rows if row.task in quality_tasks(summary) and is_headline(summary, row)
    ]
    blocks: list[Block] = [differences(summary, f"{caption}: quality", first)] if first else []
    for measure, kind in KINDS.items():
        rest = [
            row for row in rows if row not in first and metric_of(summary, row).measures == measure
        ]
        if rest:
            other = "every other measure of quality" if first and measure == "quality" else kind
            table = differences(summary, f"{caption}: {other}", rest)
            blocks.append(Fold(table.caption, (table,)) if blocks else table)
    return blocks


def differences(summary: Summary, caption: str, rows: Sequence[Comparison]) -> Table:
    """Paired differences, candidate minus baseline, with what may be concluded."""
    columns = _columns(summary, rows)
    doubts = Marks.read(summary).notes(m for row in rows for m in (row.candidate, row.baseline))
    return Table(
        caption,
        tuple(column for column, _ in columns),
        tuple(Row(tuple(field(row) for _, field in columns)) for row in rows),
        (*_notes(summary, rows), *doubts),
    )


def _columns(
    summary: Summary, rows: Sequence[Comparison]
) -> list[tuple[Column, Callable[[Comparison], Datum]]]:
    """Each column, and what stands in it of a difference."""
    level, doubts = percent_level(summary.confidence), Marks.read(summary)
    against = {row.baseline for row in rows}
    shared = against.pop() if len(against) == 1 else ""
    # the one baseline of all rows stands in the heading, unless its name is too long for that
    shared = shared if len(shared) <= HEADING_LENGTH else ""
    head = f"against {shared} {doubts.of.get(shared, '')}".rstrip() if shared else ""
    columns: list[tuple[Column, Callable[[Comparison], Datum]]] = [
        (Column("Candidate", head, numeric=False), lambda row: doubts.name(row.candidate))
    ]
    if not shared:
        columns.append((Column("against", numeric=False), lambda row: doubts.name(row.baseline)))
    columns += [
        (
            Column("Task and metric", numeric=False),
            lambda row: Datum(subject(metric_of(summary, row), row)),
        ),
        (Column("Conclusion", numeric=False), lambda row: _concluded(summary, row)),
        (Column("Before → after"), lambda row: _before_and_after(metric_of(summary, row), row)),
        (
            Column("Difference", f"[{level} interval]"),
            lambda row: difference(metric_of(summary, row), row),
        ),
    ]
    if any(row.ratio is not None for row in rows):
        columns.append((Column("Times as fast", f"[{level} interval]"), _ratio))
    columns.append((Column("p", "adjusted"), _p))
    if any(row.better is not None for row in rows):
        columns.append((Column("Better / worse", "of n"), _flips))
    return columns


def conclusion(of: MetricDescriptor, row: Comparison, confidence: float) -> Datum:
    """What may be said of a difference, in a word and with a sign."""
    text, tone = VERDICTS[outcome(of, row, confidence)]
    return Datum(text, tone=tone)


def _before_and_after(of: MetricDescriptor, row: Comparison) -> Datum:
    ends = [single(of, value) for value in (row.baseline_value, row.candidate_value)]
    text = DASH if ends[0].text == ends[1].text == DASH else " → ".join(end.text for end in ends)
    return Datum(text, tone="missing" if text == DASH else "plain")


def _ratio(row: Comparison) -> Datum:
    if row.ratio is None:
        return Datum(DASH, tone="missing")
    return times(row.ratio, row.ratio_low, row.ratio_high)


def times(ratio: float, low: float | None, high: float | None) -> Datum:
    """How many times as fast, with digits that show on which side of 1 an interval ends."""
    ends = known(low, high)
    digits = decimals_for([end - 1 for end in (ratio, *ends)], 2)
    interval = f"[{', '.join(fixed(end, digits) for end in ends)}]" if len(ends) == 2 else ""
    return Datum(fixed(ratio, digits), interval)


def _p(row: Comparison) -> Datum:
    p = probability(row.p if row.p_adjusted is None else row.p_adjusted)
    return Datum(p, tone="missing" if p == DASH else "plain")


def _flips(row: Comparison) -> Datum:
    n = f"n = {count(row.n)}" if row.n else ""
    if row.better is None:
        return Datum(DASH, n, "missing")
    return Datum(f"{row.better} / {count(row.worse)}", n)


def _concluded(summary: Summary, row: Comparison) -> Datum:
    """The conclusion; of what was not shown also what would have been."""
    of = metric_of(summary, row)
    found = conclusion(of, row, summary.confidence)
    if not _could_have_shown(summary, row):
        return found
    return replace(found, detail=f"{rounded_up(of, row.detectable or 0.0)} would have been")


def _could_have_shown(summary: Summary, row: Comparison) -> bool:
    found = outcome(metric_of(summary, row), row, summary.confidence)
    return bool(row.detectable) and found is Outcome.NOT_SHOWN


def _notes(summary: Summary, rows: Sequence[Comparison]) -> list[Line]:
    kinds = {metric_of(summary, row).measures for row in rows}
    notes: list[Line] = [(PAIRED_NOTE,)] if kinds != {"cost"} else []
    notes += [(TIMED_NOTE,)] if "cost" in kinds else []
    notes.append((SHOWN_NOTE,))
    notes += [(CHANGE_NOTE,)] if "change" in kinds else []
    if any(_could_have_shown(summary, row) for row in rows):
        notes.append((DETECTABLE_NOTE,))
    for text in ("note", "reason"):
        said = dict.fromkeys((row.candidate, getattr(row, text)) for row in rows)
        notes += [(Name(candidate), ": ", sentence(of)) for candidate, of in said if of]
    return notes


def single(of: MetricDescriptor, value: float | None) -> Datum:
    """A figure whose interval stands elsewhere."""
    return figure(of, Value(value=value))
