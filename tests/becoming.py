"""What a copy of a process that has everything imported does to be a worker, or llama.cpp's converter."""

from __future__ import annotations

import importlib
import io
import os
import runpy
import select
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import IO, Any, NoReturn

from harness.models.gguf import convert

MODULES = "HF_MODULES_CACHE"
READ_AGAIN = (MODULES, "HF_ENDPOINT", "HF_HOME", "HF_HUB_DISABLE_XET", "HF_HUB_OFFLINE", "HF_TOKEN")
"""Variables that are read when huggingface_hub and Transformers are imported, and read again in what is forked."""
WORKERS = ("harness.runner.worker", "harness.chat.worker")
"""Modules that are run as workers."""
CONVERTERS = ("run_converter.py", "convert_hf_to_gguf.py")
"""Scripts that convert: ours around llama.cpp's, and llama.cpp's own."""


def is_worker(command: Sequence[str]) -> bool:
    """Whether a command starts a worker."""
    return command[-1] in WORKERS


def is_converter(command: Sequence[str]) -> bool:
    """Whether a command starts llama.cpp's converter."""
    return Path(command[1]).name in CONVERTERS


def become(
    command: Sequence[str],
    ends: tuple[int, int, int],
    env: Mapping[str, str],
    first: Callable[[], None] = lambda: None,
) -> NoReturn:
    """Makes this process a worker or a converter; it never returns.

    Args:
        command: that it is in place of.
        ends: of pipes or files, for what it is given, says and logs.
        env: all of it.
        first: is done before anything else.
    """
    code: Any = 1
    try:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        for target, source in enumerate(ends):
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
        tempfile.tempdir = None
        _read_again(env)
        first()
        code = _convert(command) if is_converter(command) else _work(command, env)
    except SystemExit as error:
        code = error.code or 0
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        if not isinstance(code, int):
            print(code, file=sys.stderr)
        os._exit(code if isinstance(code, int) else 1)


def _read_again(env: Mapping[str, str]) -> None:
    import transformers.dynamic_module_utils as own_code
    from huggingface_hub import constants

    importlib.reload(constants)
    own_code.HF_MODULES_CACHE = env.get(MODULES, os.path.join(constants.HF_HOME, "modules"))


def _work(command: Sequence[str], env: Mapping[str, str]) -> int:
    import torch

    torch.set_num_threads(int(env.get("OMP_NUM_THREADS", "1")))
    setattr(convert, "subprocess", standing_in(_fork_converter))  # noqa: B010
    code: int = importlib.import_module(command[-1]).main()
    return code


def _convert(command: Sequence[str]) -> int:
    import torch

    torch.set_num_threads(1)  # a copy has no other threads of those that computed before
    sys.argv = list(command[1:])
    sys.path.insert(0, str(Path(command[1]).parent))  # as for any script
    runpy.run_path(command[1], run_name="__main__")
    return 0


class Converter:
    """As much of `subprocess.Popen` as `harness.models.gguf.convert` asks of one that was forked."""

    def __init__(self, start: Callable[[tuple[int, int, int]], int]) -> None:
        """Starts it.

        Args:
            start: gives its process id, when told what it reads, and where what it says and logs goes.
        """
        self.returncode: int | None = None
        self._files = [os.fdopen(os.memfd_create(of), "w+b") for of in ("said", "logged")]
        with open(os.devnull, "rb") as nothing:
            said, logged = (file.fileno() for file in self._files)
            self.pid = start((nothing.fileno(), said, logged))

    def __enter__(self) -> Converter:
        return self

    def __exit__(self, *_: object) -> None:
        self._wait(None)
        for file in self._files:
            file.close()

    def communicate(self, timeout: float) -> tuple[str, str]:
        """What it said and what it logged, once it has ended."""
        self._wait(timeout)
        said, logged = (_text(file) for file in self._files)
        return said, logged

    def kill(self) -> None:
        """Ends it."""
        os.kill(self.pid, signal.SIGKILL)

    def _wait(self, timeout: float | None) -> None:
        if self.returncode is not None:
            return
        handle = os.pidfd_open(self.pid)
        try:
            if not select.select([handle], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired("the converter", timeout or 0.0)
        finally:
            os.close(handle)
        self.returncode = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode("utf-8", "replace")


def standing_in(popen: Callable[..., Any]) -> SimpleNamespace:
    """What takes the place of the module `subprocess` where processes are started by `Popen` alone."""
    return SimpleNamespace(
        Popen=popen, PIPE=subprocess.PIPE, TimeoutExpired=subprocess.TimeoutExpired
    )


def _fork_converter(command: Sequence[str], *, env: Mapping[str, str], **_: Any) -> Converter:
    """In place of `subprocess.Popen` in a worker: the converter is a copy of it."""

    def start(ends: tuple[int, int, int]) -> int:
        child = os.fork()
        if child == 0:
            become(command, ends, env)
        return child

    return Converter(start)


def import_all(*more: str) -> None:
    """Imports what workers use, once, and more."""
    for name in (
        *more, "torch", "transformers", "peft", "llama_cpp", "rouge_score.rouge_scorer",
        "harness.runner.step_runner", "harness.runner.cells.runner", "harness.models.finetune.run",
        "harness.models.merge.merge", "harness.models.gguf.convert", "harness.engines.hf.engine",
        "harness.engines.llamacpp.engine", "harness.estimate.machine", "harness.runner.steps.models",
        "harness.runner.steps.learning", "harness.runner.steps.checking", "harness.runner.steps.prompting",
        "harness.runner.steps.measuring", "harness.runner.steps.examples", "harness.chat.talker",
        "transformers.models.llama.modeling_llama", "harness.resolve.resolver", "harness.analysis.metrics",
    ):  # fmt: skip
        importlib.import_module(name)
    import torch

    torch.set_num_threads(1)


def read_little_memory(put: Callable[[object, str, int], None] = setattr) -> None:
    """Times the machine's memory on 16 MiB: a round of a speed task is else spent on gigabytes of it, where the
    processor has large caches.

    Args:
        put: how an attribute of a module is set.
    """
    from harness.engines import bandwidth

    for name, value in {"LEAST_BYTES": 16 * 2**20, "TIMES_THE_CACHE": 0, "PASSES": 2}.items():
        put(bandwidth, name, value)
