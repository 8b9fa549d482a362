"""What the consoles send to a terminal: their own sequences as they are, and none of anybody else's."""

from __future__ import annotations

import io
import sys

import pytest
from rich.live import Live
from rich.text import Text

from harness.cli.consoles import CleanConsole, error_console
from harness.cli.outputs import guard_outputs


class Terminal(io.StringIO):
    """A stream that says that it is one."""

    def isatty(self) -> bool:
        return True


def guarded(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Standard error, guarded as in every command; set within the test, since pytest sets its own before each phase."""
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "CI"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    behind = Terminal()
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    monkeypatch.setattr(sys, "stderr", behind)
    guard_outputs()
    return behind


def test_what_is_drawn_anew_erases_itself_and_is_not_spelled(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    terminal = guarded(monkeypatch)
    with Live(Text("Reading \x1b[31mhostile"), console=error_console()) as live:
        live.refresh()
        print("\x1b[2Jprinted beside it", file=sys.stderr)
        live.refresh()
    written = terminal.getvalue()
    assert written.count("\x1b[2K") >= 2 and "\\u00" not in written
    assert "Reading [31mhostile" in written
    assert "\x1b[2J" not in written and "printed beside it" in written


def test_the_stream_behind_all_that_stand_before_it_is_written_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    terminal = guarded(monkeypatch)
    console = CleanConsole(stderr=True)
    assert console.file is terminal
    with console.status("x"):
        assert console.file is terminal
    console.file = other = io.StringIO()
    assert console.file is other
