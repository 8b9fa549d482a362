"""When requests are sent, on servers whose queues are known; no real time passes."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest
from scipy import stats

from harness.analysis.load import with_omitted
from harness.tasks.load import loops
from harness.tasks.load.loops import Bounds, Course, closed_loop, open_loop, poisson
from tests.tasks.load.virtual import Answered, Queue, by_number, in_virtual_time

SERVICE = 0.01
STALL = (2.0, 3.0)


def bounds(requests: int, seconds: float = 1e9, max_errors: float = 1.0) -> Bounds:
    return Bounds(requests, seconds, max_errors)


def closed(queue: Queue, users: int, of: Bounds) -> Course[Answered]:
    return in_virtual_time(closed_loop(users, of, queue.ask))


def opened(queue: Queue, dues: list[float], of: Bounds | None = None) -> Course[Answered]:
    return in_virtual_time(open_loop(dues, of or bounds(len(dues)), queue.ask))


def latencies(course: Course[Answered]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.array([turn.ended - turn.due for turn in by_number(course)])


def test_users_ask_again_when_they_are_answered_and_wait_for_one_another() -> None:
    course = closed(Queue(1, lambda number: SERVICE), 3, bounds(30))
    assert [turn.number for turn in by_number(course)] == list(range(30)) and not course.stopped
    assert latencies(course)[3:] == pytest.approx(3 * SERVICE)
    assert max(turn.ended for turn in course.turns) == pytest.approx(30 * SERVICE)


def test_with_a_slot_for_each_nobody_waits() -> None:
    assert latencies(closed(Queue(4, lambda number: SERVICE), 4, bounds(40))) == pytest.approx(
        SERVICE
    )


def test_an_open_loop_sends_when_it_is_time_whether_others_are_answered_or_not() -> None:
    dues = [0.0, 0.001, 0.002, 0.5]
    course = opened(Queue(1, lambda number: SERVICE), dues)
    assert [turn.sent for turn in by_number(course)] == pytest.approx(dues)
    assert latencies(course) == pytest.approx([0.01, 0.019, 0.028, 0.01])


def test_waits_in_a_queue_of_random_arrivals_and_service_are_those_of_the_theory() -> None:
    drawn = np.random.default_rng(1).exponential(1.0, 8_000)
    queue = Queue(1, lambda number: float(drawn[number]))
    course = opened(queue, poisson(0.5, 8_000, 1e9, (3,)))
    # M/M/1: the time in the system is exponential with mean 1 / (mu - lambda)
    assert latencies(course).mean() == pytest.approx(2.0, rel=0.1)
    assert np.quantile(latencies(course), 0.99) == pytest.approx(-2 * np.log(0.01), rel=0.15)


@pytest.mark.parametrize("users", [2, 5])
def test_littles_law_holds_between_what_the_server_counts_and_what_is_measured(users: int) -> None:
    drawn = np.random.default_rng(2).exponential(0.1, 2_000)
    queue = Queue(2, lambda number: float(drawn[number]))
    course = closed(queue, users, bounds(2_000))
    end = max(turn.ended for turn in course.turns)
    assert queue.area / end == pytest.approx(2_000 / end * latencies(course).mean())
    assert queue.area / end == pytest.approx(users, rel=0.01)


def test_a_closed_loop_hardly_sees_a_stall_that_an_open_one_sees() -> None:
    seen = latencies(closed(Queue(1, lambda number: SERVICE, STALL), 1, bounds(400)))
    dues = [0.02 * number for number in range(200)]
    met = latencies(opened(Queue(1, lambda number: SERVICE, STALL), dues))
    assert (seen > 0.5).sum() == 1 and np.quantile(seen, 0.99) == pytest.approx(SERVICE)
    # 50 of 200 requests are due while it lasts and wait half a second on average, and those behind
    # them until the queue is gone, which takes another second at a load of one half
    assert np.quantile(met, 0.99) > 0.9 and (met > SERVICE * 1.5).sum() == pytest.approx(100, abs=3)
    assert met.mean() == pytest.approx(SERVICE + 100 * 0.5 / 200, rel=0.1)


def test_the_requests_that_a_closed_loop_left_out_bring_the_stall_back() -> None:
    seen = latencies(closed(Queue(1, lambda number: SERVICE, STALL), 1, bounds(400)))
    whole = with_omitted(seen)
    assert len(whole) == pytest.approx(400 + 1.0 / SERVICE, abs=2)
    assert np.quantile(whole, 0.99) == pytest.approx(0.95, abs=0.02)
    assert np.median(whole) == pytest.approx(SERVICE)


def test_a_steady_server_leaves_nothing_out() -> None:
    steady = np.full(50, SERVICE)
    assert with_omitted(steady) == pytest.approx(steady)


def test_what_is_left_out_is_what_hdr_histogram_adds() -> None:
    # org.HdrHistogram.Histogram.recordValueWithExpectedInterval(100, 10)
    found = sorted(with_omitted(np.array([*[10.0] * 30, 100.0])))
    assert found[-9:] == pytest.approx([20, 30, 40, 50, 60, 70, 80, 90, 100]) and len(found) == 40


def test_a_client_that_lags_behind_counts_from_when_requests_were_due(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(loops, "MOST_OPEN", 1)
    course = opened(Queue(9, lambda number: 0.1), [0.0, 0.01, 0.02])
    turns = by_number(course)
    assert [turn.ended - turn.sent for turn in turns] == pytest.approx([0.1] * 3)
    assert [turn.ended - turn.due for turn in turns] == pytest.approx([0.1, 0.19, 0.28])


def test_arrivals_are_random_as_poisson_has_it_and_the_same_by_seed() -> None:
    dues = poisson(4.0, 5_000, 1e9, (7, 1))
    assert dues == poisson(4.0, 5_000, 1e9, (7, 1)) != poisson(4.0, 5_000, 1e9, (7, 2))
    waits = np.diff([0.0, *dues])
    assert stats.kstest(waits, "expon", args=(0, 0.25)).pvalue > 0.01
    counts, _ = np.histogram(dues, np.arange(0, dues[-1], 1.0))
    assert counts.var() / counts.mean() == pytest.approx(1.0, abs=0.1)


def test_nothing_is_sent_after_the_time_of_a_level() -> None:
    assert poisson(10.0, 1_000, 2.0, (1,))[-1] <= 2.0
    course = closed(Queue(1, lambda number: 1.0), 2, bounds(100, seconds=10.5))
    assert course.stopped == "seconds"
    assert max(turn.sent for turn in course.turns) < 10.5 < max(turn.ended for turn in course.turns)


@pytest.mark.parametrize("opens", [True, False])
def test_a_level_ends_when_too_many_requests_fail(opens: bool) -> None:
    queue = Queue(1, lambda number: SERVICE, fails=lambda number: number % 4 == 0)
    of = bounds(1_000, max_errors=0.2)
    dues = [0.02 * number for number in range(1_000)]
    course = opened(queue, dues, of) if opens else closed(queue, 1, of)
    assert course.stopped == "errors" and 10 <= len(course.turns) < 20


def test_as_many_failures_as_are_allowed_end_nothing() -> None:
    queue = Queue(1, lambda number: SERVICE, fails=lambda number: number % 5 == 4)
    course = closed(queue, 1, bounds(100, max_errors=0.2))
    assert not course.stopped and len(course.turns) == 100


def test_a_virtual_second_takes_none() -> None:
    async def sleep() -> float:
        await asyncio.sleep(1e6)
        return asyncio.get_running_loop().time()

    assert in_virtual_time(sleep()) == pytest.approx(1e6)
