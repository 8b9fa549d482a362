"""Where the commands write lines: as they are, whatever they hold and however long they are."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from typing import IO, Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.table import Table

from harness.cli.narrow import between_words, fitted
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

    def print(self, *objects: Any, soft_wrap: bool | None = None, **settings: Any) -> None:
        """As Rich does; in a terminal a line that is not to be folded is broken between its words."""
        folded = not (self.soft_wrap if soft_wrap is None else soft_wrap)
        if folded or not self.is_terminal or len(objects) != 1 or not isinstance(objects[0], str):
            super().print(*objects, soft_wrap=soft_wrap, **settings)
            return
        for line in objects[0].split("\n"):
            for part in between_words(line, self.width):
                super().print(part, soft_wrap=soft_wrap, **settings)

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """The segments of what is shown; a table without room for its words becomes a list."""
        if isinstance(renderable, Table) and renderable.show_header:
            options = options or self.options
            renderable = fitted(renderable, self, options)
        for segment in super().render(renderable, options):
            text = segment.text if segment.control else without_steering(segment.text)
            yield segment if text == segment.text else segment._replace(text=text)


def _size(of: IO[str]) -> dict[str, Any]:
    """The size of a terminal that cannot move its cursor, which Rich takes for one of 80 columns."""
    if os.environ.get("TERM") not in ("dumb", "unknown") or not of.isatty():
        return {}
    size = os.get_terminal_size(of.fileno())
    return {"width": size.columns or 80, "height": size.lines or 25}


def output_console(**settings: Any) -> Console:
    """Standard output, with Rich's settings."""
    return CleanConsole(file=sys.stdout, **_size(sys.stdout), **settings)


def error_console() -> Console:
    """Standard error, where a run says how far it is; what changes in place is for people, not for a CI's log."""
    plain = False if os.environ.get("CI") else None
    return CleanConsole(stderr=True, force_interactive=plain, **_size(sys.stderr))


def plain_console() -> Console:
    """Standard output, in which nothing is read as Rich markup and no line is broken."""
    return output_console(highlight=False, markup=False, emoji=False, soft_wrap=True)


def spinner(of: Console) -> str:
    """The name of a spinner in letters that the console has."""
    return "dots" if of.encoding.startswith("utf") else "line"


def say(to: Console, *lines: str) -> None:
    """Writes lines in the same way to any console; a terminal's are broken between words."""
    for line in lines:
        to.print(line, markup=False, highlight=False, emoji=False, soft_wrap=True)
