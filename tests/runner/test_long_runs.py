"""Long runs: the memory of what runs cells, and of what hands them out, does not grow with their number."""

from __future__ import annotations

import contextlib
import gc
import os
import tracemalloc
from pathlib import Path

import numpy as np
import psutil
import pytest

from harness.plan.builder import make_plan
from harness.plan.steps import Step
from harness.records import Failure
from harness.results.artifacts import ArtifactStore
from harness.results.store import ResultsStore
from harness.runner.jobs import JobBuilder
from harness.runner.lending import Lending
from harness.runner.run import Options, prepare, run
from harness.runner.walk import Quiet, Walk
from tests.benchmarks.test_walk import Stub, suite
from tests.engines.endpoint.standin import standing_in
from tests.executors import stub
from tests.pipeline.in_process import run_here
from tests.plan.test_builder import FakeResolver

FLAT_BYTES = 1024
"""That a cell may leave behind: what the parent keeps of a step that is done is a flag and its key."""
FLAT_RESIDENT_BYTES = 2048
"""That a cell may add to what a process has in memory, of which an allocator gives back a page at a time."""


class Meter(Quiet):
    """An observer that reads the memory at so many moments of a run."""

    def __init__(self, cells: int, moments: int = 20) -> None:
        self._every, self.ended = max(1, cells // moments), 0
        self.cells: list[int] = []
        self.bytes: list[int] = []
        self.resident: list[int] = []
        self.workers: dict[int, list[tuple[int, int]]] = {}
        """By process: how many cells had ended, and what it had in memory then."""

    def ended_one(self) -> None:
        self.ended += 1
        if self.ended % self._every == 0:
            gc.collect()
            self.cells.append(self.ended)
            self.bytes.append(tracemalloc.get_traced_memory()[0])
            here = psutil.Process()
            self.resident.append(here.memory_info().rss)
            for worker in here.children():
                with contextlib.suppress(psutil.NoSuchProcess):  # it ended in between
                    if "harness.runner.worker" in worker.cmdline():
                        read = (self.ended, worker.memory_info().rss)
                        self.workers.setdefault(worker.pid, []).append(read)

    def finished(self, step: Step) -> None:
        self.ended_one()

    def failed(self, step: Step, failure: Failure) -> None:
        self.ended_one()

    def left_behind(self, of: list[int]) -> float:
        """Bytes a cell by least squares over the second half of the run, when all that is made once is there."""
        return slope(self.cells, of)


def slope(cells: list[int], of: list[int]) -> float:
    """What a cell adds, by least squares over the second half of the readings."""
    half = len(of) // 2
    return float(np.polyfit(cells[half:], of[half:], 1)[0])


OWN, SHARED = "[The bank {n}]", "[The bank]"
"""Prompts of the tasks: those of each are made in a step of their own, or those of all in one."""


def metered(folder: Path, cells: int, prompts: str) -> Meter:
    """A run of so many cells, each asked of a server that stands in."""
    tasks = "".join(
        f"  t{n}: {{type: write, prompts: {prompts.format(n=n)}, max_new_tokens: 2, seed: {n}}}\n"
        for n in range(cells)
    )
    with standing_in() as server:
        (folder / "suite.yaml").write_text(
            f'name: long\nmodels:\n  toy: {{endpoint: {{url: "{server.url}", model: toy, api: completions}}}}\n'
            f"tasks:\n{tasks}"
        )
        server.asked = Forgetting()
        options = Options(results=folder / "results", home=folder / "home")
        prepared = prepare(folder / "suite.yaml", options)
        meter = Meter(len(prepared.cells))
        tracemalloc.start()
        try:
            outcome = run(prepared, options, meter, [])
        finally:
            tracemalloc.stop()
    assert sum(cell.status == "ok" for cell in outcome.summary.cells) == cells
    return meter


class Forgetting(list):  # type: ignore[type-arg]
    """The stand-in's own memory of what it was asked, which is no part of the run."""

    def append(self, one: object) -> None:
        """Forgets it."""


def test_handing_out_steps_keeps_nothing_of_those_that_are_done(tmp_path: Path) -> None:
    asked = suite()
    resolved = FakeResolver().resolve(asked)
    plan, artifacts = (
        make_plan(asked, resolved, 1),
        ArtifactStore(tmp_path / "home", resolved.places),
    )
    results = ResultsStore(tmp_path / "results")
    lending = Lending(plan, lambda: plan, results, artifacts)
    todo = [step for step in (*plan.steps.values(), *plan.cells) if not step.row.in_place]
    builder = JobBuilder(plan, artifacts, results.folder, 1, 1, lending)
    meter = Meter(len(todo))
    walk = Walk(todo, builder.build, Stub(), meter, 1)
    gc.freeze()  # what there is before is looked through at no moment
    tracemalloc.start()
    try:
        walk.run()
    finally:
        tracemalloc.stop()
        gc.unfreeze()
    assert meter.ended == len(todo) >= 1_500
    assert meter.left_behind(meter.bytes) < FLAT_BYTES


@pytest.mark.slow
def test_memory_does_not_grow_with_prompts_and_cells(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_here(monkeypatch)
    meter = metered(tmp_path, 300, OWN)
    grown = meter.left_behind(meter.bytes), meter.left_behind(meter.resident)
    print(f"300 cells: {grown[0]:.0f} bytes a step in objects, {grown[1]:.0f} resident")
    assert grown[0] < FLAT_BYTES


@pytest.mark.soak
def test_memory_does_not_grow_over_20_000_cells_of_a_stub(tmp_path: Path) -> None:
    """Each is asked by a stub in this process, written, kept and summed up as any other."""
    (tmp_path / "stub.yaml").write_text(stub.suite_text(100, 200))
    options = Options(tmp_path / "results", home=tmp_path / "home", jobs=2)
    prepared = prepare(tmp_path / "stub.yaml", options)
    stub.set_seconds(prepared.results.folder, 0.0)
    meter = Meter(len(prepared.cells), moments=40)
    tracemalloc.start()
    try:
        outcome = run(prepared, options, meter, [], stub.InThisProcess())
    finally:
        tracemalloc.stop()
    assert sum(cell.status == "ok" for cell in outcome.summary.cells) == 20_000
    grown = meter.left_behind(meter.bytes), meter.left_behind(meter.resident)
    half, end = meter.bytes[len(meter.bytes) // 2], meter.bytes[-1]
    print(
        f"20,000 cells of a stub: {grown[0]:.0f} bytes a cell in objects, from {half / 1e6:.1f} MB half-way to "
        f"{end / 1e6:.1f} MB at the end; {grown[1]:.0f} bytes a cell resident, {meter.resident[-1] / 1e6:.0f} MB"
    )
    assert grown[0] < FLAT_BYTES


@pytest.mark.soak
def test_memory_of_a_worker_does_not_grow_with_its_cells(tmp_path: Path) -> None:
    cells = int(os.environ.get("CELLS", "20000"))
    meter = metered(tmp_path, cells, SHARED)
    worker = max(meter.workers.values(), key=len)
    assert len(worker) >= 10
    ended, bytes_ = zip(*worker, strict=True)
    of_worker = slope([*ended], [*bytes_])
    of_parent = meter.left_behind(meter.bytes), meter.left_behind(meter.resident)
    print(
        f"{cells} cells in a worker: {of_worker:.0f} bytes a cell resident there, {of_parent[1]:.0f} in the parent, "
        f"{of_parent[0]:.0f} in its objects; the worker from {min(bytes_) / 1e6:.1f} to {max(bytes_) / 1e6:.1f} MB"
    )
    assert of_parent[0] < FLAT_BYTES
    assert of_worker < FLAT_RESIDENT_BYTES
