"""From the repetitions of a timing to what may be said of it: rates, waits, limits, warnings.

Repetitions of one process are alike in what differs between processes (where memory came to lie,
how warm the machine was), so they are not independent. Means and medians therefore take their
interval from the rounds: t over one figure a round (Kalibera and Jones, "Rigorous benchmarking in
reasonable time", ISMM 2013). With a single round it is taken over repetitions, and speaks of
that process alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal

import numpy as np

from harness.analysis.percentiles import percentile as of_requests
from harness.metrics.metric import Metric
from harness.metrics.statistic import FloatArray
from harness.metrics.timings import Phase, Repetition
from harness.quantities import plural
from harness.records import (
    Sample,
    SpeedFigures,
    SpeedRound,
    SpeedWarning,
    Value,
    machine_words,
)

SPREAD_LIMIT = 0.05
BUSY_SHARE = 0.05
"""Of all cores, taken by others, that a timing may be disturbed by without a word."""
SHORT_SECONDS = 0.005
"""Below so much, what surrounds a pass shows in its time."""
REMEDIES: Mapping[str, str] = {
    "spread": "Close other programs and let the machine cool down; or set repetitions and rounds "
    "higher.",
    "busy": "Stop what else is running, and time it anew: `harness run SUITE --again MODEL/TASK`.",
    "short": "Set prompt_tokens or new_tokens higher.",
    "machines": "Time it anew on one of them: `harness run SUITE --again MODEL/TASK`.",
}


def timed_value(metric: Metric, samples: Sequence[Sample], confidence: float = 0.95) -> Value:
    """A timing of the headline shapes; a value of None where nothing of them was timed."""
    rounds = metric.by_round(samples)
    if not rounds:
        return Value(value=None)
    if metric.kind == "percentile":
        return of_requests(np.concatenate(rounds), metric.level, confidence)
    if metric.kind == "tail":
        return percentile(rounds, metric.level)
    return (mean if metric.kind == "repetitions" else median)(rounds, confidence)


def figures(
    samples: Sequence[Sample], rounds: Sequence[SpeedRound], confidence: float = 0.95
) -> list[SpeedFigures]:
    """Every shape that was timed, in the order in which it was."""
    groups: dict[tuple[Phase, int, int, int], list[Repetition]] = {}
    for repetition in map(Repetition.of, sorted(samples, key=lambda sample: sample.index)):
        groups.setdefault(repetition.shape, []).append(repetition)
    memory, cache = best_memory(rounds), max((one.cache_bytes for one in rounds), default=0)
    return [_figures(group, memory, cache, confidence) for group in groups.values()]


def best_memory(rounds: Sequence[SpeedRound]) -> float:
    """The most bytes per second that any round could read: less was a disturbance."""
    return max((one.memory_bytes_per_second for one in rounds), default=0.0)


def _figures(
    group: Sequence[Repetition], memory: float, cache: int, confidence: float
) -> SpeedFigures:
    first = group[0]
    numbers = sorted({one.round for one in group})
    rates = [
        np.array([one.tokens_per_second for one in group if one.round == number])
        for number in numbers
    ]
    waits = [
        np.concatenate([one.waits for one in group if one.round == number]) for number in numbers
    ]
    rate = mean(rates, confidence)
    limit = share = None
    if first.step_bytes and memory and rate.value is not None:
        limit = memory * first.batch_size / first.step_bytes
        from_memory = first.step_bytes > cache and rate.value <= limit
        share = rate.value / limit if from_memory else None
    return SpeedFigures(
        phase=first.phase,
        tokens=first.tokens,
        batch_size=first.batch_size,
        depth=first.depth,
        headline=first.headline,
        tokens_per_second=rate,
        spread=spread(np.concatenate(rates)),
        repetitions=[values.tolist() for values in rates],
        p50_seconds=median(waits, confidence),
        p90_seconds=percentile(waits, 0.9),
        p99_seconds=percentile(waits, 0.99),
        step_bytes=first.step_bytes,
        limit_tokens_per_second=limit,
        share=share,
    )


def mean(rounds: Sequence[FloatArray], confidence: float = 0.95) -> Value:
    """The mean of all repetitions, with its interval from the rounds; no rate is below zero."""
    return _with_interval(float(np.concatenate(rounds).mean()), units(rounds, np.mean), confidence)


def median(rounds: Sequence[FloatArray], confidence: float = 0.95) -> Value:
    """The median of all values, with an interval of the same kind around it, and their number."""
    pooled = np.concatenate(rounds)
    # Of a single round there is no second figure: its values follow each other and are not
    # independent, as the repetitions of a rate nearly are.
    found = units(rounds, np.median) if len(rounds) > 1 else np.empty(0)
    value = _with_interval(float(np.median(pooled)), found, confidence)
    return value.model_copy(update={"n": len(pooled)})


def percentile(rounds: Sequence[FloatArray], level: float) -> Value:
    """A percentile of all values (inverted distribution function) and their number.

    It has no interval: the tail of a few values does not say how sure it is.
    """
    pooled = np.concatenate(rounds)
    return Value(value=float(np.quantile(pooled, level, method="inverted_cdf")), n=len(pooled))


def units(rounds: Sequence[FloatArray], figure: Callable[[FloatArray], Any]) -> FloatArray:
    """The independent values that an interval is made of: one a round, or a round's repetitions."""
    if len(rounds) == 1:
        return rounds[0]
    return np.array([float(figure(values)) for values in rounds])


def spread(values: FloatArray) -> float | None:
    """Standard deviation over mean, as llama-bench's ± over its figure; None for a single value."""
    return float(values.std(ddof=1) / values.mean()) if len(values) > 1 else None


def warnings(shapes: Sequence[SpeedFigures], rounds: Sequence[SpeedRound]) -> list[SpeedWarning]:
    """What makes these timings less sure, each with its remedy."""
    found: dict[Literal["spread", "busy", "short", "machines"], str] = {}
    wide = [
        (one.spread, one) for one in shapes if one.spread is not None and one.spread > SPREAD_LIMIT
    ]
    if wide:
        found["spread"] = ", ".join(_varied(wide))
    busiest = max(rounds, key=lambda one: one.others_cores)
    if busiest.others_cores > BUSY_SHARE * busiest.cores:
        others = f"{busiest.others_cores:.1f} of {busiest.cores} cores"
        found["busy"] = f"{others} in round {busiest.number}"
    short = [one for one in shapes if _seconds(one) < SHORT_SECONDS]
    if short:
        found["short"] = f"{words(min(short, key=_seconds))}{_and_others(len(short) - 1)}"
    places: dict[str, list[str]] = {}
    for one in rounds:
        if one.machine:
            places.setdefault(machine_words(one.machine), []).append(str(one.number))
    if len(places) > 1:
        said = [f"round{'s' * (len(of) > 1)} {', '.join(of)} on {on}" for on, of in places.items()]
        found["machines"] = "; ".join(said)
    return [
        SpeedWarning(kind=kind, message=message, remedy=REMEDIES[kind])
        for kind, message in found.items()
    ]


def _varied(wide: Sequence[tuple[float, SpeedFigures]]) -> Iterator[str]:
    """ "decode varied by 20.7% (CV)": of each phase, at the shape where it did most."""
    for phase in dict.fromkeys(one.phase for _, one in wide):
        most = max(spread for spread, one in wide if one.phase == phase)
        yield f"{phase} varied by {100 * most:.1f}% (CV)"


def _and_others(count: int) -> str:
    return f", and {plural(count, 'other shape')}" if count else ""


def words(shape: SpeedFigures) -> str:
    """A shape as a reader would say it: "decode of 128 tokens in 4 sequences behind 2048"."""
    many = f" in {shape.batch_size} sequences" if shape.batch_size > 1 else ""
    behind = f" behind {shape.depth}" if shape.depth else ""
    return f"{shape.phase} of {shape.tokens} tokens{many}{behind}"


def _seconds(shape: SpeedFigures) -> float:
    """How long the shortest repetition took."""
    return shape.tokens * shape.batch_size / max(max(values) for values in shape.repetitions)


def _with_interval(value: float, found: FloatArray, confidence: float) -> Value:
    from harness.analysis.intervals import student_t

    interval = student_t(found, confidence)
    if interval.low is None or interval.high is None:
        return Value(value=value)
    half = (interval.high - interval.low) / 2
    low, high = max(0.0, value - half), value + half
    return Value(value=value, low=low, high=high, approximate=interval.approximate)
