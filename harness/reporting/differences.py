"""Tables of paired differences, each with what may be concluded from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from harness.records import Comparison, MetricDescriptor, Summary, Value
from harness.reporting.approximate import approximate_notes
from harness.reporting.blocks import (
    NOT_KNOWN,
    Column,
    Datum,
    Fields,
    Line,
    Name,
    Table,
    table,
)
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
from harness.reporting.linked import NOWHERE, Linked
from harness.reporting.marks import SIGN, TIMING_NOTE, Marks
from harness.reporting.measures import (
    KINDS,
    figure,
    is_headline,
    metric_of,
    subject,
)
from harness.reporting.outcomes import DETECTED_IN, Conclusion, JudgedDifference, judge

HEADING_LENGTH = 24
MANY = 8
"""More rows than these are worth sorting and filtering."""
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
    "p is adjusted for the number of candidates. “Inconclusive”: the interval includes zero, so that "
    "neither a gain nor a loss is sure."
)
DETECTABLE_NOTE = (
    "“Detectable”: the minimum detectable difference. So many examples show one of that size in "
    f"{DETECTED_IN} of cases, p adjusted, however many other answers change within what was seen (its "
    "upper 95% limit); a smaller one may be there unseen."
)
CHANGE_NOTE = (
    "These figures say how much changed, not in which direction (arXiv 2606.19558): a model that "
    "became better and one that became worse can have the same."
)


def difference_tables(
    summary: Summary, caption: str, rows: Sequence[Comparison], linked: Linked = NOWHERE
) -> list[Table]:
    """The differences by the kind of figure: those that tasks are judged by, then all others."""
    first = [row for row in rows if is_headline(summary, row)]
    tables = [differences(summary, f"{caption}: quality", first, linked)] if first else []
    for measure, kind in KINDS.items():
        rest = [
            row
            for row in rows
            if not is_headline(summary, row) and metric_of(summary, row).measures == measure
        ]
        if rest:
            other = "every other measure of quality" if first and measure == "quality" else kind
            tables.append(differences(summary, f"{caption}: {other}", rest, linked))
    said: set[Line] = set()
    apart = []
    for of in tables:
        apart.append(replace(of, notes=tuple(note for note in of.notes if note not in said)))
        said |= set(of.notes)
    return apart


def differences(
    summary: Summary, caption: str, rows: Sequence[Comparison], linked: Linked = NOWHERE
) -> Table:
    """Paired differences, candidate minus baseline, with what may be concluded."""
    level, doubts, found = (
        percent_level(summary.confidence),
        Marks.read(summary),
        judge(summary, rows),
    )
    against = {row.baseline for row in rows}
    shared = against.pop() if len(against) == 1 else ""
    # the one baseline of all rows stands in the heading, unless its name is too long for that
    shared = shared if len(shared) <= HEADING_LENGTH else ""
    head = f"against {shared} {doubts.of.get(shared, '')}".rstrip() if shared else ""
    fields: list[Fields] = []
    for one in found:
        row, ends = (
            one.row,
            [single(one.of, v) for v in (one.row.baseline_value, one.row.candidate_value)],
        )
        made: Fields = {Column("Candidate", head, numeric=False): doubts.name(row.candidate)}
        if not shared:
            made["against"] = doubts.name(row.baseline)
        made["Task and metric"] = Datum(subject(one.of, row), term=row.metric)
        made[Column("Conclusion", numeric=False, term="conclusion")] = _concluded(one)
        made[Column("Before → after")] = _or_dash(
            " → ".join(end.text for end in ends), f"{DASH} → {DASH}"
        )
        made[Column("Difference", f"[{level} interval]", term="interval")] = one.difference
        if any(of.ratio is not None for of in rows):
            made[Column("Times as fast", f"[{level} interval]", term="ratio")] = ratio(row)
        made[Column("p", "adjusted", term="p")] = _or_dash(probability(one.p))
        if any(of.better is not None for of in rows):
            made[Column("Better / worse", "of n", term="flips")] = replace(
                _flips(row), href=linked.pair(row, "different")
            )
        fields.append(made)
    marked = doubts.notes(m for row in rows for m in (row.candidate, row.baseline))
    whole = table(caption, fields, (*_notes(summary, found), *marked))
    return replace(whole, tools=len(found) > MANY)


def _or_dash(text: str, nothing: str = DASH) -> Datum:
    return NOT_KNOWN if text == nothing else Datum(text)


def ratio(row: Comparison) -> Datum:
    """How many times as fast, with digits that show on which side of 1 an interval ends."""
    if row.ratio is None:
        return NOT_KNOWN
    ends = known(row.ratio_low, row.ratio_high)
    digits = decimals_for([end - 1 for end in (row.ratio, *ends)], 2)
    interval = f"[{', '.join(fixed(end, digits) for end in ends)}]" if len(ends) == 2 else ""
    return Datum(fixed(row.ratio, digits), interval)


def _flips(row: Comparison) -> Datum:
    n = f"n = {count(row.n)}" if row.n else ""
    if row.better is None:
        return replace(NOT_KNOWN, detail=n)
    return Datum(f"{row.better} / {count(row.worse)}", n)


def _concluded(one: JudgedDifference) -> Datum:
    """The conclusion; of what was not shown also what could have been."""
    least = ""
    if one.outcome is Conclusion.NOT_SHOWN:
        least = f"detectable: {one.detectable}" if one.detectable else ""
        least = "too few to show any" if one.row.too_few else least
    sign = SIGN if one.doubts else ""
    return replace(one.conclusion, detail=" ".join(filter(None, (sign, least))))


def _could_have_shown(one: JudgedDifference) -> bool:
    return bool(one.detectable) and one.outcome is Conclusion.NOT_SHOWN


def _notes(summary: Summary, found: Sequence[JudgedDifference]) -> list[Line]:
    kinds = {one.of.measures for one in found}
    notes: list[Line] = [(PAIRED_NOTE,)] if kinds != {"cost"} else []
    notes += [(TIMED_NOTE,)] if "cost" in kinds else []
    notes.append((SHOWN_NOTE,))
    notes += [(CHANGE_NOTE,)] if "change" in kinds else []
    if any(map(_could_have_shown, found)):
        notes.append((DETECTABLE_NOTE,))
    notes += [TIMING_NOTE] if any(one.doubts for one in found) else []
    notes += approximate_notes(summary, (one.row.approximate for one in found))
    for text in ("note", "reason"):
        said = dict.fromkeys((one.row.candidate, getattr(one.row, text)) for one in found)
        notes += [(Name(candidate), ": ", sentence(of)) for candidate, of in said if of]
    return notes


def single(of: MetricDescriptor, value: float | None) -> Datum:
    """A figure whose interval stands elsewhere."""
    return figure(of, Value(value=value))
