"""The page as PDF, by a browser, on at most four pages."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from harness.assignment import printing, write
from harness.assignment.printing import find_browser, pages_of, print_page
from harness.assignment.templates import find
from harness.assignment.write import MOST_PAGES, write_assignment
from harness.records import Summary
from tests.reporting.fixture import quickstart
from tests.reporting.variants import with_failures, with_twelve_models
from tests.reporting.written import with_texts

BROWSER = find_browser() or ""
needs_browser = pytest.mark.skipif(not BROWSER, reason="no browser is installed")
FITTING = {
    "quickstart": (quickstart, "assignment-2"),
    "failures": (with_failures, "assignment-2"),
    "twelve-models": (with_twelve_models, "assignment-2"),
    "texts": (with_texts, "assignment-1"),
}


@needs_browser
@pytest.mark.parametrize("variant", list(FITTING))
def test_a_report_has_at_most_four_pages_with_words_in_every_place(
    variant: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make, name = FITTING[variant]
    summary: Summary = make()
    with monkeypatch.context() as unprinted:
        unprinted.setattr(write, "find_browser", lambda: None)
        file = write_assignment(summary, tmp_path, find(name), tmp_path).files[0]
    words = "About forty words of an author stand in each place of the report. " * 3
    text = file.read_text().replace("\n\n<!-- /yours -->", f"\n\n{words}\n\n<!-- /yours -->")
    file.write_text(text)
    made = write_assignment(summary, tmp_path, find(name), tmp_path)
    assert made.pages is not None and 1 < made.pages <= MOST_PAGES
    assert made.files[-1].suffix == ".pdf" and not made.notes


@needs_browser
def test_what_cannot_be_printed_leaves_the_file_that_was_there(tmp_path: Path) -> None:
    (tmp_path / "x.pdf").write_bytes(b"before")
    (tmp_path / "no").write_text("#!/bin/sh\necho broken >&2\nexit 3\n")
    (tmp_path / "no").chmod(0o755)
    assert "ended with 3: broken" in print_page(
        str(tmp_path / "no"), tmp_path / "x.html", tmp_path / "x.pdf"
    )
    assert (tmp_path / "x.pdf").read_bytes() == b"before"


def test_a_browser_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def hangs(*_: object, **given: object) -> None:
        raise subprocess.TimeoutExpired("browser", 90)

    monkeypatch.setattr(subprocess, "run", hangs)
    assert "did not end within" in print_page("browser", tmp_path / "x.html", tmp_path / "x.pdf")


@pytest.mark.parametrize(("user", "flagged"), [(0, True), (1000, False)])
def test_only_as_root_the_browser_runs_without_its_sandbox(
    user: int, flagged: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[str]] = []

    def run(words: list[str], **_: object) -> subprocess.CompletedProcess[bytes]:
        asked.append(words)
        return subprocess.CompletedProcess(words, 1, b"", b"")

    monkeypatch.setattr(os, "geteuid", lambda: user)
    monkeypatch.setattr(subprocess, "run", run)
    assert print_page("browser", tmp_path / "x.html", tmp_path / "x.pdf")
    assert ("--no-sandbox" in asked[0]) == flagged


def test_a_browser_is_found_by_its_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(printing, "ELSEWHERE", ())
    assert find_browser() is None
    (tmp_path / "google-chrome").write_text("#!/bin/sh\n")
    (tmp_path / "google-chrome").chmod(0o755)
    assert find_browser() == str(tmp_path / "google-chrome")


def test_pages_are_counted(tmp_path: Path) -> None:
    (tmp_path / "x.pdf").write_bytes(b"<</Type /Pages>> <</Type /Page\n>> <</Type/Page/Parent 1>>")
    assert pages_of(tmp_path / "x.pdf") == 2
