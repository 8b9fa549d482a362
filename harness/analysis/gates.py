"""Gates: limits that a candidate has to keep, judged on intervals and on unrounded figures.

A bare threshold flaps with the noise of the examples. A gate here is met only where the examples
show that the limit is kept, not met only where they show that it is not, and else undecided: then
it says how many examples would do.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass

from harness.analysis.gate import Evidence, Gate, Outcome, Rule
from harness.analysis.intervals import normal_quantile
from harness.analysis.paired import PairedDifference
from harness.analysis.power import (
    DETECTION_POWER,
    needed,
    needed_to_show,
    upper_spread,
)
from harness.metrics.percent import shown, unit
from harness.records import GateVerdict


@dataclass(frozen=True)
class _Finding:
    outcome: Outcome
    reason: str
    value: float | None = None
    low: float | None = None
    high: float | None = None
    n: int = 0
    needed: int | None = None


def judge(gate: Gate, evidence: Evidence) -> GateVerdict:
    """Judges a gate; a cell that failed or is missing does not meet it."""
    finding = (
        _Finding("not met", evidence.failure)
        if evidence.failure
        else _JUDGES[gate.rule](gate, evidence)
    )
    undecided = finding.outcome == "undecided"
    return GateVerdict(
        compare=gate.compare,
        task=gate.task,
        metric=gate.metric.name,
        baseline=gate.baseline,
        candidate=gate.candidate,
        rule=gate.words,
        passed=finding.outcome == "met" or (undecided and gate.undecided_passes),
        confidence=gate.confidence,
        limit=gate.limit,
        **vars(finding),
    )


def _improvement(gate: Gate, evidence: Evidence) -> _Finding:
    found = evidence.difference
    if found is None or found.delta is None:
        return _nothing(found)
    low, high = _ends(gate, found.delta, found.low, found.high)
    if low is None or high is None:
        return _too_few(gate, found)
    gain, sure, lost = (found.delta, low > 0, high < 0) if gate.upwards else (
        -found.delta, high < 0, low > 0
    )  # fmt: skip
    tested = _tested(found, 1 - gate.confidence)
    said = (
        f"{gate.metric.label} changed by {_change(gate, found.delta, signed=True)} "
        f"({_of(gate, found.n)}); the {gate.confidence:.0%} interval is "
        f"{_change(gate, low, signed=True)} to {_change(gate, high, signed=True)}"
    )
    outcome: Outcome = "undecided"
    if not sure and not lost:
        said += ", and includes zero."
    elif not tested:
        said += f", but {_by_chance(found)}"
    else:
        outcome = "met" if sure else "not met"
        said += ": an improvement." if sure else ": a loss."
    more = _to_show(gate, found, gain)
    if outcome == "undecided" and more is not None and more > found.n:
        said += f" If the gain is real, {_many(gate, more)} would show it in 80% of cases."
    return _Finding(
        outcome, said, found.delta, low, high, found.n, more if outcome == "undecided" else None
    )


def _drop(gate: Gate, evidence: Evidence) -> _Finding:
    found = evidence.difference
    if found is None or found.delta is None:
        return _nothing(found)
    low, high = _ends(gate, found.delta, found.one_sided_low, found.one_sided_high)
    if low is None or high is None:
        return _too_few(gate, found)
    most, least = (-low, -high) if gate.upwards else (high, low)
    verb = "drop" if gate.upwards else "rise"
    delta = _change(gate, found.delta, signed=True)
    changed = f"{gate.metric.label} changed by {delta} ({_of(gate, found.n)}); "
    sure = f"with {gate.confidence:.0%} confidence " if gate.metric.has_interval else ""
    allowed = f"the {gate.said(gate.limit, difference=True)} that is allowed"
    if most <= gate.limit:
        said = f"the {verb} is at most {_change(gate, max(0.0, most))}, within {allowed}."
        return _Finding("met", f"{changed}{sure}{said}", found.delta, low, high, found.n)
    said = f"the {verb} is at least {_change(gate, least)}, more than {allowed}"
    if least > gate.limit and _tested(found, 2 * (1 - gate.confidence)):
        return _Finding("not met", f"{changed}{sure}{said}.", found.delta, low, high, found.n)
    more = needed(_planned_spread(gate, found), gate.limit, gate.confidence)
    if least > gate.limit:
        said += f", but {_by_chance(found)}"
    else:
        ends = f"{_change(gate, least)} and {_change(gate, most)}"
        said = f"the {verb} is between {ends}, around {allowed}."
    advice = _advice(gate, found.n, more, f"lost {gate.said(2 * gate.limit, difference=True)}")
    return _Finding(
        "undecided", f"{changed}{sure}{said}{advice}", found.delta, low, high, found.n, more
    )


def _tested(found: PairedDifference, level: float) -> bool:
    """Whether the test of no difference says so too, where there is one.

    The bounds hold approximately; the test is exact at any n (McNemar's) or as exact as its
    permutations, so that a model that has not changed fails no more often than it should.
    """
    return found.p is None or found.p <= level + 1e-12


def _by_chance(found: PairedDifference) -> str:
    return f"so few changed that it may be chance (p = {found.p or 0.0:.2g})."


def _to_show(gate: Gate, found: PairedDifference, gain: float) -> int | None:
    """How many examples show a gain, were it the true one, in 80% of cases."""
    churn = found.churn
    if churn is not None and churn.bounded:
        return needed_to_show(churn, gain, gate.confidence)
    spread = churn.spread if churn else upper_spread(found.spread or 0.0, found.n)
    return needed(spread, gain, (1 + gate.confidence) / 2, DETECTION_POWER)


def _planned_spread(gate: Gate, found: PairedDifference) -> float:
    """What the spread may be for a model that lost twice what is allowed."""
    if found.churn is not None:
        return found.churn.spread_if_lost(2 * gate.limit)
    return upper_spread(found.spread or 0.0, found.n)


def _advice(gate: Gate, n: int, more: int | None, otherwise: str) -> str:
    if more is None:
        return " No number of examples would decide a limit of zero." if gate.limit == 0 else ""
    if more <= n:
        return " The loss lies so near the limit that no usual number of examples decides it."
    return (
        f" {_many(gate, more)} would tell a model that has not changed from one that {otherwise}."
    )


def _slowdown(gate: Gate, evidence: Evidence) -> _Finding:
    found = evidence.slower
    if found is None:
        return _nothing(evidence.difference)
    ends = _ends(gate, found.delta, found.one_sided.low, found.one_sided.high)
    if ends[0] is None or ends[1] is None:
        said = "one round does not say how sure a timing is: set `rounds` to 2 or more."
        if gate.metric.kind == "percentile":
            said = "so few requests do not say how sure it is: set `requests` higher."
        return _Finding("undecided", f"{gate.metric.label}: {said}", math.exp(found.delta))
    ratio, low, high = math.exp(found.delta), math.exp(ends[0]), math.exp(ends[1])
    said = (
        f"{gate.metric.label}: {_apart(ratio, gate.limit, 2)} times as slow ({_of(gate, found.n)})"
    )
    sure = f"; with {gate.confidence:.0%} confidence "
    if high <= gate.limit:
        said += f"{sure}at most {_apart(high, gate.limit, 2)} times."
        return _Finding("met", said, ratio, low, high, found.n)
    if low > gate.limit:
        said += f"{sure}at least {_apart(low, gate.limit, 2)} times."
        return _Finding("not met", said, ratio, low, high, found.n)
    spread = upper_spread(found.spread or 0.0, found.n)
    more = needed(spread, math.log(gate.limit), gate.confidence)
    said += f"{sure}between {_apart(low, gate.limit, 2)} and {_apart(high, gate.limit, 2)} times."
    advice = _advice(gate, found.n, more, f"is {gate.limit**2:.3g} times as slow")
    return _Finding("undecided", said + advice, ratio, low, high, found.n, more)


def _limit(gate: Gate, evidence: Evidence) -> _Finding:
    found = evidence.value
    if found is None or found.value is None:
        return _Finding("not met", "The candidate has no value here.")
    low, high = _ends(gate, found.value, found.low, found.high)
    label, n = gate.metric.label, found.n or evidence.n
    if low is None or high is None:
        said = f"{label} is {_figure(gate, found.value)}, but {_of(gate, n)} is too few for an interval."
        return _Finding("undecided", said, found.value, n=n)
    near, far = (low, high) if gate.rule == "min" else (high, low)
    kept = near >= gate.limit if gate.rule == "min" else near <= gate.limit
    broken = far < gate.limit if gate.rule == "min" else far > gate.limit
    sure = f" ({_of(gate, n)}), with {gate.confidence:.0%} confidence " if low < high else ": "
    bound = far if broken else near
    side = "most" if bound == high else "least"
    said = f"{label} is {_figure(gate, found.value)}{sure}at {side} {_figure(gate, bound)}"
    if kept or broken:
        verdict: Outcome = "met" if kept else "not met"
        said += f": {'within' if kept else 'beyond'} the limit of {gate.said(gate.limit)}."
        return _Finding(verdict, said, found.value, low, high, n)
    spread = (high - low) / (2 * normal_quantile(gate.confidence)) * math.sqrt(max(n, 1))
    more = needed(spread, abs(found.value - gate.limit), gate.confidence)
    said += f", and the limit of {gate.said(gate.limit)} lies within that."
    if more is not None and more > n:
        said += f" If the value is what it seems, {_many(gate, more)} would decide it."
    return _Finding("undecided", said, found.value, low, high, n, more)


_DECIMALS = re.compile(r"\.(\d+)f$")
_JUDGES: dict[Rule, Callable[[Gate, Evidence], _Finding]] = {
    "must": _improvement,
    "max_drop": _drop,
    "max_slowdown": _slowdown,
    "min": _limit,
    "max": _limit,
}


def _ends(
    gate: Gate, point: float, low: float | None, high: float | None
) -> tuple[float | None, float | None]:
    """The bounds; those of a figure that was measured once are the figure itself."""
    return (low, high) if gate.metric.has_interval else (point, point)


def _nothing(difference: PairedDifference | None) -> _Finding:
    reason = difference.reason if difference else None
    return _Finding("not met", reason or "There is nothing to judge.")


def _too_few(gate: Gate, found: PairedDifference) -> _Finding:
    return _Finding(
        "undecided",
        f"{gate.metric.label} changed by {_change(gate, found.delta or 0.0, signed=True)}, but "
        f"{_of(gate, found.n)} is too few for an interval.",
        found.delta,
        n=found.n,
    )


def _many(gate: Gate, n: int) -> str:
    return f"{n:,} {gate.metric.noun}"


def _of(gate: Gate, n: int) -> str:
    return f"{n} {gate.metric.noun}" if gate.metric.is_timing else f"n = {n}"


def _change(gate: Gate, value: float, signed: bool = False) -> str:
    """A difference as reports show it, with its unit."""
    return f"{_number(gate, value, signed)}{unit(shown(gate.metric), difference=True)}"


def _figure(gate: Gate, value: float) -> str:
    """A value as reports show it, with its unit."""
    return f"{_number(gate, value)}{unit(shown(gate.metric))}"


def _number(gate: Gate, value: float, signed: bool = False) -> str:
    """A figure as it is shown, with a decimal more than in tables: all of a metric alike."""
    of = shown(gate.metric)
    figure, limit = abs(of.factor * value), abs(of.factor * gate.limit)
    digits = _DECIMALS.search(of.format)
    decimals = (int(digits[1]) if digits else 3) + 1
    if 0 < figure < 10**-decimals:
        decimals = 1 - math.floor(math.log10(figure))
    text = _apart(figure, limit, decimals)
    if not float(text.replace(",", "")):
        return text
    return f"{'−' if value < 0 else '+' if signed else ''}{text}"


def _apart(figure: float, limit: float, decimals: int) -> str:
    """The figure with as many decimals as it takes to see on which side of the limit it is."""
    for digits in range(decimals, 18):
        text = f"{figure:,.{digits}f}"
        if figure == limit or float(text.replace(",", "")) != round(limit, 9):
            return text
    return repr(figure)
