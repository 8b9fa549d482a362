"""What 10,000 cells cost before any model is asked: planned, and walked with a stub for workers.

They must plan in 5 s, and cost less than 5 ms each in the walk.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.plan.builder import make_plan
from harness.results.artifacts import ArtifactStore
from harness.results.store import ResultsStore
from harness.runner.jobs import Event, Job, JobBuilder
from harness.runner.known import known
from harness.runner.lending import Lending
from harness.runner.run import Prepared
from harness.runner.walk import Quiet, Walk
from harness.suite.reader import Suite, parse_suite
from tests.plan.test_builder import FakeResolver

MODELS, TASKS = 100, 100


class Stub:
    """An executor whose steps are all done at once."""

    one_machine = True

    def run(self, job: Job, hear: Callable[[Event], None], stop: threading.Event) -> None:
        for one in job.steps:
            hear(Event(one.step.key, "start"))
            hear(Event(one.step.key, "done"))


def suite() -> Suite:
    """A base, its fine-tunings, and two GGUFs of each, all asked the same tasks."""
    models = ["base: {source: starter}"]
    for number in range(MODELS // 3):
        tuned = f"{{method: lora, tasks: [task-0], rank: {number + 1}}}"
        models += [
            f"tuned-{number}: {{from: base, finetune: {tuned}}}",
            f"f16-{number}: {{from: tuned-{number}, gguf: F16}}",
            f"q4-{number}: {{from: tuned-{number}, gguf: Q4_K_M}}",
        ]
    data = "{type: classify, dataset: phrasebank-sample, limit: "
    tasks = [f"task-{number}: {data}{number + 1}}}" for number in range(TASKS)]
    lines = ["name: many", "forgetting: false", "models:", *(f"  {line}" for line in models)]
    lines += ["tasks:", *(f"  {line}" for line in tasks)]
    return parse_suite("\n".join(lines), Path("suite.yaml"), known())


def test_planning_ten_thousand_cells(benchmark: Any) -> None:
    asked = suite()
    plan = benchmark.pedantic(make_plan, (asked, FakeResolver().resolve(asked)), rounds=3)
    assert len(plan.cells) == MODELS * TASKS
    benchmark.extra_info.update(cells=len(plan.cells))


@pytest.mark.parametrize("jobs", [1, 4])
def test_walking_ten_thousand_cells(benchmark: Any, jobs: int, tmp_path: Path) -> None:
    asked = suite()
    resolved = FakeResolver().resolve(asked)
    plan, artifacts = make_plan(asked, resolved), ArtifactStore(tmp_path / "home", resolved.places)
    results = ResultsStore(tmp_path / "results")
    lending = Lending(plan, lambda: plan, results, artifacts)
    prepared = Prepared(asked, plan, results, artifacts, lending, plan.cells)
    todo = [step for step in prepared.to_do() if not step.row.in_place]
    builder = JobBuilder(plan, artifacts, results.folder, 1, 1, lending)

    def walk() -> Walk:
        walked = Walk(todo, builder.build, Stub(), Quiet(), jobs)
        walked.run()
        return walked

    walked = benchmark.pedantic(walk, rounds=3)
    assert len(walked.done) == len(todo) and not walked.left
    benchmark.extra_info.update(
        steps=len(todo), seconds_per_step=benchmark.stats["mean"] / len(todo)
    )
