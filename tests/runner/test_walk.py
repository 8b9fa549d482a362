"""What is done next, and what a failure takes with it."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from harness.plan.cell_params import CellParams, LoadOptions
from harness.plan.kinds import Kind
from harness.plan.steps import Step
from harness.records import Failure
from harness.runner.jobs import Event, Job, Pace, StepJob
from harness.runner.ready import ReadySteps
from harness.runner.walk import HALVINGS, Walk, Word
from harness.suite.schema import SpeedTask, WriteTask


def step(key: str, *parents: str, group: str = "", after: tuple[str, ...] = ()) -> Step:
    roles = {f"p{i}": parent for i, parent in enumerate(parents)}
    kind: Kind = "round" if "round" in key else "cell"
    task = (
        SpeedTask(type="speed") if key == "speed" else WriteTask(type="write", prompts=["Go on."])
    )
    params = CellParams(task=task, options=LoadOptions(), seed=0)
    return Step(key, kind, key, params, roles, group or key, after=after)


def build(steps: tuple[Step, ...]) -> Job:
    return Job("job", tuple(StepJob(one, {}) for one in steps), "home", "results", 1)


class DyingExecutor:
    """Does every step at once, but the workers of some die in it: as often as it has deaths of them."""

    one_machine = True

    def __init__(self, deaths: dict[str, list[str]]) -> None:
        self.deaths = deaths
        self.batches: list[tuple[list[str], int]] = []

    def run(self, job: Job, hear: Callable[[Event], None], stop: threading.Event) -> None:
        self.batches.append(([one.step.key for one in job.steps], job.halvings))
        for one in job.steps:
            key = one.step.key
            hear(Event(key, "start"))
            if left := self.deaths.get(key):
                kind = left.pop(0)
                hear(Event(key, "died", {"kind": kind, "message": f"died of {kind}", "hint": ""}))
                return
            hear(Event(key, "done"))


class FakeExecutor:
    """Does every step at once; `fail` fail by themselves, `crash` end the job without a word."""

    one_machine = True

    def __init__(self, fail: set[str] | None = None, crash: set[str] | None = None) -> None:
        self.fail, self.crash = fail or set(), crash or set()
        self.batches: list[list[str]] = []
        self.at_once = 0
        self.running: set[str] = set()
        self.most_at_once = 0
        self.most_with_speed = 0
        self._lock = threading.Lock()
        self.meeting: threading.Barrier | None = None

    def run(self, job: Job, hear: Callable[[Event], None], stop: threading.Event) -> None:
        steps = [one.step for one in job.steps]
        with self._lock:
            self.batches.append([one.key for one in steps])
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
            self.running |= {one.key for one in steps}
            if "speed" in self.running:
                self.most_with_speed = max(self.most_with_speed, self.at_once)
        if self.meeting is not None:
            self.meeting.wait(timeout=10)
        failure = Failure(kind="crash", message="boom").model_dump()
        for one in steps:
            if one.key in self.crash:
                hear(Event(one.key, "start"))
                hear(Event(one.key, "failed", failure))
                break
            hear(Event(one.key, "start"))
            hear(Event(one.key, "progress", {"done": 1, "total": 1, "unit": "x"}))
            hear(Event(one.key, *(("failed", failure) if one.key in self.fail else ("done",))))
        with self._lock:
            self.at_once -= 1
            self.running -= {one.key for one in steps}


class Notes:
    """An observer that writes down what it hears."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, str]] = []

    def started(self, step: Step) -> None:
        self.heard.append(("started", step.key))

    def noted(self, step: Step, word: Word, why: str) -> None:
        self.heard.append((word, step.key))

    def progressed(
        self, step: Step, done: int, total: int, unit: str, pace: Pace | None = None
    ) -> None:
        self.heard.append(("progressed", step.key))

    def finished(self, step: Step) -> None:
        self.heard.append(("finished", step.key))

    def failed(self, step: Step, failure: Failure) -> None:
        self.heard.append(("failed", step.key))


def walk(steps: list[Step], executor: FakeExecutor, jobs: int = 1) -> Walk:
    done = Walk(steps, build, executor, Notes(), jobs)
    done.run()
    return done


def test_steps_of_a_group_share_a_job_and_wait_for_parents_elsewhere() -> None:
    executor = FakeExecutor()
    walk(
        [
            step("a"),
            step("b", "a", group="g"),
            step("c", "b", group="g"),
            step("d", "e", group="g"),
            step("e"),
        ],
        executor,
    )
    assert executor.batches == [["a"], ["b", "c"], ["e"], ["d"]]


def test_a_parent_that_is_not_in_the_walk_counts_as_done() -> None:
    assert [one.key for one in walk([step("b", "made before")], FakeExecutor()).done] == ["b"]


def test_a_failure_takes_its_descendants_and_nobody_else_with_it() -> None:
    steps = [step("a"), step("b", "a"), step("c", "b"), step("d")]
    ended = walk(steps, FakeExecutor(fail={"a"}))
    assert [one.key for one in ended.failed] == ["a", "b", "c"]
    assert [one.key for one in ended.done] == ["d"]
    assert ended.failures["a"].message == "boom"
    assert ended.failures["c"].message == "could not a: boom"


def test_a_round_that_fails_takes_its_own_cell_with_it_by_its_own_words() -> None:
    rounds = [
        step("a round 1"),
        step("b round 1"),
        step("a round 2", after=("a round 1",)),
        step("b round 2", after=("b round 1",)),
        step("a", after=("a round 1", "a round 2")),
        step("b", after=("b round 1", "b round 2")),
    ]
    ended = walk(rounds, FakeExecutor(fail={"a round 1"}))
    assert [one.key for one in ended.failed] == ["a round 1", "a round 2", "a"]
    assert [one.key for one in ended.done] == ["b round 1", "b round 2", "b"]
    assert ended.failures["a"].message == "boom"


def test_what_failed_before_the_walk_takes_its_descendants_with_it_and_the_walk_ends() -> None:
    ended = Walk([step("b", "a"), step("c", "b")], build, FakeExecutor(), Notes())
    ended.fail(step("a"), Failure(kind="bad-model", message="damaged"))
    ended.run()
    assert [one.key for one in ended.failed] == ["a", "b", "c"]
    assert ended.left == []


def test_after_a_crash_the_rest_of_the_job_is_done_by_another_worker() -> None:
    steps = [step(key, group="g") for key in "abc"]
    executor = FakeExecutor(crash={"b"})
    ended = walk(steps, executor)
    assert executor.batches == [["a", "b", "c"], ["c"]]
    assert [one.key for one in ended.failed] == ["b"]


def test_a_worker_that_never_says_a_word_fails_its_first_step_and_the_walk_ends() -> None:
    class Mute(FakeExecutor):
        def run(self, job: Job, hear: Callable[[Event], None], stop: threading.Event) -> None:
            self.batches.append([one.step.key for one in job.steps])

    ended = walk([step("a", group="g"), step("b", group="g")], Mute())
    assert [one.key for one in ended.failed] == ["a", "b"]


def test_two_jobs_run_side_by_side_where_nothing_stands_between_them() -> None:
    executor = FakeExecutor()
    executor.meeting = threading.Barrier(2)
    walk([step("a"), step("b")], executor, jobs=2)
    assert executor.most_at_once == 2


def test_a_speed_measurement_has_the_machine_to_itself() -> None:
    executor = FakeExecutor()
    steps = [step("speed", group="g"), step("other", group="g"), step("a"), step("b")]
    walk(steps, executor, jobs=2)
    assert ["speed"] in executor.batches
    assert executor.most_with_speed == 1


def test_on_several_machines_what_is_timed_waits_for_what_is_timed_alone() -> None:
    ready = ReadySteps([step("speed", group="g"), step("speed", group="h"), step("a")], False)
    first, second = ready.take(), ready.take()
    assert (first, second, ready.take()) == ((0,), (2,), ())
    ready.give_back(second)
    assert ready.take() == (2,)
    ready.end(0)
    ready.give_back(first)
    assert ready.take() == (1,)


def test_a_speed_measurement_shares_no_worker_even_when_there_is_only_one() -> None:
    executor = FakeExecutor()
    walk([step("other", group="g"), step("speed", group="g")], executor)
    assert executor.batches == [["other"], ["speed"]]


def test_an_executor_that_breaks_stops_the_walk() -> None:
    class Broken(FakeExecutor):
        def run(self, job: Job, hear: Callable[[Event], None], stop: threading.Event) -> None:
            raise OSError("no more processes")

    with pytest.raises(OSError, match="no more processes"):
        walk([step("a")], Broken())


def test_a_step_whose_worker_was_killed_is_tried_once_more_and_takes_nothing_down() -> None:
    steps = [step(key, *parents, group="g") for key, *parents in (["a"], ["b", "a"], ["c", "b"])]
    executor, notes = DyingExecutor({"b": ["killed"]}), Notes()
    walk = Walk(steps, build, executor, notes)
    walk.run()
    assert executor.batches == [(["a", "b", "c"], 0), (["b", "c"], 0)]
    assert not walk.failures and [one.key for one in walk.done] == ["a", "b", "c"]
    assert notes.heard.count(("again", "b")) == 1


def test_a_step_whose_worker_is_killed_twice_fails_with_both_reasons() -> None:
    steps = [step("a"), step("b", "a"), step("other")]
    walk = Walk(steps, build, DyingExecutor({"a": ["killed", "out-of-memory"]}), Notes())
    walk.run()
    assert [one.key for one in walk.done] == ["other"]
    assert walk.failures["a"].kind == "out-of-memory"
    assert walk.failures["a"].message == (
        "died of out-of-memory; tried twice, before that: died of killed"
    )
    assert walk.failures["b"].message.startswith("could not a: died of out-of-memory")


def test_memory_that_ran_out_is_tried_once_more_with_smaller_batches() -> None:
    steps = [step("a", group="g"), step("b", group="g")]
    executor = DyingExecutor({"a": ["out-of-memory"]})
    walk = Walk(steps, build, executor, Notes())
    walk.run()
    assert [halvings for _, halvings in executor.batches] == [0, HALVINGS]
    assert not walk.failures


def test_a_crash_is_not_tried_again() -> None:
    executor = DyingExecutor({"a": ["crash"]})
    walk = Walk([step("a"), step("b")], build, executor, Notes())
    walk.run()
    assert [keys for keys, _ in executor.batches] == [["a"], ["b"]]
    assert walk.failures.keys() == {"a"}
