"""`harness report --template` as a user meets it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.assignment import write
from harness.results.store import ResultsStore
from tests.cli.test_commands import run
from tests.reporting.fixture import quickstart


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(write, "find_browser", lambda: None)
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "results" / "quickstart"
    folder.mkdir(parents=True)
    ResultsStore(folder).write_summary(quickstart())
    return folder


def test_it_says_what_was_written_and_what_is_open(
    results: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("report", results, "--template", "assignment")
    code, out, err = run(*words, monkeypatch=monkeypatch, capsys=capsys)
    assert code == 0 and Path("reports/quickstart/assignment/assignment.md").is_file()
    assert "5 of 8 points are met." in out
    assert "☐ A demo of what changed (open): your words are missing at demo" in out
    assert "☒ A model fine-tuned with LoRA or QLoRA (not met)" in out
    assert err.startswith("note: No PDF")


def test_the_summary_alone_may_be_named_and_json_is_data(
    results: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("report", results / "summary.json", "--template", "assignment-1", "--json")
    code, out, _ = run(*words, monkeypatch=monkeypatch, capsys=capsys)
    data = json.loads(out)
    assert code == 0 and data["reports"][1].endswith("assignment.html") and data["pages"] is None
    assert {"asked", "state", "shown_by"} == set(data["checklist"][0])


def test_a_mistake_in_a_template_ends_with_one_message_and_writes_nothing(
    results: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("own").mkdir()
    Path("own/report.md.j2").write_text("# T\n{{ show.sped }}\n")
    code, out, err = run(
        "report", results, "--template", "own", monkeypatch=monkeypatch, capsys=capsys
    )
    assert (code, out) == (2, "")
    assert err.startswith("error: own/report.md.j2:2: no part `sped`\nhint: Did you mean `speed`?")
    assert not Path("reports").exists()


def test_what_belongs_to_other_reports_is_refused(
    results: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("report", results, "--template", "assignment", "--samples", "none")
    code, _, err = run(*words, monkeypatch=monkeypatch, capsys=capsys)
    assert code == 2 and "no --markdown, --link or --samples" in " ".join(err.split())
