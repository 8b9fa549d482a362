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

import psutil
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
        ("os.kill(os.getpid(), signal.SIGKILL)", "killed", "from outside (SIGKILL)"),
        ("os.kill(os.getpid(), signal.SIGTERM)", "killed", "from outside (SIGTERM)"),
        ("import ctypes; ctypes.string_at(0)", "crash", "SIGSEGV"),
        ("os.abort()", "crash", "SIGABRT"),
        ("os.write(2, b'what():  std::bad_alloc'); os.abort()", "out-of-memory", "std::bad_alloc"),
        ("sys.exit(7)", "crash", "exit code 7"),
    ],
)
def test_a_death_is_a_failure_with_its_reason(
    body: str, kind: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    *_, last = run(body, tmp_path, monkeypatch)
    assert (last.step, last.event, last.data["kind"]) == ("k", "died", kind)
    assert words in last.data["message"]


@pytest.mark.parametrize(
    "said",
    [
        "'no JSON at all'",
        "'\\x1b[2J' * 9",
        "'[1, 2]'",
        "'null'",
        "json.dumps({'step': 'other', 'event': 'done', 'data': {}})",
        "json.dumps({'step': key, 'event': 'exploded', 'data': {}})",
        "json.dumps({'step': key, 'event': 'progress', 'data': {'done': 'many'}})",
        "json.dumps({'step': key, 'event': 'failed', 'data': {'kind': 1}})",
        "'[' * 100000",
        "'x' * (1 << 24) + 'y'",
    ],
)
def test_a_worker_that_says_what_is_no_event_is_ended_and_its_step_fails(
    said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = f"print({said}, flush=True); time.sleep(600)"
    *_, last = run(body, tmp_path, monkeypatch)
    assert (last.step, last.event, last.data["kind"]) == ("k", "failed", "crash")
    assert "no event" in last.data["message"] and "\x1b" not in last.data["message"]


def test_bytes_that_are_no_text_are_no_event_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = r"os.write(1, b'\xff\xfe\x00\n'); time.sleep(600)"
    *_, last = run(body, tmp_path, monkeypatch)
    assert (last.event, last.data["kind"]) == ("failed", "crash")


def test_a_worker_that_ends_before_its_first_step_says_how(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.runner.test_process.WORKER", "import sys\n{body}\n")
    (last,) = run(
        "print('this goes to the log', file=sys.stderr); sys.exit(3)", tmp_path, monkeypatch
    )
    assert (last.step, last.event) == ("k", "died") and "exit code 3" in last.data["message"]


CHILD_KILLED = """
import sys
from harness.errors import KilledError
from harness.runner import step_runner, worker
class Runner:
    def __init__(self, job): print("this goes to the log", file=sys.stderr)
    def do(self, *rest): raise KilledError("the converter was ended from outside", "Go on.")
    def close(self): pass
step_runner.StepRunner = Runner
{body}
"""


def test_a_step_whose_own_child_was_killed_is_told_as_one_whose_worker_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.runner.test_process.WORKER", CHILD_KILLED)
    events = run("sys.exit(worker.main())", tmp_path, monkeypatch)
    assert [(event.step, event.event) for event in events] == [("k", "start"), ("k", "died")]
    assert events[-1].data["kind"] == "killed"


def test_what_a_worker_started_ends_with_it_also_where_it_was_killed_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pid = tmp_path / "pid"
    body = (
        "import subprocess; child = subprocess.Popen(['sleep', '600'], stdout=2); "
        f"open({str(pid)!r}, 'w').write(str(child.pid)); os.kill(os.getpid(), signal.SIGKILL)"
    )
    run(body, tmp_path, monkeypatch)
    assert has_ended(int(pid.read_text()))


def has_ended(pid: int) -> bool:
    """Whether a process is over within ten seconds; whoever its parent is now may not have reaped it."""
    try:
        psutil.Process(pid).wait(timeout=10)
    except psutil.NoSuchProcess:
        return True
    except psutil.TimeoutExpired:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    return True


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's word for it is Linux's")
def test_what_holds_on_in_native_code_ends_with_its_parent_too() -> None:
    """The parent dies of SIGKILL while the child sits in a call that never gives the interpreter back."""
    hold = (
        "import os; from harness.parent import die_with_parent; die_with_parent(os.getppid()); "
        "print(os.getpid(), flush=True); import ctypes; ctypes.PyDLL(None).sleep(600)"
    )
    start = f"import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', {hold!r}]); time.sleep(600)"
    with subprocess.Popen([sys.executable, "-c", start], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        parent.kill()
        parent.wait(10)
        assert has_ended(child)


def test_progress_puts_no_limit_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    body = (
        "import itertools\n"
        "for n in itertools.count(): tell('progress', done=n, total=10**9, unit='x'); time.sleep(0.05)"
    )
    *_, last = run(body, tmp_path, monkeypatch, timeout_seconds=1)
    assert last.data["kind"] == "timeout"


def test_waiting_for_another_process_is_no_part_of_a_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = (
        "tell('waits', message='for 7'); time.sleep(0.7); tell('waits', message=''); tell('done')"
    )
    events = run(body, tmp_path, monkeypatch, timeout_seconds=0.2)
    assert [event.event for event in events] == ["start", "waits", "waits", "done"]


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
