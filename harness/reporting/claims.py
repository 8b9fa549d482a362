"""One paired difference in words that claim no more than its interval allows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.analysis.power import DETECTION_POWER
from harness.records import Comparison, MetricDescriptor, Summary, Value
from harness.reporting.blocks import Line, Name
from harness.reporting.flips import flips
from harness.reporting.format import clip, count, known, p_value, percent_level
from harness.reporting.measures import difference, label, metric_of, number, rounded_up
from harness.reporting.outcomes import Outcome, outcome

REASON_LENGTH = 160
DETECTED_IN = percent_level(DETECTION_POWER)


def claims(summary: Summary, rows: Sequence[Comparison]) -> list[Line]:
    """Clauses for several differences; those that could not be shown are said in one."""
    described = [_Row(metric_of(summary, row), row) for row in rows]
    found = [(one, outcome(one.of, one.row, summary.confidence)) for one in described]
    unshown = [one for one, said in found if said is Outcome.NOT_SHOWN]
    missing = [one for one, said in found if said is Outcome.MISSING]
    clauses = [_claim(one, said) for one, said in found if one not in unshown + missing]
    clauses += [_unshown(unshown)] if unshown else []
    return clauses + ([_missing(missing)] if missing else [])


@dataclass(frozen=True)
class _Row:
    """A difference, and what is known of its metric."""

    of: MetricDescriptor
    row: Comparison


def _unshown(rows: Sequence[_Row]) -> Line:
    """A clause that neither a gain nor a loss could be shown, for one or several metrics."""
    line: list[str] = ["no difference could be shown in "]
    for index, one in enumerate(rows):
        line += [" or in "] if index else []
        figures = f"{_from_to(one, ' → ')}{_signed(one)}, n = {count(one.row.n)}"
        said = "; ".join(filter(None, (figures, flips(one.row), _could_have(one))))
        line += [*_subject(one), f" ({said})"]
    return tuple(line)


def _could_have(one: _Row) -> str:
    """What these examples could have shown, for whom takes "not shown" for "not there"."""
    if not one.row.detectable:
        return ""
    least = rounded_up(one.of, one.row.detectable)
    return f"one of {least} or more would have been, in {DETECTED_IN} of cases"


def _missing(rows: Sequence[_Row]) -> Line:
    """A clause that there is nothing to compare, and why."""
    reason = clip((rows[0].row.reason or "no reason was recorded").rstrip(". "), REASON_LENGTH)
    subjects = joined([_subject(one) for one in rows], " or in ")
    return ("there is nothing to compare in ", *subjects, f" ({reason})")


def _subject(one: _Row) -> Line:
    return (f"{label(one.of)} on ", Name(one.row.task))


def _claim(one: _Row, found: Outcome) -> Line:
    subject, n = _subject(one), count(one.row.n)
    match found:
        case Outcome.TENTATIVE:
            return (
                "the difference in ",
                *subject,
                f", {_signed(one)}, is not sure enough once several comparisons are allowed for "
                f"({_p(one.row)}, n = {n})",
            )
        case Outcome.SAME:
            return (f"not one of {n} answers scored differently in ", *subject)
        case Outcome.NO_INTERVAL:
            return (
                *subject,
                f" went {_from_to(one, ' to ', 'from ')}by {_signed(one)}, but without an "
                f"interval nobody can say how sure that is (n = {n})",
            )
        case _:
            return _shown(one, subject)


def _shown(one: _Row, subject: Line) -> Line:
    row = one.row
    verb = "rose" if (row.delta or 0) > 0 else "fell"
    p = f"{_p(row)}, " if _p(row) else ""
    return (
        *subject,
        f" {verb} {_from_to(one, ' to ', 'from ')}by {_amount(one)} ({p}n = {count(row.n)})",
        f": {flips(row)}" if flips(row) else "",
    )


def _from_to(one: _Row, between: str, before: str = "") -> str:
    if one.row.baseline_value is None or one.row.candidate_value is None:
        return ""
    among = known(one.row.baseline_value, one.row.candidate_value)
    start, end = (number(one.of, value, among) for value in among)
    return f"{before}{start}{between}{end}, "


def _signed(one: _Row) -> str:
    shown = difference(one.of, one.row)
    return f"{shown.text} {shown.detail}".strip()


def _amount(one: _Row) -> str:
    """How large a difference is, without its sign: the verb has said the direction."""
    row = one.row
    if row.delta is not None and row.delta < 0:
        low, high = (None if end is None else -end for end in (row.high, row.low))
        row = row.model_copy(update={"delta": -row.delta, "low": low, "high": high})
    return _signed(_Row(one.of, row)).replace("+", "")


def _p(row: Comparison) -> str:
    return p_value(row.p if row.p_adjusted is None else row.p_adjusted)


def joined(lines: list[Line], between: str = "; ") -> Line:
    """Several clauses as one line."""
    parts: list[str] = []
    for index, line in enumerate(lines):
        parts += [between, *line] if index else [*line]
    return tuple(parts)


def listed(names: list[str]) -> Line:
    """Names as a reader lists them: a, b and c."""
    parts: list[str] = []
    for index, name in enumerate(names):
        if index:
            parts.append(" and " if index == len(names) - 1 else ", ")
        parts.append(Name(name))
    return tuple(parts)


def overlap(one: Value, other: Value) -> bool | None:
    """Whether two intervals meet; None where either is missing."""
    if None in (one.low, one.high, other.low, other.high):
        return None
    low, high = max(known(one.low, other.low)), min(known(one.high, other.high))
    return low <= high
