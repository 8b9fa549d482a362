"""Gates: limits that a candidate has to keep, judged on intervals and on unrounded figures.

A bare threshold flaps with the noise of the examples; a bound does not pass until the examples
show what it asks for.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from harness.analysis.paired import PairedDifference
from harness.analysis.registry import METRICS, Metric
from harness.records import GateVerdict, Value


@dataclass(frozen=True)
class GateRule:
    """What a gate asks for; everything that is given has to hold.

    `must="improve"`: the interval of the paired difference lies wholly on the good side of zero.
    `max_drop`: the one-sided bound of the paired difference is not beyond it on the bad side.
    `min`, `max`: the near bound of the candidate's own interval keeps the limit.
    """

    must: Literal["improve"] | None = None
    max_drop: float | None = None
    min: float | None = None
    max: float | None = None


@dataclass(frozen=True)
class GateEvidence:
    """What is known about the candidate; `failure` says why nothing is."""

    difference: PairedDifference | None = None
    value: Value | None = None
    failure: str | None = None
    confidence: float = 0.95


@dataclass(frozen=True)
class _Finding:
    rule: str
    passed: bool
    reason: str


def judge(
    compare: str,
    task: str,
    metric: str,
    baseline: str,
    candidate: str,
    rule: GateRule,
    evidence: GateEvidence,
) -> GateVerdict:
    """Judges one gate for one candidate; a cell that failed or is missing does not pass."""
    findings = list(_findings(METRICS[metric], rule, evidence))
    failed = [finding for finding in findings if not finding.passed]
    return GateVerdict(
        compare=compare,
        task=task,
        metric=metric,
        baseline=baseline,
        candidate=candidate,
        rule=" and ".join(finding.rule for finding in findings),
        passed=bool(findings) and not failed,
        reason=" ".join(finding.reason for finding in failed or findings),
    )


def _findings(metric: Metric, rule: GateRule, evidence: GateEvidence) -> Iterator[_Finding]:
    if rule.must == "improve":
        yield _improvement(metric, evidence)
    if rule.max_drop is not None:
        yield _drop(metric, rule.max_drop, evidence)
    if rule.min is not None:
        yield _limit(metric, "min", rule.min, evidence)
    if rule.max is not None:
        yield _limit(metric, "max", rule.max, evidence)


def _improvement(metric: Metric, evidence: GateEvidence) -> _Finding:
    rule = "must improve"
    difference = evidence.difference
    missing = _missing(evidence, difference)
    if missing or difference is None or difference.delta is None:
        return _Finding(rule, False, missing)
    low, high = difference.low, difference.high
    if not metric.has_interval:
        low = high = difference.delta
    if low is None or high is None:
        return _Finding(rule, False, _no_interval(metric, difference))
    upwards = metric.higher_is_better is not False
    passed = low > 0 if upwards else high < 0
    verdict = "excludes zero" if passed else "does not lie on the good side of zero"
    return _Finding(
        rule,
        passed,
        f"{metric.label} changed by {_signed(difference.delta)} (n = {difference.n}); the "
        f"{evidence.confidence:.0%} interval, {_signed(low)} to {_signed(high)}, {verdict}.",
    )


def _drop(metric: Metric, allowed: float, evidence: GateEvidence) -> _Finding:
    upwards = metric.higher_is_better is not False
    verb = "drop" if upwards else "rise"
    rule = f"must not {verb} by more than {allowed:g}"
    difference = evidence.difference
    missing = _missing(evidence, difference)
    if missing or difference is None or difference.delta is None:
        return _Finding(rule, False, missing)
    bound = difference.one_sided_low if upwards else difference.one_sided_high
    if bound is None:
        return _Finding(rule, False, _no_interval(metric, difference))
    drop = -bound if upwards else bound
    certainty = "" if not metric.has_interval else f"with {evidence.confidence:.0%} confidence "
    passed = drop <= allowed
    comparison = "within" if passed else "more than"
    return _Finding(
        rule,
        passed,
        f"{metric.label} changed by {_signed(difference.delta)} (n = {difference.n}); "
        f"{certainty}the {verb} is at most {_apart(max(drop, 0.0), allowed)}, {comparison} the "
        f"{allowed:g} that is allowed.",
    )


def _limit(
    metric: Metric, side: Literal["min", "max"], limit: float, evidence: GateEvidence
) -> _Finding:
    rule = f"must be at {'least' if side == 'min' else 'most'} {limit:g}"
    value = evidence.value
    if evidence.failure or value is None or value.value is None:
        return _Finding(rule, False, evidence.failure or "The candidate has no value here.")
    bound = value.low if side == "min" else value.high
    if not metric.has_interval:
        bound = value.value
    if bound is None:
        reason = f"{metric.label} is {value.value:.4g}, but too few examples for an interval."
        return _Finding(rule, False, reason)
    passed = bound >= limit if side == "min" else bound <= limit
    end = "lower" if side == "min" else "upper"
    return _Finding(
        rule,
        passed,
        f"{metric.label} is {value.value:.4g}, its {end} bound {_apart(bound, limit)}: "
        f"{'within' if passed else 'beyond'} the limit of {limit:g}.",
    )


def _missing(evidence: GateEvidence, difference: PairedDifference | None) -> str:
    if evidence.failure:
        return evidence.failure
    if difference is None:
        return "There is no comparison to judge."
    if difference.delta is None:
        return difference.reason or "There is no difference to judge."
    return ""


def _no_interval(metric: Metric, difference: PairedDifference) -> str:
    return (
        f"{metric.label} changed by {_signed(difference.delta or 0.0)}, but n = {difference.n} "
        "is too few for an interval."
    )


def _signed(figure: float) -> str:
    return f"{figure:+.4g}"


def _apart(figure: float, limit: float) -> str:
    """The figure with as many digits as it takes to see on which side of the limit it is."""
    for digits in range(4, 17):
        text = f"{figure:.{digits}g}"
        if figure == limit or float(text) != limit:
            return text
    return repr(figure)
