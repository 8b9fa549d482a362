"""`harness view`: which report is shown, when it is written, and where nothing can be shown."""

from __future__ import annotations

import os
import webbrowser
from pathlib import Path

import pytest

from harness.cli.view import newest, no_display, up_to_date
from harness.errors import InputError
from tests.cli.test_commands import run
from tests.results.made import write_results

GOOD = [True] * 30
PAGE = Path("reports/ladder/index.html")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return write_results(Path("results/ladder"), {"f16": GOOD, "q4": GOOD})


def at(file: Path, second: int) -> None:
    os.utime(file, ns=(second * 10**9, second * 10**9))


def test_a_report_is_written_where_it_is_missing_or_older(folder: Path) -> None:
    assert up_to_date(folder, Path("reports")) == PAGE and PAGE.is_file()
    at(folder / "summary.json", 10)
    at(PAGE, 10)
    up_to_date(folder / "summary.json", Path("reports"))
    assert PAGE.stat().st_mtime_ns == 10 * 10**9
    at(folder / "summary.json", 11)
    up_to_date(folder, Path("reports"))
    assert PAGE.stat().st_mtime_ns > 11 * 10**9


def test_without_a_name_the_newest_results_are_meant(folder: Path) -> None:
    other = write_results(Path("results/other"), {"f16": GOOD})
    at(folder / "summary.json", 20)
    at(other / "summary.json", 10)
    assert newest(Path("results")) == folder
    at(other / "summary.json", 30)
    assert newest(Path("results")) == other
    with pytest.raises(InputError, match="there are no results here"):
        newest(Path("nowhere"))


def test_the_path_alone_is_printed_where_nothing_is_to_be_opened(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    opened: list[str],
) -> None:
    code, out, _ = run("view", "--no-open", monkeypatch=monkeypatch, capsys=capsys)
    assert (code, out) == (0, f"{PAGE}\n") and not opened


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses that a browser is given; there is a display."""
    for name in ("CI", "SSH_CONNECTION", "BROWSER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DISPLAY", ":0")
    found: list[str] = []

    def show(address: str) -> bool:
        found.append(address)
        return True

    monkeypatch.setattr(webbrowser, "open", show)
    return found


def test_the_page_is_opened_by_its_address(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    opened: list[str],
) -> None:
    code, out, _ = run("view", folder, monkeypatch=monkeypatch, capsys=capsys)
    assert (code, out) == (0, f"Report: {PAGE}\n")
    assert opened == [PAGE.absolute().as_uri()]


def test_where_there_is_no_display_or_no_browser_the_page_is_named(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    opened: list[str],
) -> None:
    monkeypatch.setenv("CI", "true")
    code, out, _ = run("view", folder, monkeypatch=monkeypatch, capsys=capsys)
    assert code == 0 and not opened and str(PAGE.absolute()) in out
    monkeypatch.delenv("CI")
    monkeypatch.setattr(webbrowser, "open", lambda address: False)
    code, out, _ = run("view", folder, monkeypatch=monkeypatch, capsys=capsys)
    assert code == 0 and out == f"No browser was found: the report is {PAGE.absolute()}\n"


@pytest.mark.parametrize(
    ("platform", "environment", "words"),
    [
        ("linux", {"DISPLAY": ":0"}, ""),
        ("linux", {"WAYLAND_DISPLAY": "wayland-0"}, ""),
        ("linux", {}, "Without a display"),
        ("darwin", {}, ""),
        ("win32", {}, ""),
        ("darwin", {"SSH_CONNECTION": "1 2 3 4"}, "On another machine than yours (ssh)"),
        ("linux", {"SSH_CONNECTION": "1 2 3 4", "DISPLAY": "localhost:10.0"}, ""),
        ("linux", {"DISPLAY": ":0", "CI": "true"}, "In continuous integration"),
        ("linux", {"BROWSER": "w3m"}, ""),
    ],
)
def test_why_nothing_can_be_shown(platform: str, environment: dict[str, str], words: str) -> None:
    assert no_display(platform, environment) == words
