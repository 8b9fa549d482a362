"""Results of other versions, edited, or made to harm: every command that reads them refuses them alike."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.results.store import read_summary
from tests.exports.made_results import write_results
from tests.hostile.cases import AsProcesses, Case, Commands, commands, processes

__all__ = ["commands", "processes"]

READING: dict[str, tuple[str, ...]] = {
    "report": ("report", "RESULTS"),
    "markdown": ("report", "RESULTS", "--markdown"),
    "assignment": ("report", "RESULTS", "--template", "assignment"),
    "compare": ("compare", "RESULTS", "base", "lora"),
    "gate": ("gate", "RESULTS"),
    "baseline": ("baseline", "save", "RESULTS", "main"),
    "leaderboard": ("leaderboard", "RESULTS", "--out", "{here}/board"),
    "csv": ("export", "RESULTS", "--to", "csv", "--out", "{here}/csv"),
    "lm-eval": ("export", "RESULTS", "--to", "lm-eval", "--samples", "--out", "{here}/lm"),
    "publish": ("publish", "RESULTS", "--to", "{here}/card", "--as", "model-card", "--dry-run"),
    "show": ("show", "RESULTS", "base", "sentiment"),
    "view": ("view", "RESULTS"),
    "demo": ("demo", "RESULTS"),
}
"""Commands that read results; `RESULTS` is the folder."""
ANY_NAMES = frozenset({"leaderboard"})
"""Commands that make no path of a name."""
Change = Callable[[Any], Any]


def put(*path: str | int, value: Any) -> Change:
    """The summary says something else in one place."""

    def change(summary: Any) -> Any:
        place = summary
        for part in path[:-1]:
            place = place[part]
        place[path[-1]] = value
        return summary

    return change


def drop(key: str) -> Change:
    """The summary lacks a key."""

    def change(summary: Any) -> Any:
        del summary[key]
        return summary

    return change


def as_text(text: str | bytes) -> Change:
    """Something else stands in the file."""
    return lambda summary: text


EDITED: dict[str, Change] = {
    "empty": as_text(""),
    "cut off": as_text('{"schema": "harness-summary/2", "suite"'),
    "a list": as_text("[]"),
    "a number": as_text("7"),
    "null": as_text("null"),
    "not UTF-8": as_text(b"\xff\xfe{}"),
    "nested deep": as_text('{"a": ' * 100_000),
    "5,000 digits": as_text('{"schema": ' + "9" * 5000 + "}"),
    "a newer version": put("schema", value="harness-summary/99"),
    "a version that is a list": put("schema", value=[1]),
    "escapes as version": put("schema", value="\x1b[31mred\x1b[0m"),
    "an older version without its suite": put("schema", value="harness-summary/1"),
    "no suite": drop("suite"),
    "no cells": drop("cells"),
    "a key of nobody": put("nobody", value=1),
    "cells that are a text": put("cells", value="all"),
    "a cell that is a number": put("cells", 0, value=3),
    "a status of nobody": put("cells", 0, "status", value="maybe"),
    "n as a text": put("cells", 0, "n", value="many"),
    "models as a list": put("models", value=[]),
    "tasks without a type": put("tasks", "sentiment", "type", value="guess"),
    "a suite out of its folder": put("suite", "name", value="../../out"),
    "a suite at the root": put("suite", "name", value="/etc/passwd"),
    "a cell out of its folder": put("cells", 0, "model", value="../../out"),
    "a task out of its folder": put("cells", 0, "task", value="..\\..\\out"),
    "a name with NUL": put("cells", 0, "model", value="a\x00b"),
    "a name with escapes": put("cells", 0, "model", value="\x1b]0;x\x07"),
    "an endless name": put("suite", "name", value="x" * 5000),
}

NAMED = frozenset(EDITED) - frozenset(
    list(EDITED)[: list(EDITED).index("a suite out of its folder")]
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results of a run, which each test copies the summary of."""
    return write_results(tmp_path_factory.mktemp("made"))


@pytest.mark.parametrize("edited", EDITED)
def test_a_summary_that_is_none_is_refused_by_every_command(
    edited: str, made: Path, commands: Commands
) -> None:
    results = commands.here / "results" / "quickstart"
    results.mkdir(parents=True)
    data = json.loads((made / "summary.json").read_text())
    data.pop("seal", None)  # of nobody who edits it
    found = EDITED[edited](copy.deepcopy(data))
    content = found if isinstance(found, (str, bytes)) else json.dumps(found)
    file = results / "summary.json"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    before = [path for path in commands.here.rglob("*") if path.is_file()]
    of_names = edited in NAMED
    for name, words in READING.items():
        if of_names and name in ANY_NAMES:
            continue
        said = commands.run(*(str(results) if word == "RESULTS" else word for word in words))
        assert said.code == 2, (name, said)
        commands.is_clear(said)
        assert "summary.json" in said.err or "quickstart" in said.err, (name, said.err)
        left = [path for path in commands.here.rglob("*") if path.is_file()]
        assert left == before, (name, "something was left behind")


@pytest.mark.parametrize("number", range(len(EDITED)))
def test_each_edit_and_each_command_is_tried_as_a_process(
    number: int, made: Path, processes: AsProcesses
) -> None:
    """Edits and commands paired off, so that each is tried at least once."""
    edited, command = list(EDITED)[number], list(READING)[number % len(READING)]
    if edited in NAMED and command in ANY_NAMES:
        command = "report"
    results = processes.here / "results" / "quickstart"
    results.mkdir(parents=True)
    found = EDITED[edited](json.loads((made / "summary.json").read_text()))
    content = found if isinstance(found, (str, bytes)) else json.dumps(found)
    words = tuple(str(results) if word == "RESULTS" else word for word in READING[command])
    files = {"results/quickstart/summary.json": content}
    processes.check(Case(words, "summary.json|quickstart", files))


@pytest.mark.parametrize("command", READING)
def test_results_that_are_not_there_are_said(command: str, commands: Commands) -> None:
    words = [str(commands.here / "nothing") if w == "RESULTS" else w for w in READING[command]]
    said = commands.run(*words)
    assert said.code == 2, said
    commands.is_clear(said)
    assert "nothing" in said.err


def test_what_is_edited_is_a_summary_before(made: Path, tmp_path: Path) -> None:
    data = json.loads((made / "summary.json").read_text())
    data.pop("seal", None)
    (tmp_path / "summary.json").write_text(json.dumps(data))
    assert read_summary(tmp_path).cells
