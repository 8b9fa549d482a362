"""Runs whose processes are forked from one that has everything imported, so that hundreds can be killed.

A worker takes five seconds of a processor to import torch, Transformers and llama.cpp, and a run has a dozen of
them. What is forked does the same in processes of its own: a parent, its workers, and the converter, which is
started as always. `python -m tests.soak.forked FOLDER SEED KILLS` prints what came of it.
"""

from __future__ import annotations

import ctypes
import gc
import io
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import IO, Any, NoReturn

PR_SET_CHILD_SUBREAPER = 36
DIES_AT = "SOAK_DIES_AT"
"""The variable that holds at which call that puts something on disk the first process to make that many ends
itself, a colon, and the file in which that writes its number before."""


class ForkedWorker:
    """As much of `subprocess.Popen` as a `harness.runner.child.Child` asks of its worker."""

    def __init__(self, command: list[str], *, env: dict[str, str], **_: Any) -> None:
        given, said, logged = os.pipe(), os.pipe(), os.pipe()
        self.returncode: int | None = None
        self.pid = _forked()
        if self.pid == 0:
            _become(given[0], said[1], logged[1], env, [given[1], said[0], logged[0]])
        for end in (given[0], said[1], logged[1]):
            os.close(end)
        self.stdin: IO[bytes] = os.fdopen(given[1], "wb")
        self.stdout: IO[bytes] = os.fdopen(said[0], "rb")
        self.stderr: IO[bytes] = os.fdopen(logged[0], "rb")

    def wait(self) -> int:
        """Reaps it."""
        if self.returncode is None:
            self.returncode = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return self.returncode


def _forked() -> int:
    """A copy of this process in a session of its own: 0 in it, its number here, where it leads its group already, as
    with `Popen(start_new_session=True)`: who would end the group finds it."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.setsid()
        os.write(writing, b".")
        os.close(writing)
        os.close(reading)
        return 0
    os.close(writing)
    os.read(reading, 1)
    os.close(reading)
    return pid


def _become(given: int, said: int, log: int, env: dict[str, str], others: list[int]) -> NoReturn:
    """Makes this process a worker; it never returns."""
    code = 1
    try:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        for source, target in ((given, 0), (said, 1), (log, 2)):
            os.dup2(source, target)
        os.closerange(3, 256)
        os.environ.clear()
        os.environ.update(env)
        sys.stdin = io.TextIOWrapper(io.FileIO(0, closefd=False), encoding="utf-8")
        sys.stdout = io.TextIOWrapper(
            io.FileIO(1, "w", closefd=False), encoding="utf-8", write_through=True
        )
        sys.stderr = io.TextIOWrapper(
            io.FileIO(2, "w", closefd=False), encoding="utf-8", write_through=True
        )
        from harness.runner import worker

        _die_while_writing(env)
        code = worker.main()
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        os._exit(code)


class ForkedRun:
    """As much of `subprocess.Popen` as the tests ask of a run."""

    def __init__(
        self, words: list[str], folder: Path, environment: dict[str, str], log: Path
    ) -> None:
        self.returncode: int | None = None
        self.pid = _forked()
        if self.pid == 0:
            _run(words, folder, environment, log)

    def poll(self) -> int | None:
        """Its exit code; None while it runs."""
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def wait(self, timeout: float) -> int:
        """Waits for its end."""
        import psutil

        if self.returncode is None:
            found = psutil.Process(self.pid).wait(timeout)
            self.returncode = -9 if found is None else int(found)
        return self.returncode

    def kill(self) -> None:
        """Ends it."""
        os.kill(self.pid, signal.SIGKILL)


def _run(words: list[str], folder: Path, environment: dict[str, str], log: Path) -> NoReturn:
    """Makes this process a run; it never returns."""
    code: Any = 1
    try:
        descriptor = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(descriptor, 1)
        os.dup2(descriptor, 2)
        os.closerange(3, 256)
        sys.stdout = io.TextIOWrapper(
            io.FileIO(1, "w", closefd=False), encoding="utf-8", write_through=True
        )
        sys.stderr = io.TextIOWrapper(
            io.FileIO(2, "w", closefd=False), encoding="utf-8", write_through=True
        )
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(environment)
        import tempfile

        tempfile.tempdir = None
        sys.argv = ["harness", *words]
        subprocess.Popen = _popen(subprocess.Popen)  # type: ignore[misc]
        from harness.cli import main

        _die_while_writing(environment)
        main()
    except SystemExit as error:
        code = error.code
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        os._exit(code if isinstance(code, int) else 1)


def _die_while_writing(environment: dict[str, str]) -> None:
    """Has the first process that comes so far end in the middle of what makes a file durable: before or
    after it is on disk, or has its name."""
    if DIES_AT not in environment:
        return
    number, marker = environment[DIES_AT].split(":", 1)
    left = int(number)

    def counted(real: Any) -> Any:
        def call(*given: Any, **how: Any) -> Any:
            nonlocal left
            left -= 1
            if left == 0 and _is_first(marker):
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*given, **how)

        return call

    os.fsync, os.replace = counted(os.fsync), counted(os.replace)


def _is_first(marker: str) -> bool:
    try:
        descriptor = os.open(marker, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    except FileExistsError:
        return False
    os.write(descriptor, b"%d" % os.getpid())
    os.close(descriptor)
    return True


def _popen(real: Any) -> Any:
    """Forks what is a worker; starts anything else as always."""

    class Popen(real):  # type: ignore[misc]
        def __new__(cls, command: Any, *rest: Any, **how: Any) -> Any:
            if isinstance(command, list) and command[-1] == "harness.runner.worker":
                return ForkedWorker(command, **how)
            return real(command, *rest, **how)

    return Popen


def import_all() -> None:
    """Imports what workers use, once."""
    import importlib

    for name in (
        "torch", "transformers", "peft", "llama_cpp", "harness.cli.app", "harness.cli.run",
        "harness.runner.step_runner", "harness.runner.cells.runner", "harness.models.finetune.run",
        "harness.models.merge.merge", "harness.models.gguf.convert", "harness.engines.hf.engine",
        "harness.engines.llamacpp.engine", "harness.reporting.write", "harness.estimate.machine",
        "harness.runner.steps.models", "harness.runner.steps.learning", "harness.runner.steps.checking",
        "harness.runner.steps.prompting", "harness.runner.steps.measuring", "harness.runner.steps.examples",
        "transformers.models.llama.modeling_llama", "harness.resolve.resolver", "harness.analysis.metrics",
        "sklearn.feature_extraction.text", "sklearn.linear_model", "sklearn.pipeline", "rouge_score.rouge_scorer",
    ):  # fmt: skip
        importlib.import_module(name)
    import torch

    if sys.platform == "linux":  # orphans of a run that is killed come to this process
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    torch.set_num_threads(1)
    gc.collect()
    gc.freeze()  # a collection in a copy would write to, and so copy, every page that holds an object
