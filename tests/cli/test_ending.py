"""Commands that are told to end, by a terminal or a signal, and commands whose output nobody takes."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import psutil
import pytest

from harness.cli.ending import GOES_ON, Stops, is_unheard
from harness.interpreter import ROOT
from tests.exports.made_results import write_results

LONGEST_SECONDS = 120
RUN = """
import sys
from harness.cli import run as command
from harness.runner import process
from harness.runner.child import Child

process.Child = lambda module, *rest: Child("asleep", *rest)
command._say_before = lambda *rest: None
from harness.cli import main
main()
"""
ASLEEP = """
import ctypes, json, os, sys
from harness.parent import die_with_parent
die_with_parent(os.getppid())
job = json.loads(sys.stdin.readline())
print(json.dumps({"step": job["steps"][0]["step"]["key"], "event": "start", "data": {}}), flush=True)
open(os.environ["PIDS"], "a").write(f"{os.getpid()}\\n")
ctypes.PyDLL(None).sleep(600)
"""
SUITE = """\
name: small
models:
  base: {source: starter}
tasks:
  sentiment: {type: classify, dataset: phrasebank-sample, limit: 2}
"""


class Running:
    """`harness run` with a worker that never ends by itself."""

    def __init__(self, folder: Path, **how: Any) -> None:
        for name, text in (("run.py", RUN), ("asleep.py", ASLEEP), ("suite.yaml", SUITE)):
            (folder / name).write_text(text)
        self._pids = folder / "pids"
        os.mkfifo(self._pids)
        environment = {
            **os.environ,
            "HARNESS_HOME": str(folder / "home"),
            "PIDS": str(self._pids),
            "PYTHONPATH": os.pathsep.join((str(ROOT), str(folder))),
        }
        self.process = subprocess.Popen(
            [sys.executable, "run.py", "run", "suite.yaml"],
            cwd=folder,
            env=environment,
            preexec_fn=_hear_all,
            **how,
        )
        with self._pids.open() as told:  # until the worker has begun
            self.worker = int(told.readline())

    def code(self) -> int:
        return self.process.wait(LONGEST_SECONDS)


def _hear_all() -> None:
    """As in a shell that is used: background jobs and nohup have signals ignored."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def is_over(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_a_run_that_says_how_it_goes_on(
    number: signal.Signals, tmp_path: Path
) -> None:
    running = Running(tmp_path, stderr=subprocess.PIPE, stdout=subprocess.PIPE)
    running.process.send_signal(number)
    _, said = running.process.communicate(timeout=LONGEST_SECONDS)
    assert running.process.returncode == 130
    assert b"Interrupted. The same command goes on from here." in said
    assert b"Traceback" not in said
    assert is_over(running.worker)


def test_ctrl_c_in_a_terminal_stops_a_run(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    running = Running(tmp_path, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True)
    os.close(theirs)
    os.killpg(running.process.pid, signal.SIGINT)  # as the terminal sends it to all that it shows
    said = drained(ours)
    assert running.code() == 130
    assert b"Interrupted. The same command goes on from here." in said and b"Traceback" not in said
    assert is_over(running.worker)


def test_a_terminal_that_is_closed_ends_a_run_quietly(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    running = Running(tmp_path, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True)
    os.close(theirs)
    os.close(ours)
    running.process.send_signal(signal.SIGHUP)
    assert running.code() == 130
    assert is_over(running.worker)


def drained(terminal: int) -> bytes:
    """All that is written to a terminal until it is left."""
    said = b""
    try:
        while part := os.read(terminal, 4096):
            said += part
    except OSError:  # nobody has its other end any more
        pass
    os.close(terminal)
    return said


def test_the_first_signal_raises_one_that_follows_at_once_is_the_same_and_another_ends_the_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ended: list[int] = []
    monkeypatch.setattr(os, "_exit", ended.append)
    moments = iter([10.0, 10.1, 12.0])
    never = threading.Event()

    def sleep(seconds: float) -> None:
        never.wait()

    stops = Stops(lambda: next(moments), sleep)
    with pytest.raises(KeyboardInterrupt):
        stops.hear(signal.SIGINT, None)
    stops.hear(signal.SIGHUP, None)
    assert ended == []
    stops.hear(signal.SIGINT, None)
    assert ended == [130]


SWALLOWED = """
import functools, os, signal, sys, threading
from harness.cli import ending, _end
import harness.cli
went_on = threading.Event()

class Swallows:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGTERM)
        [None for _ in range(10_000)]

def run():
    Swallows()
    sys.stderr.write("went on\\n")
    sys.stderr.flush()
    went_on.set()
    signal.pause()

ending.Stops = functools.partial(ending.Stops, sleep=lambda seconds: went_on.wait())
harness.cli._run = run
sys.exit(_end(sys.argv[1:]))
"""


def test_a_signal_that_a_library_swallows_ends_a_run_all_the_same() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SWALLOWED, "run"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "went on" in done.stderr, "the exception is lost where it is raised"
    assert done.returncode == 130
    assert "Interrupted. The same command goes on from here." in done.stderr


def test_what_a_library_makes_of_an_interruption_is_not_the_exit_code() -> None:
    # An extension that runs Python by PyRun_String has the interpreter end by SIGINT, whoever caught it.
    code = """
import ctypes, harness.cli
def run():
    api = ctypes.pythonapi
    api.PyRun_String.restype = ctypes.py_object
    api.PyRun_String(b"raise KeyboardInterrupt", 257, ctypes.py_object({}), ctypes.py_object({}))
harness.cli._run = run
harness.cli.main()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 130, done.stderr


def test_a_run_that_is_stopped_before_anything_says_how_it_goes_on() -> None:
    code = "import harness.cli\ndef run(): raise KeyboardInterrupt\nharness.cli._run = run\nharness.cli.main()"
    words = [sys.executable, "-c", code]
    done = subprocess.run([*words, "run"], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (130, f"{GOES_ON}\n")
    done = subprocess.run([*words, "view"], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (130, "")


def test_signals_that_whoever_started_it_has_ignored_stay_so() -> None:
    code = (
        "import signal; from harness.cli.ending import Stops\n"
        "signal.signal(signal.SIGHUP, signal.SIG_IGN); Stops().listen()\n"
        "assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN\n"
        "assert signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("closed", ["stdout", "stderr"])
def test_an_output_that_is_closed_ends_a_command_quietly(closed: str, tmp_path: Path) -> None:
    results = write_results(tmp_path)
    words = ["report", str(results), "--markdown"] if closed == "stdout" else ["report", "nowhere"]
    ours, theirs = os.pipe()
    os.close(ours)
    streams: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, closed: theirs}
    done = subprocess.run([sys.executable, "-m", "harness", *words], cwd=tmp_path, **streams)
    os.close(theirs)
    assert done.returncode in (141, 2)
    assert b"Traceback" not in (done.stderr or b"") and b"Exception" not in (done.stderr or b"")


def test_a_pipe_is_unheard_once_its_reader_is_gone() -> None:
    ours, theirs = os.pipe()
    assert not is_unheard(theirs)
    os.close(ours)
    assert is_unheard(theirs)
    os.close(theirs)
