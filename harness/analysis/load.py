"""From the requests of a server under load to what may be said of each level, and of its knee."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import numpy as np

from harness.analysis.percentiles import Events, mean, percentile
from harness.metrics.requests import FACTS, LEVEL, Request, all_gaps, each, requests_of
from harness.metrics.statistic import FloatArray
from harness.records import Knee, LoadClient, LoadLevel, Sample, Value, Waits
from harness.suite.schema import Level, LoadTask, Loop, Within


def levels_of(
    task: LoadTask, samples: Sequence[Sample], confidence: float = 0.95
) -> list[LoadLevel]:
    """Every level of a task, in its order."""
    facts: dict[int, Mapping[str, Any]] = {
        of.data[LEVEL]: of.data[FACTS] for of in samples if FACTS in of.data
    }
    grouped: dict[int, list[Request]] = {}
    for request in requests_of(samples):
        grouped.setdefault(request.level, []).append(request)
    return [
        _level(task, level, grouped.get(number, []), facts.get(number, {}), confidence)
        for number, level in enumerate(task.levels)
    ]


def _level(
    task: LoadTask,
    level: Level,
    requests: Sequence[Request],
    facts: Mapping[str, Any],
    confidence: float,
) -> LoadLevel:
    not_run, stopped = facts.get("not_run"), facts.get("stopped", "")
    if not requests:
        return LoadLevel(loop=level.loop, load=level.load, not_run=not_run, stopped=stopped)
    answered = [of for of in requests if of.answered]
    window = _window(level, requests)
    rate = Events.of([of.ended for of in answered]).rate(window, confidence)

    def waits(values: FloatArray) -> Waits | None:
        return waits_of(values, confidence) if len(values) else None

    latency = each(of.latency for of in answered)
    is_open = level.loop == "open"
    read = [of.prompt_tokens for of in answered if of.prompt_tokens is not None]
    return LoadLevel(
        loop=level.loop,
        load=level.load,
        stopped=stopped,
        requests=len(requests),
        errors=dict(Counter(of.error for of in requests if of.error)),
        seconds=max(of.ended for of in requests) - min(of.sent for of in requests),
        requests_per_second=rate,
        tokens_per_second=_tokens(answered).rate(window, confidence),
        in_flight=_in_flight(requests, window),
        mean_latency_seconds=mean(latency, confidence),
        ttft=waits(each(of.ttft for of in answered)),
        tpot=waits(each(of.tpot for of in answered)),
        itl=waits(all_gaps(answered)),
        latency=waits(latency),
        ttft_from_send=waits(each(of.first for of in answered)) if is_open else None,
        latency_from_send=waits(each(of.latency - of.late for of in answered)) if is_open else None,
        corrected_latency=None if is_open else waits(with_omitted(latency)),
        goodput=_goodput(task.within, answered, rate),
        prompt_tokens=float(np.median(read)) if read else None,
        new_tokens=float(np.median([of.new_tokens for of in answered])) if answered else None,
        empty=sum(of.first is None for of in answered),
        shorter=sum(of.new_tokens < task.new_tokens for of in answered),
        client=_client(facts, requests),
    )


def waits_of(values: FloatArray, confidence: float = 0.95) -> Waits:
    """Percentiles of waits in the order in which their requests were due."""
    p50, p90, p99 = (percentile(values, level, confidence) for level in (0.5, 0.9, 0.99))
    return Waits(p50=p50, p90=p90, p99=p99)


def with_omitted(latencies: FloatArray) -> FloatArray:
    """Latencies of a closed loop, and beside each long one those that were left out while it was waited for.

    As HdrHistogram's correction for coordinated omission: a user who usually waits the median would have
    asked again each median, and those requests would have waited for what was left.
    """
    if not len(latencies):
        return latencies
    usual = float(np.median(latencies))
    if usual <= 0:
        return latencies
    found = [np.arange(one, usual * (1 - 1e-9), -usual) for one in latencies if one > usual]
    rest = latencies[latencies <= usual]
    joined: FloatArray = np.concatenate([rest, *found])
    return joined


def _window(level: Level, requests: Sequence[Request]) -> float:
    """Seconds for which the load lasted: until the last request was sent, or due.

    What is answered behind it is answered while users leave and the server runs dry. Where no user asked
    twice, until the last answer.
    """
    if len(requests) <= (level.load if level.loop == "closed" else 1):
        return max(of.ended for of in requests)
    return max(of.due if level.loop == "open" else of.sent for of in requests)


def _tokens(answered: Sequence[Request]) -> Events:
    """When tokens came, as seen in the pieces of their answers."""
    full = [of for of in answered if len(of.pieces)]
    if not full:
        return Events.of([])
    moments = np.concatenate([of.sent + of.pieces for of in full])
    weights = np.concatenate(
        [np.full(len(of.pieces), of.new_tokens / len(of.pieces)) for of in full]
    )
    return Events(moments, weights)


def _in_flight(requests: Sequence[Request], window: float) -> float | None:
    """Requests under way on average in the window."""
    if window <= 0:
        return None
    spent = sum(max(0.0, min(of.ended, window) - of.sent) for of in requests)
    return spent / window


def _goodput(within: Within | None, answered: Sequence[Request], rate: Value) -> float | None:
    if within is None:
        return None
    good = sum(_keeps(within, of) for of in answered)
    return (rate.value or 0.0) * good / len(answered) if answered else 0.0


def _keeps(within: Within, of: Request) -> bool:
    limits = ((within.ttft, of.ttft), (within.tpot, of.tpot), (within.latency, of.latency))
    return all(limit is None or found is None or found <= limit for limit, found in limits)


def _client(facts: Mapping[str, Any], requests: Sequence[Request]) -> LoadClient | None:
    if "client" not in facts:
        return None
    cost, late = facts["client"], np.array([of.late for of in requests])
    return LoadClient(**cost, late_seconds=float(np.quantile(late, 0.99, method="inverted_cdf")))


def knee(loop: Loop, levels: Sequence[LoadLevel]) -> Knee | None:
    """The knee of the levels of one loop; None where fewer than two were run."""
    run = [of for of in levels if of.loop == loop and _power(of, _latency) is not None]
    if len(run) < 2:
        return None
    run = sorted(run, key=lambda of: of.load)
    best = max(run, key=lambda of: _power(of, _latency) or 0.0)
    least = _power(best, _longest) or 0.0
    alike = [of.load for of in run if (_power(of, _shortest) or 0.0) >= least]
    edge: Literal["", "first", "last"] = "first" if best is run[0] else ""
    if best is run[-1]:
        edge = "last"
    return Knee(loop=loop, load=best.load, alike=alike, edge=edge)


def _latency(of: Value) -> float | None:
    return of.value


def _shortest(of: Value) -> float | None:
    return of.low if of.low else of.value


def _longest(of: Value) -> float | None:
    return of.high if of.high else of.value


def _power(level: LoadLevel, end: Callable[[Value], float | None]) -> float | None:
    """Throughput over mean latency; of a closed loop throughput is users over latency, by Little's law."""
    latency, rate = end(level.mean_latency_seconds), level.requests_per_second.value
    if not latency or not rate:
        return None
    all_busy = level.loop == "closed" and not level.failed
    throughput = level.load / latency if all_busy else rate
    return throughput / latency
