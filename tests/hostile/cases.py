"""Bad input through the command line: one message with what, where and how to mend it, and nothing left behind.

`commands` runs them within the test's own process, which is quick; `processes` runs each as a process.
"""

from __future__ import annotations

import atexit
import json
import re
import sys
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

import pytest

from harness.cli import main
from harness.sandbox import interrupted_after
from tests.hostile.processes import Processes, Said

SECONDS = 3
"""Of a processor, that a refusal may take; beyond them it is interrupted."""
CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
MISTAKES = re.compile(r" has \d+ mistakes?; nothing was run\.$")
WAITING = re.compile(r"^Looking (up|at) .* …\n")
"""What is said meanwhile where no terminal shows it."""
REMEMBERED = re.compile(r"home/(fingerprints|readings/[0-9a-f]{64})\.json")
PLACED = re.compile(r"\S+:\d+:\d+: .+: |    \S")
"""Of a suite's mistakes: its place and key, or what mends it."""


@dataclass(frozen=True)
class Case:
    """A command and the files it is given, by their names in a folder of its own.

    `says` is looked for in what is said first; `code` is how it ends. `{here}` in a word is that folder.
    """

    words: tuple[str, ...]
    says: str
    files: Mapping[str, str | bytes] = field(default_factory=dict)
    code: int = 2


class Checked(ABC):
    """Runs commands in a folder with a home of its own, and looks at how they end."""

    def __init__(self, here: Path) -> None:
        self.here = here

    @abstractmethod
    def run(self, *words: str) -> Said:
        """What a command does; one that takes longer than `SECONDS` fails its test."""

    def check(self, case: Case) -> None:
        """Fails where a case is not refused as it is to be."""
        for name, content in case.files.items():
            file = self.here / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content.encode() if isinstance(content, str) else content)
        before = contents(self.here)
        said = self.run(*case.words)
        assert said.code == case.code, said
        self.is_clear(said)
        assert re.search(case.says, said.err), said.err
        left = contents(self.here).keys() ^ before.keys()
        assert not left and contents(self.here) == before, left

    def is_clear(self, said: Said) -> None:
        """Fails where a refusal does not say what, where and how to mend it."""
        assert "Traceback" not in said.err + said.out
        assert said.err.startswith("error: "), said.err
        assert said.err.count("error: ") == 1, said.err
        first, *more = said.err.splitlines()
        in_lines = bool(MISTAKES.search(first)) and all(map(PLACED.match, more))
        assert in_lines or any(line.startswith("hint: ") for line in more), said.err
        assert not CONTROLS.search(said.err), said.err
        assert len(said.err) < 10_000


class Commands(Checked):
    """Runs them in this process."""

    def __init__(
        self, here: Path, patch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        super().__init__(here)
        self._patch = patch
        self._capsys = capsys
        patch.setenv("HARNESS_HOME", str(here / "home"))
        patch.chdir(here)

    def run(self, *words: str) -> Said:
        """What a command does."""
        given = [word.replace("{here}", str(self.here)) for word in words]
        self._patch.setattr(sys, "argv", ["harness", *given])
        self._capsys.readouterr()
        with pytest.raises(SystemExit) as ended, interrupted_after(SECONDS):
            main()
        out, err = self._capsys.readouterr()
        err = WAITING.sub("", err)
        code = ended.value.code if isinstance(ended.value.code, int) else 0
        return Said(code, out, err, 0.0)


class AsProcesses(Checked):
    """Runs each as a process."""

    def run(self, *words: str, **environment: str) -> Said:
        """How the process ended, by itself and in time."""
        given = [word.replace("{here}", str(self.here)) for word in words]
        home = {"HARNESS_HOME": str(self.here / "home")}
        said = at_hand().run(given, self.here, home | environment)
        assert 0 <= said.code < 128 and said.seconds < SECONDS, said
        return replace(said, err=WAITING.sub("", said.err))


@cache
def at_hand(**environment: str) -> Processes:
    """What starts commands quickly, in what the interpreter looks at before it begins."""
    processes = Processes(**environment)
    atexit.register(processes.end)
    return processes


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, with what it holds; but what a home remembers of files, which is whole or not there."""
    found = {}
    for file in sorted(folder.rglob("*")):
        if REMEMBERED.fullmatch(name := file.relative_to(folder).as_posix()):
            json.loads(file.read_text())
        elif file.is_file():
            found[name] = file.read_bytes()
    return found


@pytest.fixture
def commands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Commands:
    """Commands in a folder of this test."""
    return Commands(tmp_path, monkeypatch, capsys)


@pytest.fixture
def processes(tmp_path: Path) -> AsProcesses:
    """The same, each a process."""
    return AsProcesses(tmp_path)
