"""Where the commands write lines: as they are, whatever they hold and however long they are."""

from __future__ import annotations

import sys

from rich.console import Console


def plain_console() -> Console:
    """Standard output, in which nothing is read as Rich markup and no line is broken."""
    return Console(file=sys.stdout, highlight=False, markup=False, emoji=False, soft_wrap=True)


def say(console: Console, *lines: str) -> None:
    """Writes lines in the same way to any console."""
    for line in lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)
