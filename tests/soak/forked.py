"""Runs whose processes are forked from one that has everything imported, so that hundreds can be killed.

A worker takes five seconds of a processor to import torch, Transformers and llama.cpp, and a run has a dozen of
them. What is forked does the same in processes of its own: a parent, its workers, and their converters.
`python -m tests.soak.forked FOLDER SEED KILLS` prints what came of it.
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
from typing import Any, NoReturn

from tests.becoming import become
from tests.becoming import import_all as import_workers
from tests.forking import PR_SET_CHILD_SUBREAPER, Piped

DIES_AT = "SOAK_DIES_AT"
"""The variable that holds at which call that puts something on disk the first process to make that many ends
itself, a colon, and the file in which that writes its number before."""


class ForkedWorker(Piped):
    """A worker that its run forked."""

    def __init__(self, command: list[str], *, env: dict[str, str], **_: Any) -> None:
        given, said, logged = os.pipe(), os.pipe(), os.pipe()
        pid = _forked()
        if pid == 0:
            become(command, (given[0], said[1], logged[1]), env, lambda: _die_while_writing(env))
        for end in (given[0], said[1], logged[1]):
            os.close(end)
        super().__init__(pid, given[1], said[0], logged[0])


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
    """Imports what runs and their workers use, once."""
    import_workers(
        "harness.cli.app", "harness.cli.run", "harness.reporting.write", "sklearn.feature_extraction.text",
        "sklearn.linear_model", "sklearn.pipeline",
    )  # fmt: skip
    if sys.platform == "linux":  # orphans of a run that is killed come to this process
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    gc.collect()
    gc.freeze()  # a collection in a copy would write to, and so copy, every page that holds an object
