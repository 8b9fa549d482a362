"""Work of known length in place of models: a suite of any size, and what runs its steps on a cluster.

A step takes the seconds that `stub.json` in the results names, asleep, so that many go on side by side on few
cores; it leaves the same on whichever node it runs. What began where stands in `begun.jsonl`, what ran where and
when in `intervals.jsonl`.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.appended import Appended
from harness.records import Cell, Sample, Value
from harness.results.artifacts import ArtifactStore
from harness.results.store import ResultsStore
from harness.runner.jobs import Event, Job, StepJob
from harness.sealed import sealed_line

LABELS = ("negative", "neutral", "positive")
SETTINGS, BEGUN, INTERVALS = "stub.json", "begun.jsonl", "intervals.jsonl"


def suite_text(
    models: int, tasks: int, limit: int = 4, timed: bool = False, compare: int = 0
) -> str:
    """A base, and fine-tunings of it, asked the same tasks; perhaps timed, and some compared with the base."""
    lines = [
        "name: stub",
        "forgetting: false",
        f"defaults: {{limit: {limit}, resources: {{cpus: 1, memory: 1 MB}}}}",
    ]
    lines += ["models:", "  base: {source: starter}"]
    for number in range(1, models):
        tuned = f"{{method: lora, tasks: [task-0], rank: {number}}}"
        lines.append(f"  tuned-{number}: {{from: base, finetune: {tuned}}}")
    lines.append("tasks:")
    for number in range(tasks):
        lines.append(
            f"  task-{number}: {{type: classify, dataset: phrasebank-sample, seed: {number}}}"
        )
    lines += ["  speed: {type: speed, rounds: 1, repetitions: 2}"] * timed
    if compare:
        names = ", ".join(f"tuned-{number}" for number in range(1, compare + 1))
        lines += [
            "compare:",
            f"  tuning: {{baseline: base, candidates: [{names}], tasks: [task-0]}}",
        ]
    return "\n".join(lines)


def set_seconds(results: Path, cell: float, other: float = 0.0) -> None:
    """How long a cell takes, and any other step."""
    results.mkdir(parents=True, exist_ok=True)
    (results / SETTINGS).write_text(json.dumps({"cell": cell, "other": other}))


def work(text: str, *_: Any) -> Iterator[str]:
    """Does a job (`harness.executors.node.work`)."""
    yield from (event.to_json() for event in events_of(Job.from_json(text), node_id()))


def awake() -> Iterator[str]:
    """Has Ray start a worker where this is done, which it keeps for what comes."""
    yield node_id()


def node_id() -> str:
    """Of the Ray node that this runs on."""
    import ray

    return str(ray.get_runtime_context().get_node_id())


def events_of(job: Job, node: str) -> Iterator[Event]:
    """What a worker would tell of a job."""
    results = Path(job.results)
    seconds = json.loads((results / SETTINGS).read_text())
    for one in job.steps:
        yield Event(one.step.key, "start")
        began = time.time()
        said = {"node": node, "step": one.step.label, "kind": one.step.kind, "began": began}
        _append(results / BEGUN, said)
        time.sleep(seconds["cell" if one.step.kind in ("cell", "round") else "other"])
        do(job, one)
        said |= {"timed": one.step.is_timing, "ended": time.time()}
        _append(results / INTERVALS, said)
        yield Event(one.step.key, "done")


def _append(file: Path, said: dict[str, Any]) -> None:
    """A line, in one piece."""
    descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.write(descriptor, (json.dumps(said) + "\n").encode())
    finally:
        os.close(descriptor)


def do(job: Job, one: StepJob) -> None:
    """Writes what a step makes: answers that follow from its key, and findings that a summary can read."""
    step = one.step
    if step.row.gives == "answers":
        _answer(ResultsStore(Path(job.results)), one)
        return
    store = ArtifactStore(Path(job.home))
    with store.making(step, "for a test") as out:
        if out is not None:
            (out / "made").write_text(step.key)
            store.commit(step, out, OUTCOMES.get(step.kind, {}), 0.0)


def _answer(results: ResultsStore, one: StepJob) -> None:
    step = one.step
    folder = results.cell(step.model, step.task)
    if step.kind == "round":
        raise NotImplementedError("a stub times a cell in one round")
    samples = [] if step.is_timing else list(samples_of(step.key, 4))
    folder.start([])
    with Appended(folder.samples_file) as lines:
        for sample in samples:
            lines.line(sealed_line(sample.model_dump_json()))
    right = sum(sample.scores["accuracy"] for sample in samples)
    share = right / len(samples) if samples else None
    folder.finish(
        Cell(
            key=step.key, alike=one.alike, model=step.model, task=step.task, status="ok", n=len(samples), seconds=1.0,
            metrics={} if share is None else {"accuracy": Value(value=share, low=0.0, high=1.0, n=len(samples))},
            engine={"engine": "stub", "parameters": 1000}, footprint={"disk_bytes": 1000, "peak_resident_bytes": 1000, "peak_device_bytes": 0},
            prompts="stub",
        )
    )  # fmt: skip


def samples_of(key: str, count: int) -> Iterator[Sample]:
    """Answers that follow from a cell's key alone."""
    for index in range(count):
        byte = hashlib.sha256(f"{key} {index}".encode()).digest()[0]
        target, answer = LABELS[index % 3], LABELS[byte % 3]
        scores = {"accuracy": float(answer == target), "unparsed": 0.0}
        yield Sample(
            key=key, index=index, id=f"e{index}", target=target, answer=answer, scores=scores
        )


OUTCOMES: dict[str, dict[str, Any]] = {
    "prompts": {"sha256": "stub", "n": 4, "available": 100, "labels": list(LABELS), "example_prompt": "?"},
    "check": {"checks": []},
    "examples": {"learned": []},
    "finetune": {
        "method": "lora", "steps": 1, "examples": 4, "epochs": 1.0, "tokens": 100, "answer_tokens": 10, "seconds": 1.0,
        "first_loss": 2.0, "final_loss": 1.0, "trainable_parameters": 10, "total_parameters": 1000,
        "peak_resident_bytes": 1000, "hyperparameters": {}, "curve": [],
    },
}  # fmt: skip


@dataclass
class InThisProcess:
    """An executor whose steps are done by the stub, here (`harness.runner.walk.Executor`)."""

    one_machine = True

    def run(self, job: Job, hear: Any, stop: threading.Event) -> None:
        for event in events_of(job, "here"):
            if stop.is_set():
                return
            hear(event)
