"""The executor for this machine: every job is a worker process here."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.plan.builder import Plan
from harness.plan.steps import Step
from harness.results.artifacts import ArtifactStore
from harness.results.store import ResultsStore
from harness.runner.jobs import Event, Job, Task
from harness.runner.process import run_job


@dataclass(frozen=True)
class LocalExecutor:
    """Runs steps in worker processes (`harness.runner.walk.Executor`)."""

    plan: Plan
    artifacts: ArtifactStore
    results: ResultsStore
    timeout_seconds: float
    threads: int
    """Of each worker."""
    cores: int
    """Threads of a worker that runs alone."""

    def run(
        self, steps: tuple[Step, ...], hear: Callable[[Event], None], stop: threading.Event
    ) -> None:
        """Runs the steps as one job; keeps what each finds beside the results."""
        by_key = {step.key: step for step in steps}

        def pass_on(event: Event) -> None:
            step = by_key[event.step]
            if event.event == "done" and step.kind not in ("cell", "round"):
                manifest = self.artifacts.manifest(step)
                if manifest is not None:
                    self.results.keep(manifest)
            hear(event)

        alone = steps[0].is_timing
        name = re.sub(r"[^A-Za-z0-9._-]+", "-", steps[0].group)
        job = Job(
            name=name,
            tasks=tuple(self._task(step) for step in steps),
            home=str(self.artifacts.home),
            results=str(self.results.folder),
            threads=self.cores if alone else self.threads,
            alone=alone,
            network=any(step.needs_network for step in steps),
        )
        log = self.results.folder / "logs" / f"{name}.log"
        run_job(job, log, self.timeout_seconds, pass_on, stop)

    def _task(self, step: Step) -> Task:
        inputs: dict[str, str] = {}
        for role, key in step.parents.items():
            inputs[role] = str(Path(self.artifacts.file(self.plan.steps[key])).absolute())
        work = str(self.artifacts.work(step).absolute())
        return Task(step, inputs, permissions_by_role(self.plan, step), work)


def permissions_by_role(plan: Plan, step: Step) -> dict[str, dict[str, Any]]:
    """What the suite allows of each input of a step that is a model's own files."""
    found = {role: plan.permissions(key) for role, key in step.parents.items()}
    return {role: allowed for role, allowed in found.items() if allowed}
