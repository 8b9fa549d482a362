"""Answers that are taken over instead of asked for: who may lend, what, and what is kept."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from harness.engines.protocol import EngineSpec
from harness.plan.cell_params import CellParams, LoadOptions
from harness.plan.steps import make_step
from harness.records import Cell, Sample
from harness.results.store import ResultsStore
from harness.runner.cells import answerers
from harness.runner.cells.runner import CellRunner
from harness.runner.jobs import Pace, StepJob
from harness.suite.schema import ClassifyTask
from harness.tasks.prompts import Prompt, PromptSet
from tests.tasks.fakes import FakeEngine

LABELS = ("no", "yes")
ALIKE = "what answers"


def prompt(index: int, name: int, target: str = "yes") -> Prompt:
    """The question `name`, in the place `index`; the engine answers as its number is even or odd."""
    return Prompt(index, f"e{name}", "", (name,), target, (), ((1,), (2,)))


class Bench:
    """A cell that is asked by a fake engine, at one limit or another."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.engines: list[FakeEngine] = []

    def open(self, spec: EngineSpec) -> FakeEngine:
        scores: dict[tuple[int, ...], Sequence[float]] = {
            (name,): (-1.0, -2.0) if name % 2 else (-2.0, -1.0) for name in range(100)
        }
        self.engines.append(FakeEngine(scores))
        return self.engines[-1]

    def run(
        self,
        at: str,
        prompts: list[Prompt],
        lenders: tuple[str, ...] = (),
        alike: str = ALIKE,
    ) -> Cell:
        """Asks the cell in the results folder `at`, and counts anew what is asked."""
        self.engines.clear()
        place = self.folder / "prompts" / at
        place.mkdir(parents=True, exist_ok=True)
        PromptSet(tuple(prompts), LABELS, frozenset(), "plain", 100).write(place)
        params = CellParams(
            task=ClassifyTask(type="classify", dataset="d"), options=LoadOptions(), seed=0
        )
        parents = {"gguf": "m", "prompts": PromptSet.read(place).sha256()}
        step = make_step("cell", "", params, parents, {}, model="m", task="t")
        inputs = {"gguf": "m.gguf", "prompts": str(place), "tokenizer": "none"}
        folders = tuple(str(ResultsStore(self.folder / of).cell("m", "t").folder) for of in lenders)
        job = StepJob(step, inputs, alike=alike, lenders=folders)
        CellRunner(self.folder / at, 1, self.folder / "home").run(job, _silent)
        cell = ResultsStore(self.folder / at).cell("m", "t").result()
        assert cell is not None and cell.key == step.key and cell.prompts == parents["prompts"]
        return cell

    @property
    def asked(self) -> list[int]:
        return sorted(ids[0] for engine in self.engines for ids in engine.asked)

    def samples(self, at: str, key: str) -> list[Sample]:
        return ResultsStore(self.folder / at).cell("m", "t").samples(key)


def _silent(done: int, total: int, unit: str, pace: Pace | None = None) -> None:
    pass


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    made = Bench(tmp_path)
    monkeypatch.setattr(answerers, "open_engine", made.open)
    return made


WHOLE = [prompt(place, name) for place, name in enumerate((3, 4, 5, 8))]
PART = [prompt(place, name) for place, name in enumerate((4, 8))]


def test_a_part_of_what_was_asked_opens_no_model(bench: Bench) -> None:
    whole = bench.run("s", WHOLE)
    assert bench.asked == [3, 4, 5, 8] and whole.alike == ALIKE
    part = bench.run("s@limit-2", PART, lenders=("s",))
    assert not bench.engines
    samples = bench.samples("s@limit-2", part.key)
    assert [(of.index, of.id, of.answer) for of in samples] == [(0, "e4", "yes"), (1, "e8", "yes")]
    assert (part.n, part.metrics["accuracy"].value) == (2, 1.0)
    assert part.seconds == pytest.approx(whole.seconds / 2) and part.engine == whole.engine
    assert len(bench.samples("s", whole.key)) == 4


def test_the_whole_asks_only_for_what_a_part_did_not(bench: Bench) -> None:
    bench.run("s@limit-2", PART)
    whole = bench.run("s", WHOLE, lenders=("s@limit-2",))
    assert bench.asked == [3, 5]
    assert [of.id for of in bench.samples("s", whole.key)] == ["e3", "e4", "e5", "e8"]
    assert whole.metrics["accuracy"].value == 0.5


def test_a_suite_whose_limit_is_lowered_and_raised_again_asks_nothing_again(bench: Bench) -> None:
    whole = bench.run("s", WHOLE)
    part = bench.run("s", PART)
    assert not bench.engines and part.n == 2
    assert bench.samples("s", whole.key) == []
    again = bench.run("s", WHOLE)
    assert not bench.engines and again == whole
    once = bench.run("s", [prompt(0, 5), prompt(1, 60)])
    assert bench.asked == [60] and once.n == 2
    bench.run("s", WHOLE)
    assert not bench.engines


@pytest.mark.parametrize(
    "changed",
    [
        prompt(0, 4, target="no"),
        Prompt(0, "another", "", (4,), "yes", (), ((1,), (2,))),
        Prompt(0, "e4", "", (4,), "yes", (), ((1,), (3,))),
    ],
    ids=["another right answer", "another example", "other choices"],
)
def test_what_is_asked_otherwise_is_asked(bench: Bench, changed: Prompt) -> None:
    bench.run("s", WHOLE)
    bench.run("s@limit-1", [changed], lenders=("s",))
    assert bench.asked == [4]


def test_another_model_lends_nothing_nor_do_results_of_an_older_version(bench: Bench) -> None:
    bench.run("s", WHOLE, alike="another")
    bench.run("s@limit-2", PART, lenders=("s",))
    assert bench.asked == [4, 8]
    bench.run("t", WHOLE, alike="")
    bench.run("t@limit-2", PART, lenders=("t",), alike="")
    assert bench.asked == [4, 8]


def test_what_is_asked_anew_takes_nothing_over(bench: Bench) -> None:
    bench.run("s", WHOLE)
    bench.run("s@limit-2", PART, lenders=())
    assert bench.asked == [4, 8]
