"""What 10,000 cells cost a run besides their work, from the suite's file to its page, with a stub for models.

They must be planned within 5 s, cost less than 5 ms each (20 ms on Ray), and be summed up and reported within 30 s,
with less than 1 GB in the process that drives, and no more at the end than half-way.
Seconds are those of a processor, beside those of Python's JSON reader and writer for the same files; on Ray they are the
clock's, since there a cell waits for messages.
"""

from __future__ import annotations

import json
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest

from harness.files import write_atomically
from harness.plan.steps import Step
from harness.reporting.write import write_report
from harness.results.answered import read_answered
from harness.runner.run import Options, Outcome, Prepared, prepare, run
from harness.runner.walk import Quiet
from tests.executors import stub
from tests.executors.simulated import cluster_of, intervals, run_there

MODELS, TASKS = 100, 100
CELLS = MODELS * TASKS
PLANNED, PER_CELL, PER_CELL_ON_RAY, TOLD = 5.0, 5e-3, 20e-3, 30.0
MOST_BYTES = 10**9
GROWN = 2e8
"""Bytes that the second half of the cells may add."""


@dataclass
class Watching(Quiet):
    """Notes how large this process is as cells come to be done."""

    resident: list[int] = field(default_factory=list)

    def finished(self, step: Step) -> None:
        self.resident.append(psutil.Process().memory_info().rss if step.kind == "cell" else 0)


@dataclass
class Scaled:
    """A run of ten thousand cells, and what its parts cost, in seconds of a processor."""

    prepared: Prepared
    outcome: Outcome
    planned: float
    ran: float
    resident: list[int]
    reference: float


def processor(do: Callable[[], Any]) -> tuple[Any, float]:
    """What is done, and the seconds of this process that it takes."""
    began = time.process_time()
    made = do()
    return made, time.process_time() - began


def files_alone(place: Path) -> None:
    """The writing and reading of as many results as a run writes, and nothing else."""
    record = json.dumps({"key": "k" * 64, "metrics": {"accuracy": 0.5}, "padding": "p" * 800})
    for number in range(CELLS):
        folder = place / str(number)
        folder.mkdir(parents=True)
        write_atomically(folder / "result.json", record)
        write_atomically(folder / "samples.jsonl", record)
        json.loads((folder / "result.json").read_text())


@pytest.fixture(scope="module")
def scaled(tmp_path_factory: pytest.TempPathFactory) -> Scaled:
    place = tmp_path_factory.mktemp("scaled")
    file = place / "stub.yaml"
    file.write_text(stub.suite_text(MODELS, TASKS))
    options = Options(place / "results", home=place / "home", jobs=2)
    prepared, planned = processor(lambda: prepare(file, options))
    stub.set_seconds(prepared.results.folder, 0.0)
    watching = Watching()
    outcome, ran = processor(
        lambda: run(prepared, options, watching, ["harness run"], stub.InThisProcess())
    )
    _, reference = processor(lambda: files_alone(place / "alone"))
    resident = [size for size in watching.resident if size]
    return Scaled(prepared, outcome, planned, ran, resident, reference)


def test_ten_thousand_cells_are_planned_within_seconds(benchmark: Any, scaled: Scaled) -> None:
    todo = benchmark.pedantic(scaled.prepared.to_do, rounds=1)
    assert todo == [] and len(scaled.outcome.summary.cells) == CELLS
    benchmark.extra_info.update(planned_seconds=scaled.planned)
    assert scaled.planned <= PLANNED


def test_a_cell_costs_little_besides_its_work(benchmark: Any, scaled: Scaled) -> None:
    """Written by the stub, kept, journalled, and summed up: each part of what a run adds."""
    benchmark.pedantic(lambda: None, rounds=1)
    each = scaled.ran / CELLS
    benchmark.extra_info.update(seconds_per_cell=each, of_files_alone=scaled.ran / scaled.reference)
    assert each <= PER_CELL


def test_the_process_that_drives_stays_small(benchmark: Any, scaled: Scaled) -> None:
    benchmark.pedantic(lambda: None, rounds=1)
    half, end = scaled.resident[CELLS // 2], scaled.resident[-1]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    benchmark.extra_info.update(half_bytes=half, end_bytes=end, peak_bytes=peak)
    assert end < MOST_BYTES and end - half < GROWN


def test_a_report_of_ten_thousand_cells_takes_seconds(
    benchmark: Any, scaled: Scaled, tmp_path: Path
) -> None:
    summary, prepared = scaled.outcome.summary, scaled.prepared

    def report() -> list[Path]:
        answered = read_answered(prepared.results.folder, summary, prepared.artifacts.home)
        return write_report(summary, tmp_path / "reports", answered, None)

    files, seconds = processor(lambda: benchmark.pedantic(report, rounds=1))
    size = next(file.stat().st_size for file in files if file.suffix == ".html")
    benchmark.extra_info.update(report_seconds=seconds, page_bytes=size)
    assert seconds <= TOLD


def test_a_cell_costs_little_on_two_nodes_of_ray(benchmark: Any, tmp_path: Path) -> None:
    """From the beginning of the first cell to the end of the last, and of the process that drives from plan to summary."""
    pytest.importorskip("ray")
    suite = stub.suite_text(MODELS, TASKS)
    with cluster_of(2) as cluster:

        def run_all() -> Outcome:
            return run_there(cluster, tmp_path, suite, 0.0)

        outcome, driving = processor(lambda: benchmark.pedantic(run_all, rounds=1))
    assert len(outcome.summary.cells) == CELLS and not outcome.failures
    cells = [one for one in intervals(tmp_path) if one["kind"] == "cell"]
    each = (max(one["ended"] for one in cells) - min(one["began"] for one in cells)) / CELLS
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    benchmark.extra_info.update(seconds_per_cell=each, driving_seconds=driving, peak_bytes=peak)
    assert each <= PER_CELL_ON_RAY
