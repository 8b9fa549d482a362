"""One paired difference in words that claim no more than its interval allows."""

from __future__ import annotations

from harness.records import Comparison, Value
from harness.report.blocks import Line, Name
from harness.report.format import clean, count, known, probability
from harness.report.measures import difference, label, number
from harness.report.outcomes import Outcome, outcome


def claim(row: Comparison, confidence: float) -> Line:
    """What may be said of a difference, as a clause that begins in the middle of a sentence."""
    subject: Line = (f"{label(row.metric)} on ", Name(row.task))
    match outcome(row, confidence):
        case Outcome.BETTER | Outcome.WORSE | Outcome.CHANGED:
            return _shown(row, subject)
        case Outcome.TENTATIVE:
            return (
                "for ",
                *subject,
                f" the difference of {_signed(row)} is not sure enough once several comparisons "
                f"are allowed for ({_p(row)}, n = {count(row.n)})",
            )
        case Outcome.NOT_SHOWN:
            return (
                "for ",
                *subject,
                f" no difference could be shown at n = {count(row.n)} "
                f"({_from_to(row, ' → ')}{_signed(row)})",
            )
        case Outcome.SAME:
            return (
                "on ",
                Name(row.task),
                f" every one of {count(row.n)} answers scored the same {label(row.metric)}",
            )
        case Outcome.NO_INTERVAL:
            return (
                *subject,
                f" went {_from_to(row, ' to ', 'from ')}by {_signed(row)}, but without an "
                f"interval nobody can say how sure that is (n = {count(row.n)})",
            )
        case Outcome.MISSING:
            reason = clean(row.reason or "no reason was recorded")
            return ("for ", *subject, f" there is nothing to compare: {reason}")


def _shown(row: Comparison, subject: Line) -> Line:
    verb = "rose" if (row.delta or 0) > 0 else "fell"
    amount = difference(row, absolute=True)
    p = f"{_p(row)}, " if _p(row) else ""
    return (
        *subject,
        f" {verb} {_from_to(row, ' to ', 'from ')}by {amount.text} "
        f"({amount.detail}, {p}n = {count(row.n)})",
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


def _p(row: Comparison) -> str:
    p = row.p if row.p_adjusted is None else row.p_adjusted
    if p is None:
        return ""
    shown = probability(p)
    return f"p {shown}" if shown.startswith("<") else f"p = {shown}"


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
