"""How a command ends that is told to, by Ctrl-C or a signal, and one whose output nobody takes any more."""

from __future__ import annotations

import _thread
import os
import select
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import NoReturn

INTERRUPTED, UNHEARD = 130, 141
"""Exit codes: it was told to end; its output was closed (as a shell shows it of a program that SIGPIPE ended)."""
SAME_SECONDS = 0.3
"""Signals that follow each other so soon are one: a terminal that is closed sends several."""
LONGEST_SECONDS = 4.0
"""For a command to stop by itself."""
GOES_ON = "Interrupted. The same command goes on from here."
_TOLD: list[str] = []
"""Last words of this process."""
SHOW_CURSOR = b"\x1b[?25h"


class Stops:
    """What signals do: the first raises `KeyboardInterrupt` (`HungUpError`, which is one, where the terminal is gone), another
    ends the process at once; so does the first after `LONGEST_SECONDS`, since an exception that is raised anywhere may be
    caught there: in a callback, in a destructor, or by a library that is being imported.

    That loses nothing: what is written is whole at any time, and workers and servers end with their parent.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._clock, self._sleep = clock, sleep
        self._first: float | None = None
        self.last_word = ""
        """What is said where the command has said nothing."""

    @property
    def have_come(self) -> bool:
        """Whether a signal has."""
        return self._first is not None

    def listen(self) -> None:
        """Hears Ctrl-C, SIGTERM and SIGHUP, those of them that whoever started this has not had ignored."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self.hear)

    def hear(self, number: int, frame: FrameType | None) -> None:
        """A signal has come."""
        now = self._clock()
        if self._first is None:
            self._first = now
            # `threading` has locks that whatever was interrupted may hold.
            _thread.start_new_thread(self._end_in_time, ())
            if number != signal.SIGHUP:
                raise KeyboardInterrupt
            from harness.errors import HungUpError  # what is answered at once has no time for it

            raise HungUpError
        if now - self._first > SAME_SECONDS:
            _leave(INTERRUPTED)

    def _end_in_time(self) -> None:
        self._sleep(LONGEST_SECONDS)
        if self.last_word and not _TOLD:
            with suppress(OSError):
                os.write(2, f"{self.last_word}\n".encode())
        _leave(INTERRUPTED)

    def say_last_word(self) -> None:
        """Says it, unless the command has said more itself."""
        if self.last_word and not _TOLD:
            tell(self.last_word)


def _leave(code: int) -> NoReturn:
    """Ends this process now, whatever its threads are at."""
    with suppress(OSError):
        if os.isatty(2):
            os.write(2, SHOW_CURSOR)
    os._exit(code)


def leave(code: int) -> NoReturn:
    """Ends a process that was told to end, and has cleared up: what is still running in it is not waited for, and its exit
    code is not what a library makes of the interruption."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    _leave(code)


def tell(text: str) -> None:
    """A last word on standard error, if anybody hears it."""
    _TOLD.append(text)
    with suppress(OSError, ValueError):
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()


def is_unheard(descriptor: int) -> bool:
    """Whether nobody reads what is written there: a pipe whose other end is closed, a terminal that is gone."""
    poll = select.poll()
    poll.register(descriptor, 0)
    return any(events & (select.POLLERR | select.POLLHUP) for _, events in poll.poll(0))


def end(code: int) -> int:
    """The exit code in the end; what is still to be written to an output that nobody reads goes nowhere."""
    unheard = [descriptor for descriptor in (1, 2) if is_unheard(descriptor)]
    for descriptor in unheard:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, descriptor)
        os.close(nowhere)
    return UNHEARD if unheard and code == 1 else code
