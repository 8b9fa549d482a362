"""Where the commands write lines: as they are, whatever they hold and however long they are."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import IO, Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from harness.cli.outputs import Output, without_steering


class CleanConsole(Console):
    """A console that steers the terminal itself, and lets no text do so."""

    @property
    def file(self) -> IO[str]:
        """The stream itself, however many stand before it.

        While a bar or a spinner is shown Rich puts one of its own before `Output`, and looks behind that one alone: it
        would write to `Output`, which spells what steers the terminal.
        """
        stream = super().file
        while isinstance(stream, Output):
            stream = stream.rich_proxied_file
        return stream

    @file.setter
    def file(self, new: IO[str]) -> None:
        self._file = new

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """The segments of what is shown."""
        for segment in super().render(renderable, options):
            text = segment.text if segment.control else without_steering(segment.text)
            yield segment if text == segment.text else segment._replace(text=text)


def output_console(**settings: Any) -> Console:
    """Standard output, with Rich's settings."""
    return CleanConsole(file=sys.stdout, **settings)


def error_console() -> Console:
    """Standard error, where a run says how far it is."""
    return CleanConsole(stderr=True)


def plain_console() -> Console:
    """Standard output, in which nothing is read as Rich markup and no line is broken."""
    return output_console(highlight=False, markup=False, emoji=False, soft_wrap=True)


def say(to: Console, *lines: str) -> None:
    """Writes lines in the same way to any console."""
    for line in lines:
        to.print(line, markup=False, highlight=False, soft_wrap=True)
