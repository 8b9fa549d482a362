"""Worker processes that are forked from one that has everything imported, in place of such as import it again.

A worker takes five seconds of a processor to import torch, Transformers and llama.cpp, and a run has a dozen of them.
What is forked is a child of the test's process in every other way: it has its own memory, session and group, it is
heard, killed and reaped as any. Workers whose environment says at their start what this one was not started with
(another hub, other folders of Python) are started as always, and so are all where the system is not Linux.
`python -m tests.forking SOCKET` is the process that is forked.
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import io
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import SimpleNamespace
from typing import IO, Any, NoReturn

import pytest

from harness.runner.child import environment

PR_SET_CHILD_SUBREAPER = 36
MODULES = "HF_MODULES_CACHE"
"""Where the code of models is put: read when Transformers is imported, and told to what is forked."""
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

    def __init__(self, forks: socket.socket, env: Mapping[str, str]) -> None:
        """Has it forked.

        Args:
            forks: to the process that has everything imported.
            env: of the worker, all of it.
        """
        given, said, logged, told = os.pipe(), os.pipe(), os.pipe(), os.pipe()
        state = os.memfd_create("state")
        os.write(state, json.dumps({"env": dict(env), "folder": os.getcwd()}).encode())
        os.lseek(state, 0, os.SEEK_SET)
        handed = [given[0], said[1], logged[1], told[1], state]
        with _taking_orphans():
            socket.send_fds(forks, [b"."], handed)
            for end in handed:
                os.close(end)
            with os.fdopen(told[0], "rb") as line:
                pid = int(line.read())
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
    """Stands for `subprocess` where workers are started; the process that is forked starts with the first of them,
    in the environment that there is now."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ours: socket.socket | None = None
        self._started = environment(threads=1, alone=False, network=False)
        self._process: subprocess.Popen[bytes] | None = None

    def popen(self, command: Sequence[str], *, env: Mapping[str, str], **how: Any) -> Any:
        """In place of `subprocess.Popen`."""
        if command[-1] != "harness.runner.worker":
            return subprocess.Popen(command, env=env, **how)
        if _at_start(env) != _at_start(self._started):
            return subprocess.Popen(command, env=env, **how)
        with self._lock:
            if self._ours is None:
                self._ours = self._begin()
        return Forked(self._ours, env)

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
    """Workers that this process starts are forked, while the block runs."""
    if sys.platform != "linux":
        yield
        return
    with pytest.MonkeyPatch.context() as patch:
        stand_in = SimpleNamespace(Popen=forks.popen, PIPE=subprocess.PIPE)
        patch.setattr("harness.runner.child.subprocess", stand_in)
        yield


def _at_start(env: Mapping[str, str]) -> dict[str, str]:
    return {
        name: value
        for name, value in env.items()
        if name.startswith(READ_AT_START) and name != MODULES
    }


def become_worker(
    given: int,
    said: int,
    log: int,
    env: Mapping[str, str],
    first: Callable[[], None] = lambda: None,
) -> NoReturn:
    """Makes this process a worker, with these ends of pipes, which does something first; it never returns."""
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
        sys.stdout, sys.stderr = (
            io.TextIOWrapper(
                io.FileIO(number, "w", closefd=False), encoding="utf-8", write_through=True
            )
            for number in (1, 2)
        )
        import tempfile

        import torch
        import transformers.dynamic_module_utils as own_code

        from harness.runner import worker

        if MODULES in env:
            own_code.HF_MODULES_CACHE = env[MODULES]
        tempfile.tempdir = None
        torch.set_num_threads(int(env.get("OMP_NUM_THREADS", "1")))
        first()
        code = worker.main()
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        os._exit(code)


def import_all(*more: str) -> None:
    """Imports what workers use, once, and more."""
    for name in (
        *more, "torch", "transformers", "peft", "llama_cpp",
        "harness.runner.step_runner", "harness.runner.cells.runner", "harness.models.finetune.run",
        "harness.models.merge.merge", "harness.models.gguf.convert", "harness.engines.hf.engine",
        "harness.engines.llamacpp.engine", "harness.estimate.machine", "harness.runner.steps.models",
        "harness.runner.steps.learning", "harness.runner.steps.checking", "harness.runner.steps.prompting",
        "harness.runner.steps.measuring", "harness.runner.steps.examples",
        "transformers.models.llama.modeling_llama", "harness.resolve.resolver", "harness.analysis.metrics",
    ):  # fmt: skip
        importlib.import_module(name)
    import torch

    torch.set_num_threads(1)


def read_little_memory() -> None:
    """Times the machine's memory on 16 MiB: a round of a speed task is else spent on gigabytes of it, where the
    processor has large caches."""
    from harness.engines import bandwidth

    bandwidth.LEAST_BYTES, bandwidth.TIMES_THE_CACHE, bandwidth.PASSES = 16 * 2**20, 0, 2


def main(ours: socket.socket) -> None:
    """Forks a worker for each word that comes, until nobody is left to say one."""
    import_all()
    read_little_memory()
    gc.freeze()
    while True:
        word, handed, _, _ = socket.recv_fds(ours, 1, 5)
        if not word:
            return
        child = os.fork()
        if child == 0:
            _fork_worker(handed)
        os.waitpid(child, 0)
        for end in handed:
            os.close(end)


def _fork_worker(handed: Sequence[int]) -> NoReturn:
    """Has a worker forked that is nobody's child, which the test's process takes."""
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
    become_worker(given, said, log, start["env"])


if __name__ == "__main__":
    main(socket.socket(fileno=int(sys.argv[1])))
