"""Cells with their parts in a walk, and the one step that is seen of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.plan.cell_params import CellParams, LoadOptions, Served
from harness.plan.kinds import KINDS
from harness.plan.parts import divided, may_be_divided, parts_of
from harness.plan.steps import Step, make_step
from harness.records import Cell, Failure
from harness.results.store import ResultsStore
from harness.runner.divided import AsOneCell, with_parts
from harness.runner.jobs import Job, Pace, StepJob
from harness.runner.ready import ReadySteps
from harness.runner.walk import Quiet, Word
from harness.suite.schema import ClassifyTask


def cell(task: str = "t", **more: object) -> Step:
    spec = ClassifyTask(type="classify", dataset=task)
    params = CellParams(task=spec, options=LoadOptions(), seed=0, **more)
    label = f"ask m: {task}"
    return make_step("cell", label, params, {"gguf": "g"}, {}, model="m", task=task, group="ask m")


class Notes(Quiet):
    def __init__(self) -> None:
        self.said: list[object] = []

    def started(self, step: Step) -> None:
        self.said.append(("started", step))

    def progressed(
        self, step: Step, done: int, total: int, unit: str, pace: Pace | None = None
    ) -> None:
        self.said.append((done, total, pace))

    def noted(self, step: Step, word: Word, why: str) -> None:
        self.said.append((word, step))

    def finished(self, step: Step) -> None:
        self.said.append(("finished", step))

    def failed(self, step: Step, failure: Failure) -> None:
        self.said.append(("failed", step))


def test_a_part_has_keys_of_its_own_and_leaves_its_cells_alone() -> None:
    of = cell()
    *parts, last = divided([of], {("m", "t"): 3})
    assert last.key == of.key and last.after == tuple(part.key for part in parts)
    assert len({part.key for part in parts} | {of.key}) == 4
    assert [part.group for part in parts] == ["ask m", "ask m, part 2", "ask m, part 3"]
    assert {part.answers_key for part in parts} == {of.key} and not any(
        p.row.packages for p in parts
    )
    assert {part.key for part in parts}.isdisjoint(part.key for part in parts_of(of, 2))
    assert all(KINDS[part.kind].params is type(part.params) for part in parts)
    job = Job("name", (StepJob(parts[1], {}),), "home", "results", 1)
    assert Job.from_json(job.to_json()) == job


def test_the_workers_of_parts_go_on_side_by_side_and_the_cell_comes_last() -> None:
    large, small = cell("large"), cell("small")
    steps = divided([large, small], {("m", "large"): 2})
    ready = ReadySteps(steps)
    mine, other = ready.take(), ready.take()
    names = [[steps[number].label for number in batch] for batch in (mine, other)]
    assert names == [["ask m: large, part 1 of 2", "ask m: small"], ["ask m: large, part 2 of 2"]]
    assert ready.take() == ()
    for batch in (other, mine):
        for number in batch:
            ready.end(number)
        ready.give_back(batch)
    assert [steps[number] for number in ready.take()] == [steps[2]]


def test_what_a_server_answers_and_what_is_timed_is_left_whole() -> None:
    served = Served(url="http://127.0.0.1:1/v1", model="m", api="chat", says="")
    assert may_be_divided(cell()) and not may_be_divided(cell(endpoint=served))
    assert not may_be_divided(parts_of(cell(), 2)[0])


@pytest.mark.parametrize("again", [False, True])
def test_a_cell_whose_metrics_alone_are_new_is_not_divided(tmp_path: Path, again: bool) -> None:
    results, of = ResultsStore(tmp_path), cell(answers="as before")
    found = Cell(key="older", answers="as before", model="m", task="t", status="ok")
    folder = results.cell("m", "t")
    folder.start([])
    folder.finish(found)
    steps = with_parts([of], {("m", "t"): 2}, results, lambda step: again)
    assert [step.kind for step in steps] == (["part", "part", "cell"] if again else ["cell"])


def test_a_part_that_is_done_is_not_begun_again(tmp_path: Path) -> None:
    results, of = ResultsStore(tmp_path), cell()
    first, second = parts_of(of, 2)
    folder = results.of(second)
    folder.start([])
    folder.finish(Cell(key=second.key, model="m", task="t", status="ok"))
    assert with_parts([of], {("m", "t"): 2}, results)[:-1] == [first]
    assert len(with_parts([of], {("m", "t"): 3}, results)) == 4


def test_parts_are_seen_as_one_cell() -> None:
    of, notes = cell(), Notes()
    seen = AsOneCell(notes, [of])
    first, second, last = divided([of], {("m", "t"): 2})
    seen.started(first)
    seen.progressed(first, 2, 9, "examples", Pace(2, 20, 1.0))
    seen.started(second)
    seen.progressed(second, 3, 9, "examples", Pace(3, 30, 2.0))
    seen.noted(second, "again", "killed")
    seen.started(second)
    seen.progressed(second, 4, 9, "examples")
    seen.finished(first)
    seen.failed(second, Failure(kind="error", message="", hint=""))
    seen.started(last)
    seen.finished(last)
    assert notes.said == [
        ("started", of),
        (2, 9, Pace(2, 20, 1.0)),
        (5, 9, Pace(5, 50, 2.0)),
        ("again", of),
        ("started", of),
        (6, 9, Pace(5, 50, 2.0)),
        ("finished", of),
    ]
