"""A cell in parts, asked by fake engines: each example once, whatever is killed, resumed or divided otherwise."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from harness.engines.protocol import EngineSpec, Work
from harness.errors import BadDataError
from harness.plan.cell_params import CellParams, LoadOptions
from harness.plan.parts import parts_of
from harness.plan.steps import Step, make_step
from harness.records import Cell
from harness.results.store import ResultsStore
from harness.runner.cells import answerers
from harness.runner.cells.runner import CellRunner
from harness.runner.jobs import Pace, StepJob
from harness.suite.schema import ClassifyTask
from harness.tasks.prompts import PromptSet
from tests.runner.cells.test_lent import LABELS, prompt
from tests.tasks.fakes import FakeEngine

COUNT = 8


class Killed(BaseException):
    """Stands for the end of a worker."""


class CountingEngine(FakeEngine):
    """Counts two tokens an answer, and may die after some."""

    def __init__(self, lives: int, dtype: str) -> None:
        super().__init__(
            {(name,): (-1.0, -2.0) if name % 2 else (-2.0, -1.0) for name in range(99)}
        )
        self.work, self.lives = Work(), lives
        self.info = replace(self.info, dtype=dtype)

    def choose(self, *given: object) -> Iterator[tuple[int, list[float]]]:
        for found in super().choose(*given):  # type: ignore[arg-type]
            if not self.lives:
                raise Killed
            self.lives -= 1
            self.work.new_tokens += 2
            yield found


class Bench:
    def __init__(self, folder: Path) -> None:
        self.folder, self.engines = folder, list[CountingEngine]()
        self.lives, self.dtype = 99, "float32"
        self.told: list[tuple[int, int]] = []
        place = folder / "prompts"
        place.mkdir()
        prompts = PromptSet(
            tuple(prompt(n, n) for n in range(COUNT)), LABELS, frozenset(), "plain", 9
        )
        prompts.write(place)
        params = CellParams(
            task=ClassifyTask(type="classify", dataset="d"), options=LoadOptions(), seed=0
        )
        self.inputs = {"gguf": "m.gguf", "prompts": str(place), "tokenizer": "none"}
        parents = {"gguf": "m", "prompts": prompts.sha256()}
        self.cell = make_step(
            "cell", "ask m: t", params, parents, {}, model="m", task="t", group="m"
        )

    def open(self, spec: EngineSpec) -> CountingEngine:
        self.engines.append(CountingEngine(self.lives, self.dtype))
        return self.engines[-1]

    def do(self, step: Step, at: str = "here") -> list[int]:
        """Does a step in a process of its own; the prompts that were asked."""
        self.engines.clear()
        self.told.clear()
        job = StepJob(step, self.inputs, alike="alike")
        CellRunner(self.folder / at, 1, self.folder / "home").run(job, self._note)
        return sorted(ids[0] for engine in self.engines for ids in engine.asked)

    def _note(self, done: int, total: int, unit: str, pace: Pace | None = None) -> None:
        self.told.append((done, total))

    def result(self, at: str = "here") -> Cell:
        found = ResultsStore(self.folder / at).cell("m", "t").result()
        assert found is not None and found.key == self.cell.key
        return found

    def samples(self, at: str = "here") -> list[bytes]:
        file = self.folder / at / "cells" / "m" / "t" / "samples.jsonl"
        return sorted(file.read_bytes().splitlines())


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    made = Bench(tmp_path)
    monkeypatch.setattr(answerers, "open_engine", made.open)
    return made


def figures(cell: Cell) -> dict[str, object]:
    return cell.model_dump(exclude={"seconds"})


def test_parts_are_joined_to_the_very_samples_and_figures_and_no_model_is_opened_for_that(
    bench: Bench,
) -> None:
    bench.do(bench.cell, "whole")
    asked = [bench.do(step) for step in parts_of(bench.cell, 3)]
    assert asked == [[0, 3, 6], [1, 4, 7], [2, 5]]
    assert bench.do(bench.cell) == [] and not bench.engines
    assert bench.samples() == bench.samples("whole")
    assert figures(bench.result()) == figures(bench.result("whole"))
    assert bench.result().tokens == 2 * COUNT and bench.result().answered is None


def test_each_part_tells_how_far_it_is_of_the_whole_cell(bench: Bench) -> None:
    first, second = parts_of(bench.cell, 2)
    bench.do(first)
    assert bench.told == [(n, COUNT) for n in range(5)]
    bench.do(second)
    assert bench.told == [(n, COUNT) for n in range(5)]


@pytest.mark.parametrize("later", [1, 2, 3, 5])
def test_parts_that_were_killed_go_on_in_as_many_or_others(bench: Bench, later: int) -> None:
    bench.do(bench.cell, "whole")
    bench.lives = 2
    for step in parts_of(bench.cell, 3)[:2]:
        with pytest.raises(Killed):
            bench.do(step)
    bench.lives, asked = 99, list[int]()
    for step in parts_of(bench.cell, later) if later > 1 else []:
        asked += bench.do(step)
    asked += bench.do(bench.cell)
    assert len(asked) == COUNT - 4, "no answer is asked for twice"
    assert bench.samples() == bench.samples("whole")
    assert figures(bench.result()) == figures(bench.result("whole"))


def test_what_was_asked_in_one_go_before_counts_for_parts(bench: Bench) -> None:
    bench.lives = 3
    with pytest.raises(Killed):
        bench.do(bench.cell)
    bench.lives = 99
    first, second = parts_of(bench.cell, 2)
    assert len(bench.do(first) + bench.do(second)) == COUNT - 3
    bench.do(first)
    assert bench.told[0] == (3 + 3, COUNT), "the first part tells of what is there already, too"
    assert bench.do(bench.cell) == []
    assert bench.result().tokens == 2 * COUNT and bench.result().answered is None


def test_a_part_that_is_done_twice_asks_nothing_and_one_that_is_lost_is_asked_by_the_cell(
    bench: Bench,
) -> None:
    bench.do(bench.cell, "whole")
    first, second = parts_of(bench.cell, 2)
    bench.do(first)
    assert bench.do(first) == [] and not bench.engines
    bench.do(second)
    shutil.rmtree(bench.folder / "here" / "cells" / "m" / "t" / "part-2")
    assert bench.do(bench.cell) == [1, 3, 5, 7]
    assert bench.samples() == bench.samples("whole")
    assert bench.result().tokens == 2 * COUNT


def test_a_line_that_was_cut_off_or_changed_in_a_part_is_asked_again(bench: Bench) -> None:
    for step in parts_of(bench.cell, 2):
        bench.do(step)
    file = bench.folder / "here" / "cells" / "m" / "t" / "part-2" / "samples.jsonl"
    first, second, *rest = file.read_bytes().splitlines()
    file.write_bytes(b"\n".join([first[:20], second.replace(b'"e', b'"x'), *rest]))
    assert len(bench.do(bench.cell)) == 2


def test_parts_that_were_asked_in_other_numbers_are_not_joined(bench: Bench) -> None:
    first, second = parts_of(bench.cell, 2)
    bench.do(first)
    bench.dtype = "bfloat16"
    bench.do(second)
    with pytest.raises(
        BadDataError, match=r"part 1 .* dtype float32, part 2 .* dtype bfloat16"
    ) as wrong:
        bench.do(bench.cell)
    assert "--again m/t" in wrong.value.hint
