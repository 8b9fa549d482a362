"""A run that has nothing to do is answered at once, and only while nothing has changed."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from harness.cli.unchanged import Watch, answer, make_room, remember

WORDS = ["run", "suite.yaml"]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to run in, with a home, a suite, and a folder of data."""
    monkeypatch.setenv("HARNESS_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "suite.yaml").write_text("name: s\n")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "rows.csv").write_text("a,b\n")
    for path in (tmp_path, *tmp_path.rglob("*")):
        os.utime(path, ns=(10**18, 10**18))
    return tmp_path


def looked(place: Path, more: Callable[[], object] = lambda: None) -> Watch:
    """A watch that a suite was read under, a file's size asked, a folder listed, a file missed."""
    watch = Watch()
    watch.begin()
    watch._since += 10**9  # as if it had begun a second later, when all files had been written
    (place / "suite.yaml").read_text()
    (place / "data" / "rows.csv").stat()
    list((place / "data").iterdir())
    (place / "absent").exists()
    with suppress(OSError):
        more()
    watch.end()
    return watch


def noted(place: Path, more: Callable[[], object] = lambda: None) -> int | None:
    remember(WORDS, looked(place, more), "Nothing to do.", 3)
    return answer(WORDS)


def test_a_run_that_is_refused_leaves_nothing_in_its_home(place: Path) -> None:
    watch = Watch()
    watch.begin()
    watch.end()
    assert not (place / "home").exists()


def test_a_note_that_cannot_be_written_is_none(place: Path) -> None:
    (place / "home").write_text("not a folder")
    make_room()
    assert noted(place) is None


def test_the_same_command_is_answered_as_it_was(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert answer(WORDS) is None
    assert noted(place) == 3
    assert capsys.readouterr().out == "Nothing to do.\n"
    assert answer([*WORDS, "--limit", "3"]) is None


CHANGES: dict[str, Callable[[Path], object]] = {
    "a file that was read": lambda place: (place / "suite.yaml").write_text("name: t\n"),
    "a file that was asked about": lambda place: (place / "data" / "rows.csv").write_text("a;b\n"),
    "a file in a folder": lambda place: (place / "data" / "more.csv").write_text(""),
    "a file that was missed": lambda place: (place / "absent").write_text(""),
    "a file that goes": lambda place: (place / "suite.yaml").unlink(),
    "another with its time": lambda place: (place / "data" / "rows.csv").replace(place / "x"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_changes_is_seen(place: Path, change: Callable[[Path], object]) -> None:
    assert noted(place) == 3
    change(place)
    assert answer(WORDS) is None


def test_variables_and_the_folder_are_part_of_the_command(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert noted(place) == 3
    monkeypatch.setenv("HF_ENDPOINT", "http://mirror")
    assert answer(WORDS) is None
    monkeypatch.delenv("HF_ENDPOINT")
    monkeypatch.setenv("COLUMNS", "7")
    assert answer(WORDS) == 3
    monkeypatch.chdir(place / "data")
    assert answer(WORDS) is None


def connect() -> None:
    with socket.socket() as one:
        one.settimeout(0.1)
        one.connect(("127.0.0.1", 9))


ELSEWHERE: dict[str, Callable[[], object]] = {
    "the network": connect,
    "a process": lambda: subprocess.run([sys.executable, "-c", ""], check=True),
}


@pytest.mark.parametrize("ask", ELSEWHERE.values(), ids=ELSEWHERE)
def test_nothing_is_noted_where_more_than_files_was_asked(
    place: Path, ask: Callable[[], object]
) -> None:
    assert noted(place, ask) is None


def test_nothing_is_noted_where_a_file_is_written_meanwhile(place: Path) -> None:
    def write() -> None:
        (place / "suite.yaml").write_text("name: u\n")
        later = 2 * 10**18
        os.utime(place / "suite.yaml", ns=(later, later))

    assert noted(place, write) is None


def test_nothing_is_held_of_a_secret(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secretsecret")
    assert noted(place) == 3
    (note,) = (place / "home" / "runs").iterdir()
    assert "hf_secret" not in note.read_text()


def test_what_is_answered_at_once_loads_next_to_nothing(place: Path) -> None:
    assert noted(place) == 3
    program = (
        f"import sys; sys.argv = ['harness', *{WORDS!r}]\n"
        "from harness import cli\n"
        "try: cli.main()\n"
        "except SystemExit as ended: print(ended.code, file=sys.stderr)\n"
        "heavy = {'typer', 'pydantic', 'yaml', 'rich', 'numpy', 'pathlib', 'json', 'inspect'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    code = f"import sys; sys.path[:] = {sys.path!r}; exec({program!r})"
    remember(WORDS, looked(place), "Nothing to do.", 3)
    done = subprocess.run(
        [sys.executable, "-S", "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stderr.split("\n")[:2] == ["3", "[]"], done
