"""What runs on a node: a job in a worker process there, whose events travel back as they come."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

from harness.records import Failure
from harness.runner.jobs import Event, Job
from harness.runner.local import LocalExecutor
from harness.runner.machine import describe_software
from harness.runner.walk import Executor
from harness.runner.writers import writing

ASIDE = {"commit"}
"""Of what a machine says of its software, what may differ."""
QUIET_SECONDS = 1.0
"""How long no event comes before whoever listens has a look by himself."""
SEEN = ".seen-from-every-node"
"""A file in folders that all nodes have to share, while a run goes on."""


def work(
    text: str, timeout_seconds: float, software: Mapping[str, str], token: str
) -> Iterator[str]:
    """Does a job on this node, whose folders are the driver's.

    Args:
        text: the job (`Job.to_json`).
        timeout_seconds: for each step.
        software: of the driver: what is made by other versions has other keys.
        token: what `SEEN` holds in the folders of the job.

    Yields:
        Events (`Event.to_json`).
    """
    job = Job.from_json(text)
    refused = other_software(software) or _other_folders(job, token)
    if refused is not None:
        yield Event(job.steps[0].step.key, "start").to_json()
        yield Event(job.steps[0].step.key, "failed", refused.model_dump()).to_json()
        return
    with writing(Path(job.results)):
        told = events_of(job, LocalExecutor(timeout_seconds))
        yield from (event.to_json() for event in told if event is not None)


def events_of(job: Job, executor: Executor) -> Iterator[Event | None]:
    """A job's events, as its worker process on this machine tells them, and None whenever none has come for a while;
    closed early, it is stopped."""
    told: queue.Queue[Event | None] = queue.Queue()
    stop, wrong = threading.Event(), list[Exception]()

    def run() -> None:
        try:
            executor.run(job, told.put, stop)
        except Exception as error:  # told below, in the thread that is listened to
            wrong.append(error)
        finally:
            told.put(None)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        while True:
            try:
                event = told.get(timeout=QUIET_SECONDS)
            except queue.Empty:
                yield None
                continue
            if event is None:
                break
            yield event
        if wrong:
            raise wrong[0]
    finally:
        stop.set()
        thread.join()


def other_software(wanted: Mapping[str, str]) -> Failure | None:
    """What differs here from the driver's versions, as a failure; None where nothing does."""
    here = describe_software()
    differs = [
        f"{name} {here.get(name, 'missing')} in place of {version}"
        for name, version in wanted.items()
        if name not in ASIDE and here.get(name) != version
    ]
    if not differs:
        return None
    return Failure(
        kind="other-software",
        message=f"a node of the cluster has {', '.join(differs)}",
        hint="Install the same versions on all nodes (constraints.txt): other versions may give others "
        "answers.",
    )


def _other_folders(job: Job, token: str) -> Failure | None:
    for folder in (job.home, job.results):
        try:
            if (Path(folder) / SEEN).read_text() == token:
                continue
        except OSError:
            pass
        return Failure(
            kind="not-shared",
            message=f"a node of the cluster does not see the folder {folder} of this machine",
            hint="Put it on a file system that all nodes share, at the same path.",
        )
    return None
