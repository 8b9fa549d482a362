"""A fine-tuning whose process died: what outlives it, and what the next one makes of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.models.finetune.curve import last_point
from harness.plan.params import FinetuneParams
from harness.plan.steps import Step, make_step
from harness.results.artifacts import ArtifactStore
from harness.runner.jobs import Job, Pace, StepJob
from harness.runner.step_runner import StepRunner

STEP = make_step(
    "finetune",
    "fine-tune lora",
    FinetuneParams(method="lora", rank=4, epochs=2.0, batch_tokens=96, seed=0),
    {"weights": "w", "examples": "e"},
    {},
)


def do(home: Path, files: dict[str, str], dies_at: int | None = None) -> list[Pace]:
    """Does the step, or as many optimizer steps of it as its process lives for."""
    told: list[Pace] = []

    def progress(done: int, total: int, unit: str, pace: Pace | None = None) -> None:
        assert pace is not None and unit == "tokens" and done <= total
        told.append(pace)
        if len(told) == dies_at:
            raise KeyboardInterrupt

    task = StepJob(STEP, files, work=str(ArtifactStore(home).work(STEP)))
    job = Job("tune", (task,), str(home), str(home / "results"), threads=1)
    StepRunner(Job.from_json(job.to_json())).do(task, progress)
    return told


def training(home: Path, step: Step) -> dict[str, object]:
    manifest = ArtifactStore(home).manifest(step)
    assert manifest is not None
    return manifest.outcome


def test_where_it_was_outlives_it_and_goes_when_it_is_done(
    tiny: Path, examples: Path, tmp_path: Path
) -> None:
    files = {"weights": str(tiny), "examples": str(examples)}
    with pytest.raises(KeyboardInterrupt):
        do(tmp_path, files, dies_at=3)
    store = ArtifactStore(tmp_path)
    at = last_point(store.work(STEP))
    assert at is not None and at.step == 3
    assert store.manifest(STEP) is None
    told = do(tmp_path, files)
    outcome = training(tmp_path, STEP)
    assert outcome["interrupted"] == [at.model_dump(mode="json")]
    assert not store.work(STEP).exists()
    assert len(told) == outcome["steps"] and {*told[-1].figures} == {"loss"}


def test_one_that_was_not_interrupted_says_nothing(
    tiny: Path, examples: Path, tmp_path: Path
) -> None:
    do(tmp_path, {"weights": str(tiny), "examples": str(examples)})
    assert training(tmp_path, STEP)["interrupted"] == []
