"""One paired difference in words that claim no more than its interval allows."""

from __future__ import annotations

from collections.abc import Sequence

from harness.analysis.power import DETECTION_POWER
from harness.records import Comparison, Value
from harness.reporting.blocks import Line, Name
from harness.reporting.flips import flips
from harness.reporting.format import clip, count, known, p_value, percent_level
from harness.reporting.measures import difference, label, number, rounded_up
from harness.reporting.outcomes import Outcome, outcome

REASON_LENGTH = 160
DETECTED_IN = percent_level(DETECTION_POWER)


def claims(rows: Sequence[Comparison], confidence: float) -> list[Line]:
    """Clauses for several differences; those that could not be shown are said in one."""
    found = [(row, outcome(row, confidence)) for row in rows]
    unshown = [row for row, of in found if of is Outcome.NOT_SHOWN]
    missing = [row for row, of in found if of is Outcome.MISSING]
    clauses = [_claim(row, of) for row, of in found if row not in unshown + missing]
    clauses += [_unshown(unshown)] if unshown else []
    return clauses + ([_missing(missing)] if missing else [])


def _unshown(rows: Sequence[Comparison]) -> Line:
    """A clause that neither a gain nor a loss could be shown, for one or several metrics."""
    line: list[str] = ["no difference could be shown in "]
    for index, row in enumerate(rows):
        line += [" or in "] if index else []
        figures = f"{_from_to(row, ' → ')}{_signed(row)}, n = {count(row.n)}"
        said = "; ".join(filter(None, (figures, flips(row), _could_have(row))))
        line += [*_subject(row), f" ({said})"]
    return tuple(line)


def _could_have(row: Comparison) -> str:
    """What these examples could have shown, for whom takes "not shown" for "not there"."""
    if not row.detectable:
        return ""
    least = rounded_up(row.metric, row.detectable)
    return f"one of {least} or more would have been, in {DETECTED_IN} of cases"


def _missing(rows: Sequence[Comparison]) -> Line:
    """A clause that there is nothing to compare, and why."""
    reason = clip((rows[0].reason or "no reason was recorded").rstrip(". "), REASON_LENGTH)
    subjects = joined([_subject(row) for row in rows], " or in ")
    return ("there is nothing to compare in ", *subjects, f" ({reason})")


def _subject(row: Comparison) -> Line:
    return (f"{label(row.metric)} on ", Name(row.task))


def _claim(row: Comparison, found: Outcome) -> Line:
    subject = _subject(row)
    match found:
        case Outcome.TENTATIVE:
            return (
                "the difference in ",
                *subject,
                f", {_signed(row)}, is not sure enough once several comparisons are allowed for "
                f"({_p(row)}, n = {count(row.n)})",
            )
        case Outcome.SAME:
            return (f"not one of {count(row.n)} answers scored differently in ", *subject)
        case Outcome.NO_INTERVAL:
            return (
                *subject,
                f" went {_from_to(row, ' to ', 'from ')}by {_signed(row)}, but without an "
                f"interval nobody can say how sure that is (n = {count(row.n)})",
            )
        case _:
            return _shown(row, subject)


def _shown(row: Comparison, subject: Line) -> Line:
    verb = "rose" if (row.delta or 0) > 0 else "fell"
    p = f"{_p(row)}, " if _p(row) else ""
    return (
        *subject,
        f" {verb} {_from_to(row, ' to ', 'from ')}by {amount(row)} ({p}n = {count(row.n)})",
        f": {flips(row)}" if flips(row) else "",
    )


def _from_to(row: Comparison, between: str, before: str = "") -> str:
    if row.baseline_value is None or row.candidate_value is None:
        return ""
    among = known(row.baseline_value, row.candidate_value)
    start, end = (number(row.metric, value, among) for value in among)
    return f"{before}{start}{between}{end}, "


def _signed(row: Comparison) -> str:
    shown = difference(row)
    return f"{shown.text} {shown.detail}".strip()


def amount(row: Comparison) -> str:
    """How large a difference is, without its sign: the verb has said the direction."""
    if row.delta is not None and row.delta < 0:
        low, high = (None if end is None else -end for end in (row.high, row.low))
        row = row.model_copy(update={"delta": -row.delta, "low": low, "high": high})
    shown = difference(row)
    return f"{shown.text} {shown.detail}".strip().replace("+", "")


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
