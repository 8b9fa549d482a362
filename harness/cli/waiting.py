"""Says what is being waited for, where a wait is long enough to wonder."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.text import Text

from harness.cli.consoles import say, spinner

PATIENCE_SECONDS = 2.0
QUIET_SECONDS = 60.0
"""Where nobody sees a spinner (in a pipe), how long nothing is said."""


@contextmanager
def waiting(
    console: Console,
    what: str,
    patience: float = PATIENCE_SECONDS,
    quiet: float = QUIET_SECONDS,
) -> Iterator[None]:
    """While its block goes on: after a while a spinner with `what`; in a pipe a line, and then again.

    Args:
        console: that is written to.
        what: such as "Reading the data".
        patience: seconds until something is said.
        quiet: seconds between two lines in a pipe.
    """
    over = threading.Event()
    watcher = threading.Thread(target=_watch, args=(console, what, over, patience, quiet))
    watcher.daemon = True
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()


def _watch(
    console: Console, what: str, over: threading.Event, patience: float, quiet: float
) -> None:
    if over.wait(patience):
        return
    if console.is_interactive:
        with console.status(Text(f"{what} …"), spinner=spinner(console)):
            over.wait()
        return
    say(console, f"{what} …")
    while not over.wait(quiet):
        say(console, f"{what} goes on …")
