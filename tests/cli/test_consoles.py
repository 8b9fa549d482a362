"""What the consoles send to a terminal: their own sequences as they are, and none of anybody else's."""

from __future__ import annotations

import ast
import io
import re
import sys
from pathlib import Path

import pytest
from rich.live import Live
from rich.text import Text

from harness.cli.consoles import CleanConsole, error_console
from harness.cli.outputs import guard_outputs, hand_over_json
from harness.interpreter import ROOT


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


MAY_WRITE = {
    "harness/cli/outputs.py": "what other programs read",
    "harness/cli/consoles.py": "what people read",
    "harness/cli/__init__.py": "how a command ended, before anything is imported",
    "harness/cli/ending.py": "how it was interrupted, when nothing may be imported any more",
    "harness/cli/warned.py": "a warning, in the middle of anything",
    "harness/cli/unchanged.py": "that nothing is to do, before Rich is imported",
    "harness/models/gguf/llamacpp_source.py": "what `make` runs",
}
"""Files that may write to an output by themselves, and what."""


def written_in(text: str) -> list[str]:
    """Calls by which Python writes to an output without asking a console."""
    calls = (n.func for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Call))
    found = (ast.unparse(of) for of in calls)
    return [
        of
        for of in found
        if re.fullmatch(
            r"print|sys\.__?std(out|err)__\..*|sys\.std(out|err)(\.buffer)?\.write|Console", of
        )
    ]


def test_all_that_is_said_goes_through_the_consoles_or_is_handed_over() -> None:
    assert written_in("print(1)\nsys.stdout.write('a')\nConsole()\nout.print(2)") == [
        "print",
        "sys.stdout.write",
        "Console",
    ]
    found = {}
    for file in sorted((ROOT / "harness").rglob("*.py")):
        calls = written_in(file.read_text(encoding="utf-8"))
        if calls and (name := file.relative_to(ROOT).as_posix()) not in MAY_WRITE:
            found[name] = calls
    assert found == {}
    assert all(Path(ROOT / name).is_file() for name in MAY_WRITE)


def test_json_is_handed_over_as_it_is_however_narrow_the_terminal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    guarded(monkeypatch)
    behind = Terminal()
    monkeypatch.setattr(sys, "stdout", behind)
    monkeypatch.setenv("COLUMNS", "20")
    hand_over_json({"path": "a/" * 40, "name": "\x1b[2J"})
    assert behind.getvalue() == '{"path": "' + "a/" * 40 + '", "name": "\\u001b[2J"}\n'
