"""What a person sees of a command: it runs in a pseudo terminal of so many columns, and a terminal's emulator draws it."""

from __future__ import annotations

import codecs
import fcntl
import os
import pty
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyte

LINES = 24


class Emulated(pyte.Screen):  # type: ignore[misc]
    """A terminal that keeps what scrolled off, and which of its lines go on from the one above."""

    def __init__(self, columns: int, lines: int = LINES) -> None:
        self.scrolled: list[str] = []
        self.frames: list[list[str]] = []
        self.wrapped = 0
        super().__init__(columns, lines)

    def draw(self, data: str) -> None:
        for letter in data:
            if self.cursor.x == self.columns:
                self.wrapped += 1
            super().draw(letter)

    def index(self) -> None:
        if self.cursor.y == self.lines - 1:
            self.scrolled.append(self.display[0].rstrip())
        super().index()

    def erase_in_line(self, how: int = 0, private: bool = False) -> None:
        """What is erased was shown before: it is one of the frames."""
        shown = self.shown
        if not self.frames or self.frames[-1] != shown:
            self.frames.append(shown)
        super().erase_in_line(how, private)

    @property
    def shown(self) -> list[str]:
        """The lines on the screen, without empty ones behind the last."""
        lines = [line.rstrip() for line in self.display]
        while lines and not lines[-1]:
            lines.pop()
        return lines


@dataclass(frozen=True)
class Seen:
    """A command that has ended."""

    code: int
    raw: str
    """What it wrote, with what steers the terminal."""
    lines: list[str]
    """What stands on the screen and above it at the end."""
    frames: list[list[str]] = field(default_factory=list)
    """What stood on the screen before something of it was erased, one after the other."""
    wrapped: int = 0
    """How often a line went on in the next one because the screen was not wide enough."""

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


def seen(
    command: Sequence[str],
    columns: int,
    environment: Mapping[str, str],
    folder: Path,
    stops_at: str = "",
    seconds: float = 120.0,
) -> Seen:
    """Runs a command to its end in a terminal of its own.

    Args:
        command: and its arguments.
        columns: of the terminal, which has 24 lines.
        environment: all of it.
        folder: in which it runs.
        stops_at: a text; when it has been written Ctrl-C is typed.
        seconds: after which it is killed.
    """
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, columns, 0, 0))
    process = subprocess.Popen(
        command, cwd=folder, env=dict(environment), stdin=theirs, stdout=theirs, stderr=theirs,
        start_new_session=True, preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )  # fmt: skip
    os.close(theirs)
    screen, decoder = Emulated(columns), codecs.getincrementaldecoder("utf-8")("replace")
    stream, raw = pyte.Stream(screen), ""
    until = time.monotonic() + seconds
    try:
        while time.monotonic() < until:
            try:
                data = os.read(ours, 65536)
            except OSError:  # EIO: nobody has the other end any more
                break
            if not data:
                break
            text = decoder.decode(data)
            raw += text
            stream.feed(text)
            if stops_at and stops_at in raw:
                stops_at = ""
                os.write(ours, b"\x03")
        else:
            os.killpg(process.pid, signal.SIGKILL)
    finally:
        os.close(ours)
    code = process.wait(timeout=10)
    return Seen(code, raw, [*screen.scrolled, *screen.shown], screen.frames, screen.wrapped)
