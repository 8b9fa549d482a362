"""One paired difference in words that claim no more than its interval allows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from harness.analysis.power import DETECTION_POWER
from harness.records import Value
from harness.reporting.blocks import Line, Name, joined
from harness.reporting.changed import flips
from harness.reporting.format import clip, count, known, p_value, percent_level
from harness.reporting.measures import label, number
from harness.reporting.outcomes import Conclusion, JudgedDifference

REASON_LENGTH = 160
DETECTED_IN = percent_level(DETECTION_POWER)


def claims(found: Sequence[JudgedDifference]) -> list[Line]:
    """Clauses for several differences; those that could not be shown are said in one."""
    unshown = [one for one in found if one.outcome is Conclusion.NOT_SHOWN]
    missing = [one for one in found if one.outcome is Conclusion.MISSING]
    clauses = [_claim(one) for one in found if one not in unshown + missing]
    clauses += [_unshown(unshown)] if unshown else []
    return clauses + ([_missing(missing)] if missing else [])


def _unshown(rows: Sequence[JudgedDifference]) -> Line:
    """A clause that neither a gain nor a loss could be shown, for one or several metrics."""
    clauses: list[Line] = []
    for one in rows:
        figures = f"{_from_to(one, ' → ')}{_signed(one)}, n = {count(one.row.n)}"
        # for whom takes "not shown" for "not there"
        could = f"minimum detectable difference {one.detectable} ({DETECTED_IN} power)"
        if one.row.too_few:
            could = "so few examples could not have shown any"
        least = one.detectable or one.row.too_few
        said = "; ".join(filter(None, (figures, flips(one.row), could if least else "")))
        clauses.append((*_subject(one), f" ({said})"))
    return ("no difference could be shown in ", *joined(clauses, " or in "))


def _missing(rows: Sequence[JudgedDifference]) -> Line:
    """A clause that there is nothing to compare, and why."""
    reason = clip((rows[0].row.reason or "no reason was recorded").rstrip(". "), REASON_LENGTH)
    subjects = joined([_subject(one) for one in rows], " or in ")
    return ("there is nothing to compare in ", *subjects, f" ({reason})")


def _subject(one: JudgedDifference) -> Line:
    return (f"{label(one.of)} on ", Name(one.row.task))


def _claim(one: JudgedDifference) -> Line:
    subject, n = _subject(one), count(one.row.n)
    match one.outcome:
        case Conclusion.TENTATIVE:
            return (
                "the difference in ",
                *subject,
                f", {_signed(one)}, is not sure enough once several comparisons are allowed for "
                f"({p_value(one.p)}, n = {n})",
            )
        case Conclusion.SAME:
            return (f"not one of {n} answers scored differently in ", *subject)
        case Conclusion.NO_INTERVAL:
            return (
                *subject,
                f" went {_from_to(one, ' to ', 'from ')}by {_signed(one)}, but without an "
                f"interval nobody can say how sure that is (n = {n})",
            )
        case _:
            return _shown(one, subject)


def _shown(one: JudgedDifference, subject: Line) -> Line:
    row = one.row
    verb = "rose" if (row.delta or 0) > 0 else "fell"
    p = f"{p_value(one.p)}, " if p_value(one.p) else ""
    return (
        *subject,
        f" {verb} {_from_to(one, ' to ', 'from ')}by {_amount(one)} ({p}n = {count(row.n)})",
        f": {flips(row)}" if flips(row) else "",
    )


def _from_to(one: JudgedDifference, between: str, before: str = "") -> str:
    if one.row.baseline_value is None or one.row.candidate_value is None:
        return ""
    among = known(one.row.baseline_value, one.row.candidate_value)
    start, end = (number(one.of, value, among) for value in among)
    return f"{before}{start}{between}{end}, "


def _signed(one: JudgedDifference) -> str:
    return f"{one.difference.text} {one.difference.detail}".strip()


def _amount(one: JudgedDifference) -> str:
    """How large a difference is, without its sign: the verb has said the direction."""
    row = one.row
    if row.delta is not None and row.delta < 0:
        low, high = (None if end is None else -end for end in (row.high, row.low))
        row = row.model_copy(update={"delta": -row.delta, "low": low, "high": high})
    return _signed(replace(one, row=row)).replace("+", "")


def overlap(one: Value, other: Value) -> bool | None:
    """Whether two intervals meet; None where either is missing."""
    if None in (one.low, one.high, other.low, other.high):
        return None
    low, high = max(known(one.low, other.low)), min(known(one.high, other.high))
    return low <= high
