"""A worker that dies, hangs or prints: seen through a real process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.plan.cell_params import CellParams, GradedBy, LoadOptions
from harness.plan.params import GgufParams
from harness.plan.places import Places
from harness.plan.steps import Step
from harness.runner import process
from harness.runner.jobs import Event, Job, StepJob
from harness.suite.metrics import MetricRef
from harness.suite.schema import task_of

WORKER = """
import json, os, signal, sys, time
job = json.loads(sys.stdin.readline())
key = job["steps"][0]["step"]["key"]
def tell(event, **data):
    print(json.dumps({{"step": key, "event": event, "data": data}}), flush=True)
tell("start")
print("this goes to the log", file=sys.stderr)
{body}
"""


def job() -> Job:
    return Job(
        "job",
        (StepJob(Step("k", "convert", "label", GgufParams(type="F16"), {}), {}),),
        "home",
        "results",
        1,
    )


def run(
    body: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, timeout_seconds: float = 60
) -> list[Event]:
    """The events of a worker that does `body`."""
    script = tmp_path / "worker.py"
    script.write_text(WORKER.format(body=body))
    real = subprocess.Popen

    def start(command: list[str], **rest: Any) -> Any:
        return real([command[0], str(script)], **rest)

    monkeypatch.setattr(subprocess, "Popen", start)
    heard: list[Event] = []
    log = tmp_path / "logs" / "job.log"
    process.run_job(job(), log, timeout_seconds, heard.append, threading.Event())
    assert "this goes to the log" in log.read_text()
    return heard


def test_events_are_heard_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    body = "tell('progress', done=1, total=2, unit='x'); tell('done')"
    events = run(body, tmp_path, monkeypatch)
    assert [event.event for event in events] == ["start", "progress", "done"]


@pytest.mark.parametrize(
    ("body", "kind", "words"),
    [
        ("os.kill(os.getpid(), signal.SIGKILL)", "out-of-memory", "memory"),
        ("os.kill(os.getpid(), signal.SIGSEGV)", "crash", "SIGSEGV"),
        ("sys.exit(7)", "crash", "exit code 7"),
    ],
)
def test_a_death_is_a_failure_with_its_reason(
    body: str, kind: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    *_, last = run(body, tmp_path, monkeypatch)
    assert (last.step, last.event, last.data["kind"]) == ("k", "failed", kind)
    assert words in last.data["message"]


def test_a_step_that_takes_too_long_is_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = f"open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid())); time.sleep(600)"
    *_, last = run(body, tmp_path, monkeypatch, timeout_seconds=1)
    assert last.data["kind"] == "timeout"
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), signal.SIG_DFL)


@pytest.mark.parametrize("alone", [False, True])
def test_threads_sleep_while_they_wait_but_not_where_time_is_measured(
    alone: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GOMP_SPINCOUNT", raising=False)
    given: dict[str, str] = {}

    def start(command: list[str], env: dict[str, str], **rest: Any) -> Any:
        given.update(env)
        raise OSError("seen enough")

    monkeypatch.setattr(subprocess, "Popen", start)
    with pytest.raises(OSError, match="seen enough"):
        process.run_job(
            replace(job(), threads=3, alone=alone),
            Path(os.devnull),
            1,
            lambda event: None,
            threading.Event(),
        )
    assert ("GOMP_SPINCOUNT" in given) is not alone
    assert given["OMP_NUM_THREADS"] == "3"
    assert given["LRU_CACHE_CAPACITY"] == given["ONEDNN_PRIMITIVE_CACHE_CAPACITY"] == "64"


def test_a_job_is_the_same_after_it_travelled() -> None:
    ref = MetricRef("python", ("score",), (None,), "mine.py:score", "folder")
    task = task_of({"type": "classify", "dataset": "data", "ask": "generate"})
    metric = GradedBy(names=("score",), figures=(None,), config=None, args={"n": [1]}, code="hash")
    params = CellParams(
        task=task,
        options=LoadOptions(threads=2),
        seed=0,
        metrics=(metric,),
        refs=(ref,),
        answers="k",
    )
    step = Step("k", "cell", "label", params, {"gguf": "p"}, after=("a", "b"))
    places = Places({"hash": "path"}, {"other": {"name": "data"}}, {"code": ref})
    job = StepJob(step, {"gguf": "file"}, work="work", home="home", places=places)
    sent = Job("job", (job,), "home", "results", 2, alone=True)
    assert Job.from_json(sent.to_json()) == sent


def test_a_worker_ends_when_its_parent_does() -> None:
    from harness.runner import worker

    assert worker.main.__module__ == "harness.runner.worker"
    read, write = os.pipe()
    command = [
        sys.executable,
        "-c",
        "import sys, threading; from harness.runner.worker import _end_with_parent as end; "
        "threading.Thread(target=end, daemon=True).start(); print('up', flush=True); "
        "threading.Event().wait()",
    ]
    with subprocess.Popen(command, stdin=read, stdout=subprocess.PIPE) as child:
        os.close(read)
        assert child.stdout is not None and child.stdout.readline() == b"up\n"
        os.close(write)
        assert child.wait(timeout=30) == 1
