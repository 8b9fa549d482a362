"""What the end of a process means: who ended it, and how much memory there was when it was last looked at.

A process that the kernel ends for want of memory dies of SIGKILL, as one does that a person, a container or a
batch system ends. The kernel counts those that it ended; where it does not say so, the memory that was free tells
whether that is likely.
"""

from __future__ import annotations

import signal
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil

from harness.engines.memory import machine_free_bytes, memory_kills
from harness.engines.oom import SMALLER, tells_of_memory
from harness.engines.process import peak_resident_bytes
from harness.errors import CrashError, HarnessError, KilledError, OutOfMemoryError
from harness.quantities import byte_size

FROM_OUTSIDE = frozenset(
    {signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT}
)
SCARCE = 0.05
"""Share of the machine's memory; with less than that free, running out is the likely reason."""
LOOK_SECONDS = 0.5
LOOKS = 3
"""Looks that a kill is counted against: the kernel counts before the end of a process is heard of."""
LAST_LINES, LAST_BYTES = 8, 4096
"""Of a log, in which a library says why it ended its process."""


class Watch:
    """Looks at a process, and at the machine's memory, while it runs."""

    def __init__(
        self, pid: int, name: str = "the worker", clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Begins with a first look.

        Args:
            pid: of the process.
            name: that messages have for it.
            clock: of the looks.
        """
        self._pid, self._name, self._clock = pid, name, clock
        self._kills: deque[int] = deque(maxlen=LOOKS)
        self._held, self._free = 0, machine_free_bytes()
        self._at = float("-inf")
        self.look()

    def look(self) -> None:
        """Notes what there is; passed over where it was just done."""
        now = self._clock()
        if now - self._at < LOOK_SECONDS:
            return
        self._at = now
        self._kills.append(memory_kills())
        self._held = max(self._held, peak_resident_bytes(self._pid))
        self._free = min(self._free, machine_free_bytes())

    def meaning(self, code: int, log: str, said: Sequence[str] = ()) -> HarnessError:
        """What the end of the process means.

        Args:
            code: negative where it is a signal.
            log: where what it printed can be read, a sentence.
            said: its last lines.
        """
        number = signal.Signals(-code) if code < 0 else None
        if number not in FROM_OUTSIDE:
            told = (
                f"exit code {code}" if number is None else f"signal {number.value} ({number.name})"
            )
            how = f"{self._name} ended with {told}"
            if (word := wanted_memory(said)) is not None:
                return OutOfMemoryError(f"{how}, since memory ran out: {word}", SMALLER)
            return CrashError(how, log)
        held = (
            f"it held {byte_size(self._held)} at most"
            if self._held
            else "what it held is not known"
        )
        known = f"{held}, and {byte_size(self._free)} of the machine's memory were free at least"
        is_scarce = self._free < SCARCE * psutil.virtual_memory().total
        if number == signal.SIGKILL and memory_kills() > self._kills[0]:
            limit = "" if is_scarce else "; the limit that it met is its container's or group's"
            return OutOfMemoryError(
                f"the kernel ended {self._name} because memory ran out ({known}{limit})", SMALLER
            )
        if number == signal.SIGKILL and is_scarce:
            return OutOfMemoryError(
                f"{self._name} was killed, most likely because memory ran out ({known})", SMALLER
            )
        return KilledError(
            f"{self._name} was ended from outside ({number.name}), and not for want of memory ({known})",
            "The same command goes on from here; whoever ended it may do so again.",
        )


def wanted_memory(said: Sequence[str]) -> str | None:
    """The one of a process's last lines that says that it had no memory."""
    return next((line.strip() for line in said if tells_of_memory(line)), None)


def last_lines(log: Path) -> list[str]:
    """What a process printed last; nothing where its log cannot be read."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - LAST_BYTES))
            return file.read().decode(errors="replace").splitlines()[-LAST_LINES:]
    except OSError:
        return []
