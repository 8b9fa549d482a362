"""Gets a model from the Hub before it is talked to, in a process of its own as a run does."""

from __future__ import annotations

import threading

from harness.engines.process import physical_cores
from harness.errors import HubError
from harness.runner.jobs import Event, JobBuilder
from harness.runner.process import run_job
from harness.runner.run import Prepared


def fetched(prepared: Prepared) -> Prepared:
    """The same plan, with all files of its models here.

    Raises:
        HubError: they cannot be had.
    """
    plan, failures = prepared.plan, list[Event]()
    wanted = [plan.steps[key] for model in plan.models.values() for key in model.parts.values()]
    missing = [step for step in wanted if step.kind == "fetch" and not prepared.is_cached(step)]
    cores = physical_cores()
    builder = JobBuilder(
        plan, prepared.artifacts, prepared.results.folder, cores, cores, prepared.lending
    )

    def hear(event: Event) -> None:
        if event.event == "failed":
            failures.append(event)

    for step in missing:
        log = prepared.artifacts.home / "logs" / "chat" / "fetch.log"
        limit = prepared.suite.spec.defaults.timeout
        run_job(builder.build((step,)), log, limit, hear, threading.Event())
    if failures:
        said = failures[0].data
        raise HubError(str(said["message"]), str(said["hint"]))
    return prepared
