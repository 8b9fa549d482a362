"""What a run writes down while it goes, and what whoever watches makes of it."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

from harness.plan.steps import Step
from harness.records import Failure
from harness.results.journal import JOURNAL, JournalReader, JournalWriter, RunState, StepState
from harness.runner.jobs import Event, Job, Pace
from harness.runner.journal import BETWEEN_SECONDS, journal
from harness.runner.walk import Observer, Quiet, Walk
from tests.runner.test_walk import FakeExecutor, build, step


@pytest.fixture
def reader(tmp_path: Path) -> JournalReader:
    return JournalReader(tmp_path)


def walk(folder: Path, steps: list[Step], executor: FakeExecutor) -> None:
    clock = count(1_000)
    with journal(folder, steps, steps, Quiet(), lambda: float(next(clock))) as observer:
        Walk(steps, build, executor, observer).run()


def states(reader: JournalReader) -> dict[str, str]:
    reader.look()
    return {step.label: step.state for step in reader.state.steps}


def test_what_was_done_and_what_failed_with_it_is_told(
    tmp_path: Path, reader: JournalReader
) -> None:
    steps = [step("a"), step("b", "a"), step("c")]
    walk(tmp_path, steps, FakeExecutor(fail={"a"}))
    assert states(reader) == {"a": "failed", "b": "failed", "c": "done"}
    a, b, _ = reader.state.steps
    assert a.message == "boom" and "could not a" in b.message
    assert a.begun and a.ended > a.begun and reader.state.ended > a.ended


class Gate(FakeExecutor):
    """Stands still in its first step until it is told to go on."""

    def __init__(self) -> None:
        super().__init__()
        self.stands, self.goes = threading.Event(), threading.Event()

    def run(self, job: Job, hear: Callable[[Event], None], stop: threading.Event) -> None:
        if not self.goes.is_set():
            hear(Event(job.steps[0].step.key, "start"))
            how = {"done": 3, "total": 10, "unit": "examples"}
            hear(Event(job.steps[0].step.key, "progress", how))
            self.stands.set()
            assert self.goes.wait(10)
        super().run(job, hear, stop)


def test_a_run_is_followed_while_it_goes(tmp_path: Path, reader: JournalReader) -> None:
    executor, steps = Gate(), [step("a"), step("b", "a")]
    heard = threading.Event()

    class Hears(Quiet):
        def progressed(
            self, step: Step, done: int, total: int, unit: str, pace: Pace | None = None
        ) -> None:
            heard.set()

    def run() -> None:
        with journal(tmp_path, steps, steps, Hears()) as observer:
            Walk(steps, build, executor, observer).run()

    going = threading.Thread(target=run)
    going.start()
    assert executor.stands.wait(10) and heard.wait(10)
    assert states(reader) == {"a": "runs", "b": "waits"} and reader.is_running
    assert (reader.state.steps[0].done, reader.state.steps[0].total) == (3, 10)
    assert not reader.look(), "nothing is read twice"
    executor.goes.set()
    going.join(10)
    assert states(reader) == {"a": "done", "b": "done"} and not reader.is_running


def test_a_run_that_was_killed_is_neither_running_nor_ended(
    tmp_path: Path, reader: JournalReader
) -> None:
    writer = JournalWriter(tmp_path, lambda: 5.0)
    writer.began([StepState("a"), StepState("b")], [("base", "t")])
    writer.tell("started", step=0)
    assert reader.is_running
    file = writer._file
    assert file is not None
    os.close(file)  # as the end of a process does
    assert states(reader) == {"a": "runs", "b": "waits"}
    assert not reader.is_running and reader.state.ended == 0
    assert reader.state.there == (("base", "t"),)


def test_the_next_run_begins_a_new_journal(tmp_path: Path, reader: JournalReader) -> None:
    walk(tmp_path, [step("a"), step("b"), step("c")], FakeExecutor())
    assert len(states(reader)) == 3
    walk(tmp_path, [step("d")], FakeExecutor())
    assert states(reader) == {"d": "done"}
    later = count(9_000)
    with journal(tmp_path, [longer := step("e" * 2_000)], [], Quiet(), lambda: float(next(later))):
        assert states(reader) == {longer.label: "waits"}, "a longer one is told from it, too"


def test_a_second_run_at_the_same_time_leaves_the_first_ones_journal_alone(
    tmp_path: Path, reader: JournalReader
) -> None:
    first = JournalWriter(tmp_path, lambda: 1.0)
    first.began([StepState("a")], [])
    walk(tmp_path, [step("x")], FakeExecutor())
    assert states(reader) == {"a": "waits"} and reader.is_running
    first.close()


def test_nothing_is_written_where_there_is_nothing_to_do(tmp_path: Path) -> None:
    quiet: Observer = Quiet()
    with journal(tmp_path, [], [step("a")], quiet) as observer:
        assert observer is quiet
    assert not (tmp_path / JOURNAL).exists()


def test_progress_is_written_now_and_then_and_at_the_end(tmp_path: Path) -> None:
    one, times = step("a"), iter_times()
    with journal(tmp_path, [one], [one], Quiet(), times) as observer:
        observer.started(one)
        for done in range(1, 101):
            observer.progressed(one, done, 100, "examples", Pace(done, 10 * done, float(done)))
        observer.finished(one)
    lines = (tmp_path / JOURNAL).read_text().splitlines()
    told = [line for line in lines if '"progress"' in line]
    assert 5 < len(told) < 15 and '"done": 100' in told[-1] and "tokens/s" in told[-1]


def iter_times() -> Callable[[], float]:
    """Ten moments in the time between two lines."""
    moments: Iterator[float] = (BETWEEN_SECONDS * n / 10 for n in count())
    return lambda: next(moments)


def test_a_line_that_is_half_written_is_read_when_it_is_whole(
    tmp_path: Path, reader: JournalReader
) -> None:
    walk(tmp_path, [step("a")], FakeExecutor())
    whole = (tmp_path / JOURNAL).read_bytes()
    cut = whole.rindex(b'"ended"')
    (tmp_path / JOURNAL).write_bytes(whole[:cut])
    reader.look()
    assert reader.state.steps[0].state == "done" and not reader.state.ended
    (tmp_path / JOURNAL).write_bytes(whole)
    assert reader.look() and reader.state.ended


def test_lines_of_strangers_are_passed_over(tmp_path: Path, reader: JournalReader) -> None:
    walk(tmp_path, [step("a")], FakeExecutor())
    with (tmp_path / JOURNAL).open("a") as file:
        file.write('[]\n{"event": "done"}\n{"event": "done", "at": 1, "step": 99}\nnot JSON\n')
    assert states(reader) == {"a": "done"}


def test_what_is_only_looked_at_is_no_step_of_the_count() -> None:
    looked = StepState("look at base", counted=False, state="done")
    run = RunState(steps=(looked, StepState("ask", state="done")))
    assert [one.label for one in run.of("done")] == ["ask"]
    broken = RunState(steps=(replace(looked, state="failed", message="no such file"),))
    assert [one.label for one in broken.of("failed")] == ["look at base"]


def test_a_failure_that_was_found_before_the_walk_is_told(
    tmp_path: Path, reader: JournalReader
) -> None:
    source = step("s")
    with journal(tmp_path, [source], [], Quiet()) as observer:
        observer.failed(source, Failure(kind="bad-model", message="no weights", hint="fetch them"))
    assert states(reader) == {"s": "failed"}
    assert reader.state.steps[0].hint == "fetch them"
