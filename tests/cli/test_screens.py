"""What people see of whole commands: in a window of 40 columns, without colours, without Unicode, in a CI's log."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from rich.cells import cell_len

from harness.interpreter import python_environment
from tests.chat.suite import SUITE, Ran, run_small
from tests.cli.screens import Seen, seen

SETTINGS: dict[str, dict[str, str]] = {
    "as it is": {},
    "ascii": {"PYTHONIOENCODING": "ascii"},
    "no colours": {"NO_COLOR": "1"},
    "dumb": {"TERM": "dumb"},
    "ci": {"CI": "true"},
}
COMMANDS = (
    "plan small.yaml", "cache list", "data check small.yaml", "leaderboard results --out site",
    "report results/small", "compare results/small base fine", "run small.yaml",
)  # fmt: skip
NAMES = {
    *SETTINGS["ascii"],
    "NO_COLOR",
    "TERM",
    "CI",
    "COLUMNS",
    "LINES",
    "FORCE_COLOR",
    "GITHUB_ACTIONS",
}
MOVES = re.compile("\x1b\\[[0-9;?]*[A-HJKSTf]")
"""What goes elsewhere on the screen, or erases."""


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    return run_small(tmp_path_factory.mktemp("screens"))


def shown(of: Ran, words: str, columns: int, settings: Mapping[str, str], stops: str = "") -> Seen:
    here = {name: value for name, value in os.environ.items() if name not in NAMES}
    environment = {**here, "TERM": "xterm-256color", "LANG": "C.UTF-8", "HARNESS_HOME": str(of.home), **settings}  # fmt: skip
    command = [sys.executable, "-P", "-m", "harness", *words.split()]
    return seen(command, columns, python_environment(environment), of.suite.parent, stops)


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS)
def test_nothing_is_wider_than_forty_columns(command: str, small: Ran) -> None:
    of = shown(small, command, 40, {})
    assert of.code == 0 and of.lines
    longest = max((word for line in of.lines for word in line.split()), key=cell_len)
    assert of.wrapped == 0 or cell_len(longest) == 40, of.text
    assert "\\u00" not in of.text and "Traceback" not in of.text


@pytest.mark.slow
@pytest.mark.parametrize("settings", SETTINGS)
def test_a_run_is_drawn_in_forty_columns(settings: str, small: Ran, tmp_path: Path) -> None:
    of = Ran(tmp_path / "small.yaml", tmp_path / "results" / "small", small.home)
    of.suite.write_text(SUITE)
    found = shown(of, "run small.yaml", 40, SETTINGS[settings])
    assert found.code == 0 and found.wrapped == 0, found.text
    told = " ".join(found.text.split())
    assert "done ask base: sentiment" in told and "done ask fine: dialogue" in told
    assert "Report: reports/small/index.html" in told
    assert "all steps" not in told, "the bars went when it was over"
    moves, colours = MOVES.search(found.raw), re.search("\x1b\\[3[0-9]", found.raw)
    assert bool(moves) == (settings not in ("dumb", "ci"))
    assert bool(found.frames) == bool(moves)
    assert not (colours and settings in ("no colours", "dumb"))
    assert found.raw.isascii() == (settings == "ascii")
    for frame in found.frames:
        assert sum(line.startswith("all steps") for line in frame) <= 1, frame


@pytest.mark.slow
def test_the_address_of_a_chat_is_whole_and_it_ends_on_ctrl_c(small: Ran) -> None:
    pytest.importorskip("gradio")
    found = shown(small, "chat small.yaml --no-open", 40, {}, stops="http://127.0.0.1")
    assert found.code in (0, 130)
    assert re.search(r"^\s*(\S+ )*http://127\.0\.0\.1:\d+\S*", found.text, re.M)
    assert "Traceback" not in found.text and "\\u00" not in found.text
