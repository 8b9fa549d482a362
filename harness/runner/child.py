"""A worker process, seen from its parent: started, sent lines, heard line by line, ended with all it started."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import threading
from pathlib import Path
from typing import IO

from harness.concealed import keep
from harness.engines.deaths import Watch, last_lines
from harness.errors import HarnessError
from harness.interpreter import python_command, python_environment

SPIN_COUNT = 600
"""Turns of the loop, some 20 µs in all, that a thread waits for others before it sleeps."""
ROUTINES = 64
"""Sizes of product that oneDNN, and ideep above it, keep a routine for (their default is 1,024)."""
LOG_SECONDS = 2.0
"""For the last lines of a process that has ended to come into its log."""
LONGEST_LINE = 1 << 24
"""Bytes; a process that says more without an end of line says nothing that is understood."""


class Child:
    """`python -m MODULE`, which reads lines and writes lines; what else it prints goes to a log, without secrets."""

    def __init__(
        self, module: str, log: Path, threads: int = 0, alone: bool = False, network: bool = False
    ) -> None:
        """Starts it.

        Args:
            module: that is run.
            log: a file; its folder is made.
            threads: most that it takes; 0: no limit of ours.
            alone: whether time is measured in it.
            network: whether it downloads something.
        """
        self._log = log
        log.parent.mkdir(parents=True, exist_ok=True)
        log.touch()
        self._process = subprocess.Popen(
            python_command("-m", module),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment(threads, alone, network),
            start_new_session=True,
        )
        self._watch = Watch(self._process.pid)
        self.lines: queue.Queue[str | None] = queue.Queue()
        """What it says; None when it has said all."""
        assert self._process.stdout is not None and self._process.stderr is not None
        reading = (self._process.stdout, self.lines)
        threading.Thread(target=_read, args=reading, daemon=True).start()
        keeping = (self._process.stderr, log)
        self._keeping = threading.Thread(target=keep, args=keeping, daemon=True)
        self._keeping.start()

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self._ended(wait=False) is None

    def look(self) -> None:
        """Notes how much memory it has, for the case that it dies."""
        self._watch.look()

    def send(self, line: str) -> None:
        """Says something to it; nothing where it has ended."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(f"{line}\n".encode())
            self._process.stdin.flush()

    def death(self) -> HarnessError:
        """What the end of a process that owed an answer most likely means; waits for it, and for its last words."""
        code = self._ended(wait=True)
        assert code is not None
        self._keeping.join(LOG_SECONDS)
        return self._watch.meaning(code, f"Its log is {self._log}.", last_lines(self._log))

    def _ended(self, wait: bool) -> int | None:
        """Its exit code (negative: a signal), None while it runs.

        It is not reaped, so that its number stays that of its group until `kill`.
        """
        if self._process.returncode is not None:
            return self._process.returncode
        found = os.waitid(
            os.P_PID, self._process.pid, os.WEXITED | os.WNOWAIT | (0 if wait else os.WNOHANG)
        )
        if found is None:
            return None
        return found.si_status if found.si_code == os.CLD_EXITED else -found.si_status

    def kill(self) -> None:
        """Ends the process and what it started, also where it has ended before those, and reaps it."""
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._keeping.join(LOG_SECONDS)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()


def environment(threads: int, alone: bool, network: bool) -> dict[str, str]:
    """Workers that do not download stay off the network, and all take no more threads than they were given.

    Routines for products are kept for a bounded number of sizes, since every batch has its own: over
    10,000 examples they would take 250 MB. Threads that wait for each other soon go to sleep (see docs/decisions.md), but not where time is
    measured: there they wait as they would for any other program.
    """
    settings = {
        **({} if network else {"HF_HUB_OFFLINE": "1"}),
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "TOKENIZERS_PARALLELISM": "false",
        "PYTHONUNBUFFERED": "1",
        "ONEDNN_PRIMITIVE_CACHE_CAPACITY": str(ROUTINES),
        "LRU_CACHE_CAPACITY": str(ROUTINES),
    }
    if not alone:
        settings |= {"GOMP_SPINCOUNT": str(SPIN_COUNT), "KMP_BLOCKTIME": "1"}
    if threads:
        settings["OMP_NUM_THREADS"] = str(threads)
    return python_environment({**os.environ, **settings})


def _read(stream: IO[bytes], lines: queue.Queue[str | None]) -> None:
    with contextlib.suppress(ValueError):  # closed by `kill`
        while line := stream.readline(LONGEST_LINE):
            lines.put(line.decode("utf-8", "replace"))
    lines.put(None)
