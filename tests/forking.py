"""Workers and converters that are forked from a process that has everything imported, in place of such as import it again.

A worker takes five seconds of a processor to import torch, Transformers and llama.cpp, llama.cpp's converter four, and
a run has a dozen of them. What is forked is a child of the test's process in every other way: it has its own memory,
session and group, it is heard, killed and reaped as any. Those whose environment says at their start what this one was
not started with (other folders of Python, another GPU) are started as always, and so are all where the system is not
Linux. `python -m tests.forking SOCKET` is the process that is forked; workers fork their converters themselves.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import resource
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO, Any, NoReturn

import pytest

from harness.runner.child import environment
from tests.becoming import (
    READ_AGAIN,
    Converter,
    become,
    import_all,
    is_converter,
    is_worker,
    read_little_memory,
    standing_in,
)

PR_SET_CHILD_SUBREAPER = 36
MORE_BYTES, UNSEEN = "TESTS_MORE_BYTES", "TESTS_UNSEEN"
"""The variables that hold how much memory a worker may come to hold beside what it begins with, and, where that is not
empty, that it finds no word of it: as if others had taken the memory since it looked."""
READ_AT_START = ("HF_", "HUGGINGFACE_", "TRANSFORMERS_", "PYTHON", "TORCH", "LD_", "CUDA_", "XDG_")
"""How variables begin that are read while something is imported."""


class Piped:
    """As much of `subprocess.Popen` as a `harness.runner.child.Child` asks of its worker."""

    def __init__(self, pid: int, stdin: int, stdout: int, stderr: int) -> None:
        """Of a child that was forked, and our ends of its pipes."""
        self.pid = pid
        self.returncode: int | None = None
        self.stdin: IO[bytes] = os.fdopen(stdin, "wb")
        self.stdout: IO[bytes] = os.fdopen(stdout, "rb")
        self.stderr: IO[bytes] = os.fdopen(stderr, "rb")

    def wait(self) -> int:
        """Reaps it."""
        if self.returncode is None:
            self.returncode = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return self.returncode


class Forked(Piped):
    """A worker that the process which has everything imported forked."""

    def __init__(self, start: Callable[[tuple[int, int, int]], int]) -> None:
        """Has it forked by `start`, which is told its ends of pipes."""
        given, said, logged = os.pipe(), os.pipe(), os.pipe()
        handed = given[0], said[1], logged[1]
        pid = start(handed)
        for end in handed:
            os.close(end)
        super().__init__(pid, given[1], said[0], logged[0])


_orphans = threading.Lock()


@contextmanager
def _taking_orphans() -> Iterator[None]:
    """A child of a child that has ended becomes one of this process, while the block runs."""
    with _orphans:
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        try:
            yield
        finally:
            ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)


class Forks:
    """Stands for `subprocess` where workers and converters are started; the process that is forked starts with the first
    of them, in the environment that there is now."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ours: socket.socket | None = None
        self._started = environment(threads=1, alone=False, network=False)
        self._process: subprocess.Popen[bytes] | None = None

    def popen(self, command: Sequence[str], *, env: Mapping[str, str], **how: Any) -> Any:
        """In place of `subprocess.Popen`."""
        if sys.platform != "linux":
            return subprocess.Popen(command, env=env, **how)
        start = partial(self._fork, command, env)
        if is_worker(command) and _at_start(env) == _at_start(self._started):
            return Forked(start)
        if is_converter(command) and self._would_start(env):
            return Converter(start)
        return subprocess.Popen(command, env=env, **how)

    def _would_start(self, env: Mapping[str, str]) -> bool:
        """Whether a converter reads at its start what the process that is forked has read, but what is the converter's own."""
        known = {**self._started, **env, "PYTHONPATH": self._started["PYTHONPATH"]}
        known.pop("TRANSFORMERS_OFFLINE", None)  # HF_HUB_OFFLINE says the same
        return _at_start(known) == _at_start(self._started)

    def _fork(
        self, command: Sequence[str], env: Mapping[str, str], ends: tuple[int, int, int]
    ) -> int:
        """The process id of what was forked in place of a command.

        Args:
            command: that it is in place of.
            env: all of it.
            ends: what it reads, and where what it says and logs goes.
        """
        with self._lock:
            if self._ours is None:
                self._ours = self._begin()
        told = os.pipe()
        state = os.memfd_create("state")
        begin = {"command": list(command), "env": dict(env), "folder": os.getcwd()}
        os.write(state, json.dumps(begin).encode())
        os.lseek(state, 0, os.SEEK_SET)
        with _taking_orphans():
            socket.send_fds(self._ours, [b"."], [*ends, told[1], state])
            os.close(told[1])
            os.close(state)
            with os.fdopen(told[0], "rb") as line:
                return int(line.read())

    def _begin(self) -> socket.socket:
        ours, theirs = socket.socketpair()
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "tests.forking", str(theirs.fileno())],
            env={**self._started, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            pass_fds=[theirs.fileno()],
            start_new_session=True,
        )
        theirs.close()
        return ours

    def close(self) -> None:
        """Ends the process that is forked."""
        if self._ours is not None and self._process is not None:
            self._ours.close()
            self._process.wait()


@contextmanager
def forked_workers(forks: Forks) -> Iterator[None]:
    """Workers and converters that this process starts are forked, while the block runs."""
    with pytest.MonkeyPatch.context() as patch:
        for module in ("harness.runner.child", "harness.models.gguf.convert"):
            patch.setattr(f"{module}.subprocess", standing_in(forks.popen))
        yield


def _at_start(env: Mapping[str, str]) -> dict[str, str]:
    return {
        name: value
        for name, value in env.items()
        if name.startswith(READ_AT_START) and name not in READ_AGAIN
    }


def main(ours: socket.socket) -> None:
    """Forks what is asked for with each word that comes, until nobody is left to say one."""
    import_all()
    read_little_memory()
    gc.freeze()
    while True:
        word, handed, _, _ = socket.recv_fds(ours, 1, 5)
        if not word:
            return
        child = os.fork()
        if child == 0:
            _fork(handed)
        os.waitpid(child, 0)
        for end in handed:
            os.close(end)


def _fork(handed: Sequence[int]) -> NoReturn:
    """Has one forked that is nobody's child, which the test's process takes."""
    between = os.getpid()
    if os.fork():
        os._exit(0)
    while os.getppid() == between:
        time.sleep(0.001)
    given, said, log, told, state = handed
    with os.fdopen(state, "rb") as text:
        start = json.loads(text.read())
    os.chdir(start["folder"])
    os.setsid()
    os.write(told, b"%d" % os.getpid())
    os.close(told)
    hold = partial(_hold_no_more_than, start["env"])
    become(start["command"], (given, said, log), start["env"], hold)


def _hold_no_more_than(env: Mapping[str, str]) -> None:
    """Has the kernel refuse what a worker asks for beyond its limit: memory of its own that it may write to, however it
    is had."""
    if MORE_BYTES not in env:
        return
    lines = Path("/proc/self/status").read_text().splitlines()
    held = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmData:"))
    most = held + int(env[MORE_BYTES])
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    if env.get(UNSEEN):
        from harness.engines import memory

        vars(memory)["_within_limits"] = lambda: (memory.UNLIMITED,)


if __name__ == "__main__":
    main(socket.socket(fileno=int(sys.argv[1])))
