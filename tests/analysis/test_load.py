"""Levels and knees of servers whose capacity is known; no real time passes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from harness.analysis.load import knee, levels_of
from harness.metrics.requests import FACTS
from harness.records import LoadLevel, Sample
from harness.suite.schema import LoadTask
from harness.tasks.load.loops import Bounds, Course, closed_loop, open_loop, poisson
from tests.tasks.load.virtual import Answered, Queue, in_virtual_time

TOKENS = 5


def task(**more: Any) -> LoadTask:
    return LoadTask.model_validate({"type": "load", "new_tokens": TOKENS, **more})


def samples_of(level: int, course: Course[Answered], errors: Sequence[int] = ()) -> list[Sample]:
    """Tokens come at even distances, the first at half of what a request took."""
    found = []
    for turn in course.turns:
        took = turn.ended - turn.sent
        failed = turn.number in errors
        data = {
            "level": level,
            "number": turn.number,
            "due": turn.due,
            "sent": turn.sent,
            "ended": turn.ended,
            "pieces": [] if failed else list(np.linspace(took / 2, took, TOKENS)),
            "prompt_tokens": 8,
            "new_tokens": 0 if failed else TOKENS,
            "error": "HTTP 429" if failed else "",
        }
        found.append(Sample(key="k", index=turn.number, id=f"{level}, {turn.number}", data=data))
    return found


def run(of: LoadTask, slots: int, seconds: float = 0.1, drawn: bool = False) -> list[Sample]:
    found: list[Sample] = []
    for number, level in enumerate(of.levels):
        service = np.random.default_rng((7, number)).exponential(seconds, of.requests)
        queue = Queue(slots, lambda n, s=service: float(s[n]) if drawn else seconds)  # type: ignore[misc]
        bounds = Bounds(of.requests, 1e9, 1.0)
        if level.loop == "closed":
            course = in_virtual_time(closed_loop(int(level.load), bounds, queue.ask))
        else:
            dues = poisson(level.load, of.requests, 1e9, (number,))
            course = in_virtual_time(open_loop(dues, bounds, queue.ask))
        found += samples_of(number, course)
    return found


def test_throughput_rises_to_the_capacity_and_waits_beyond_it() -> None:
    of = task(concurrency=[1, 2, 4, 8], requests=80)
    levels = levels_of(of, run(of, slots=4))
    rates = [level.requests_per_second.value for level in levels]
    assert rates == pytest.approx([10, 20, 40, 40], rel=0.03)
    tokens = [level.tokens_per_second.value for level in levels]
    assert tokens == pytest.approx([50, 100, 200, 200], rel=0.06)
    latencies = [level.mean_latency_seconds.value or 0.0 for level in levels]
    assert latencies == pytest.approx([0.1, 0.1, 0.1, 0.2], rel=0.06)


@pytest.mark.parametrize("drawn", [False, True])
def test_requests_in_flight_are_throughput_times_latency(drawn: bool) -> None:
    of = task(concurrency=[3, 6], rates=[20], requests=1_000)
    for level in levels_of(of, run(of, slots=4, drawn=drawn)):
        rate, latency = level.requests_per_second.value, level.mean_latency_seconds.value
        assert rate is not None and latency is not None
        assert level.in_flight == pytest.approx(rate * latency, rel=0.03)


@pytest.mark.parametrize("slots", [2, 4])
def test_the_knee_of_a_server_is_where_its_slots_are_full(slots: int) -> None:
    of = task(concurrency=[1, 2, 3, 4, 6, 8], requests=96)
    found = knee("closed", levels_of(of, run(of, slots)))
    assert found is not None and (found.load, found.edge) == (slots, "")


def test_a_knee_at_the_end_of_what_was_run_is_said_to_lie_there() -> None:
    few = task(concurrency=[1, 2], requests=40)
    beyond = knee("closed", levels_of(few, run(few, slots=8)))
    before = knee("closed", levels_of(few, run(few, slots=1)))
    assert beyond is not None and (beyond.load, beyond.edge) == (2, "last")
    assert before is not None and (before.load, before.edge) == (1, "first")
    assert knee("open", levels_of(few, run(few, slots=1))) is None


def test_the_knee_of_an_open_queue_is_at_half_its_capacity_as_kleinrock_has_it() -> None:
    of = task(rates=[1, 3, 5, 8, 9.5], requests=1_500)
    found = knee("open", levels_of(of, run(of, slots=1, drawn=True)))
    assert found is not None and found.load == 5 and 1 not in found.alike


def test_waits_are_as_vllm_and_aiperf_count_them() -> None:
    of = task(concurrency=[1], requests=40)
    (level,) = levels_of(of, run(of, slots=1))
    assert level.ttft is not None and level.tpot is not None and level.itl is not None
    assert level.ttft.p50.value == pytest.approx(0.05)
    assert level.tpot.p50.value == pytest.approx((0.1 - 0.05) / (TOKENS - 1))
    assert level.itl.p99.value == pytest.approx(0.05 / (TOKENS - 1))
    assert level.itl.p50.n == 40 * (TOKENS - 1)


def test_of_an_open_loop_waits_count_from_when_requests_were_due_and_both_are_told() -> None:
    of = task(rates=[1], requests=10)
    (sample, *_) = samples_of(
        0, in_virtual_time(open_loop([1.0], Bounds(1, 9, 1), Queue(1, lambda n: 0.2).ask))
    )
    late = sample.model_copy(update={"data": {**sample.data, "due": 0.7}})
    (level,) = levels_of(of, [late])
    assert level.latency is not None and level.latency_from_send is not None
    assert level.latency.p50.value == pytest.approx(0.5)
    assert level.latency_from_send.p50.value == pytest.approx(0.2)
    assert level.ttft is not None and level.ttft.p50.value == pytest.approx(0.4)


def failing() -> tuple[LoadTask, LoadLevel]:
    of = task(concurrency=[1], requests=40, within={"latency": 0.1 + 1e-9})
    course = in_virtual_time(
        closed_loop(1, Bounds(40, 1e9, 1.0), Queue(1, lambda n: 0.1 if n % 2 else 0.2).ask)
    )
    (level,) = levels_of(of, samples_of(0, course, errors=(1, 2, 3, 4)))
    return of, level


def test_failed_requests_are_counted_and_have_no_waits() -> None:
    _, level = failing()
    assert (level.requests, level.failed, level.errors) == (40, 4, {"HTTP 429": 4})
    assert level.latency is not None and level.latency.p50.n == 36


def test_goodput_counts_the_requests_that_keep_every_limit() -> None:
    _, level = failing()
    assert level.goodput == pytest.approx((level.requests_per_second.value or 0.0) * 18 / 36)


def test_levels_that_were_not_run_say_why_and_have_no_figures() -> None:
    of = task(concurrency=[1, 2], requests=8)
    why = Sample(key="k", index=99, id="closed 2", data={"level": 1, FACTS: {"not_run": "errors"}})
    first, second = levels_of(of, [*run(task(concurrency=[1], requests=8), 1), why])
    assert first.requests == 8 and first.not_run is None
    assert (second.requests, second.not_run, second.latency) == (0, "errors", None)
