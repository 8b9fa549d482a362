"""Rounds of a timing: each is kept whole or timed anew, and the last one sums up."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from harness.engines.protocol import EngineSpec
from harness.errors import BadDataError, BadModelError
from harness.plan.cell_params import CellParams, LoadOptions
from harness.plan.rounds import rounds_of
from harness.plan.steps import Step, make_step
from harness.records import Cell, SpeedDetails
from harness.results.cell_folder import CellFolder
from harness.results.store import ResultsStore
from harness.runner.cells import timed
from harness.runner.cells.runner import CellRunner
from harness.runner.cells.timed import OtherPrograms
from harness.runner.jobs import Pace, StepJob
from harness.runner.machine import describe_machine
from harness.suite.schema import SpeedTask
from tests.tasks.fakes import FakeEngine

SPEC = SpeedTask(type="speed", prompt_tokens=[8], new_tokens=4, repetitions=5)


class Bench:
    """A cell to be timed by fake engines."""

    def __init__(self, folder: Path) -> None:
        self.results = ResultsStore(folder)
        self.engines: list[FakeEngine] = []
        self.progress: list[tuple[int, int, str]] = []
        self.threads: list[int] = []
        self.folder: CellFolder = self.results.cell("m", "speed")

    def open(self, spec: EngineSpec) -> FakeEngine:
        self.threads.append(spec.threads)
        self.engines.append(FakeEngine())
        return self.engines[-1]

    def steps(self, **changes: object) -> list[Step]:
        spec = SPEC.model_copy(update=changes)
        params = CellParams(task=spec, options=LoadOptions(), seed=0)
        cell = make_step("cell", "", params, {}, {}, model="m", task="speed")
        return rounds_of(cell, len(spec.shares))

    def run(self, step: Step) -> None:
        job = StepJob(step, {"gguf": "model.gguf"})
        CellRunner(self.results.folder, 4, self.results.folder / "home").run(job, self.count)

    def count(self, done: int, total: int, unit: str, pace: Pace | None = None) -> None:
        assert pace is None
        self.progress.append((done, total, unit))

    def result(self) -> Cell:
        found = self.folder.result()
        assert found is not None
        return found


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    made = Bench(tmp_path)
    monkeypatch.setattr(timed, "open_engine", made.open)
    return made


def test_all_rounds_together_are_the_cell(bench: Bench) -> None:
    steps = bench.steps()
    for step in steps:
        assert bench.folder.result() is None
        bench.run(step)
    cell = bench.result()
    assert (cell.key, cell.status, cell.n) == (steps[-1].key, "ok", 5)
    assert len(bench.folder.samples(cell.key)) == 2 * 5
    assert [repetitions for engine in bench.engines for _, repetitions in engine.timed] == [
        2, 2, 2, 2, 1, 1,
    ]  # fmt: skip
    assert cell.metrics["decode_tokens_per_second"].value == 2.0
    assert cell.metrics["ttft_seconds"].n == 5
    assert cell.metrics["itl_p99_seconds"].n == 5 * 4
    assert cell.metrics["load_seconds"].value == 0.5
    assert cell.machine == describe_machine()


def test_the_details_hold_every_repetition_and_what_was_set(bench: Bench) -> None:
    for step in bench.steps(batch_sizes=[1, 2]):
        bench.run(step)
    details = SpeedDetails.model_validate(bench.result().details["speed"])
    assert details.shapes[0].repetitions == [[16.0, 16.0], [16.0, 16.0], [16.0]]
    assert details.shapes[-1].limit_tokens_per_second == pytest.approx(2 * 1e6 / 10_500)
    assert details.settings == {"cache": "F16"}
    assert len(details.started) == 3


def test_progress_counts_the_repetitions_of_the_round(bench: Bench) -> None:
    bench.run(bench.steps()[0])
    assert bench.progress == [(done, 4, "repetitions") for done in range(5)]


def test_a_model_that_fits_into_the_cache_has_no_share_of_the_memory_limit(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    for step in bench.steps():
        bench.run(step)
    assert bench.result().metrics["roofline_share"].value == pytest.approx(2.0 * 10_250 / 1e6)
    monkeypatch.setattr("tests.tasks.fakes.FakeStopwatch.weight_bytes", lambda *_: 1)
    for step in bench.steps(repetitions=4):
        bench.run(step)
    assert "roofline_share" not in bench.result().metrics


def test_a_finished_round_is_not_timed_again(bench: Bench) -> None:
    steps = bench.steps()
    bench.run(steps[0])
    assert [bench.folder.has_round(step) for step in steps] == [True, False, False]
    before = bench.folder.samples_file.read_text()
    bench.run(steps[0])
    assert len(bench.engines) == 1
    assert bench.folder.samples_file.read_text() == before


def test_an_interrupted_round_is_timed_anew_and_the_others_are_kept(bench: Bench) -> None:
    steps = bench.steps()
    bench.run(steps[0])
    first = bench.folder.samples_file.read_text()
    bench.run(steps[1])
    (bench.folder.folder / "round-2.json").unlink()
    half = bench.folder.samples_file.read_text()[: -len(first) // 3]
    bench.folder.samples_file.write_text(half)
    assert not bench.folder.has_round(steps[1])
    bench.run(steps[1])
    assert bench.folder.samples_file.read_text().startswith(first)
    indices = [sample.index for sample in bench.folder.samples(steps[-1].key)]
    assert indices == list(range(8))


def test_a_round_whose_samples_are_gone_is_not_finished(bench: Bench) -> None:
    steps = bench.steps()
    bench.run(steps[0])
    bench.folder.samples_file.write_text("")
    assert not bench.folder.has_round(steps[0])


def test_rounds_of_another_task_do_not_count(bench: Bench) -> None:
    for step in bench.steps():
        bench.run(step)
    other = bench.steps(new_tokens=5)
    assert not any(bench.folder.has_round(step) for step in other)
    bench.run(other[0])
    assert {sample.key for sample in bench.folder.samples(other[-1].key)} == {other[-1].key}
    assert bench.folder.result() is None


def test_a_result_without_all_its_rounds_is_refused(bench: Bench) -> None:
    with pytest.raises(BadDataError, match="Round 1 of m/speed"):
        bench.run(bench.steps()[-1])


def test_a_model_that_cannot_be_opened_leaves_no_round(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(spec: EngineSpec) -> FakeEngine:
        raise BadModelError("damaged")

    monkeypatch.setattr(timed, "open_engine", fail)
    with pytest.raises(BadModelError):
        bench.run(bench.steps()[0])
    assert bench.folder.rounds(bench.steps()[-1].key) == {}


def test_a_small_model_is_timed_by_one_thread_as_it_is_asked(bench: Bench) -> None:
    bench.run(bench.steps()[0])
    assert bench.threads == [1]


def test_what_this_process_does_is_not_counted_as_others_work() -> None:
    # The machine may be busy with anything, but not with more than there is.
    others, deadline = OtherPrograms(), time.process_time() + 0.2
    while time.process_time() < deadline:
        pass
    import psutil

    assert 0 <= others.cores() <= (psutil.cpu_count() or 1)


def test_others_are_what_the_machine_did_without_us(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = iter([(10.0, 100.0), (14.0, 106.0)])
    monkeypatch.setattr(OtherPrograms, "_seconds", lambda self: next(seconds))
    assert OtherPrograms().cores() == 1.5
