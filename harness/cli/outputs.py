"""What a terminal is sent: nothing that a stranger's text could steer it by.

An escape sequence in a model's name or in an answer moves the cursor, rewrites what was said, sets a window's title;
a bidirectional control turns a line around.
"""

from __future__ import annotations

import codecs
import re
import sys
import threading
import unicodedata
from collections.abc import Iterable
from types import TracebackType
from typing import Any, TextIO

_STEERING = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufff9-\ufffb\U000e0000-\U000e007f]"
)
"""C0 but tab and line feed, DEL, C1; bidirectional controls (UAX #9), line separators, anchors and tags."""


def without_steering(text: str) -> str:
    """The text without what steers a terminal, as wide as Rich counts it."""
    return text if text.isprintable() else _STEERING.sub("", text)


def spelled(text: str) -> str:
    r"""The text with what steers a terminal written as JSON would, such as `\u001b`: JSON stays what it was."""
    return text if text.isprintable() else _STEERING.sub(_spelled, text)


def _spelled(found: re.Match[str]) -> str:
    units = found[0].encode("utf-16-be").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))


class Output:
    """A stream that is written to as any other, and spells what would steer a terminal.

    Rich, whose own sequences steer it, writes to the stream behind; `CleanConsole` leaves out what others bring.
    """

    def __init__(self, behind: TextIO) -> None:
        self.rich_proxied_file = behind

    def write(self, text: str) -> int:
        """Writes a text; how many characters were written does not tell how many stand there."""
        self.rich_proxied_file.write(spelled(text))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Writes texts one behind the other."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.rich_proxied_file, name)


def guard_tracebacks() -> None:
    """From here on what nobody foresaw is printed without the environment's secrets, in whichever thread it happens: a
    traceback ends with what a library said."""
    sys.excepthook = _traced
    threading.excepthook = lambda of: _traced(of.exc_type, of.exc_value, of.exc_traceback)


def _traced(
    kind: type[BaseException], error: BaseException | None, where: TracebackType | None
) -> None:
    if issubclass(kind, SystemExit):  # of a thread; as Python does
        return
    import traceback

    from harness.concealed import concealed

    sys.stderr.write(concealed("".join(traceback.format_exception(kind, error, where))))


def hand_over(text: str) -> None:
    """Writes to standard output what other programs read, or what is asked for as it is: no line is broken."""
    sys.stdout.write(text)


def hand_over_json(data: Any, indent: int | None = None) -> None:
    """The same of JSON, with a line's end."""
    import json  # what is answered at once has no time for it

    hand_over(f"{json.dumps(data, indent=indent)}\n")


PLAIN = str.maketrans(
    "…–—−·•×→←↑↓≥≤≈±“”„‘’⚠✓✗✂⏎━─│┃‹›",
    '~---.*x><^v>=~+"""\'\'!vx%|--||<>',
)
"""What stands for our own signs where an output has ASCII alone: as wide, so that tables stay as they are."""


def plainly(error: UnicodeError) -> tuple[str | bytes, int]:
    """An error handler of codecs: what an output cannot show as the nearest that it can, else a question mark."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object[error.start : error.end].translate(PLAIN)
    letters = (unicodedata.normalize("NFKD", letter)[0] for letter in text)
    return "".join(letter if letter.isascii() else "?" for letter in letters), error.end


def guard_outputs() -> None:
    """From here on what is printed steers no terminal, and a letter that it cannot show becomes the nearest that it can."""
    codecs.register_error("harness.plainly", plainly)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="harness.plainly")
        if stream is not None and not isinstance(stream, Output):
            setattr(sys, name, Output(stream))
