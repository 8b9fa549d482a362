"""Writing anew loses no word."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.assignment import write
from harness.assignment.templates import find
from harness.assignment.write import Outcome, write_assignment
from harness.errors import InputError
from harness.records import Summary
from tests.assignment.made import template
from tests.reporting.fixture import quickstart
from tests.reporting.variants import without_speed


@pytest.fixture(autouse=True)
def no_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(write, "find_browser", lambda: None)


def written(tmp_path: Path, summary: Summary | None = None) -> Outcome:
    summary = summary or quickstart()
    return write_assignment(summary, tmp_path / "results", find("assignment-2"), tmp_path)


def test_the_same_results_give_the_same_bytes(tmp_path: Path) -> None:
    before = {file: file.read_bytes() for file in written(tmp_path).files}
    assert {file.name for file in before} >= {
        "assignment.md",
        "assignment.html",
        "training-curve.svg",
    }
    assert {file: file.read_bytes() for file in written(tmp_path).files} == before


def test_words_outlive_other_results_and_another_template(tmp_path: Path) -> None:
    file = written(tmp_path).files[0]
    text = file.read_text()
    words = "Does it **help**?\n\n- yes"
    file.write_text(
        text.replace("<!-- yours: question -->\n", f"<!-- yours: question -->\n{words}\n")
    )
    again = written(tmp_path, without_speed())
    assert not again.notes[:-1], "only that there is no browser"
    assert f"<!-- yours: question -->\n\n{words}\n\n<!-- /yours -->" in file.read_text()
    own = template(tmp_path / "own", "# Mine\n\n{{ show.checklist }}\n")
    write_assignment(quickstart(), tmp_path, own, tmp_path)
    assert "Words without a place" in file.read_text() and words in file.read_text()
    written(tmp_path)
    assert "Words without a place" not in file.read_text() and words in file.read_text()


def test_a_file_with_damaged_markers_is_left_as_it_is(tmp_path: Path) -> None:
    file = written(tmp_path).files[0]
    damaged = file.read_text().replace("<!-- /yours -->", "My words", 1)
    file.write_text(damaged)
    page = file.with_suffix(".html").read_bytes()
    with pytest.raises(InputError, match="has not ended here"):
        written(tmp_path, without_speed())
    assert file.read_text() == damaged and file.with_suffix(".html").read_bytes() == page


def test_what_was_written_outside_of_the_places_is_kept_aside(tmp_path: Path) -> None:
    file = written(tmp_path).files[0]
    for number in (1, 2):
        changed = file.read_text().replace("## Cost", f"## Cost\n\nMy remark {number}")
        file.write_text(changed)
        kept = file.with_name(f"assignment.edited-{number}.md")
        assert any(str(kept) in note for note in written(tmp_path).notes)
        assert kept.read_text() == changed
        assert "My remark" not in file.read_text()


def test_without_a_browser_it_says_how_to_print_and_leaves_no_old_pdf(tmp_path: Path) -> None:
    pdf = written(tmp_path).files[0].with_suffix(".pdf")
    pdf.write_bytes(b"old")
    made = written(tmp_path)
    assert not pdf.exists() and made.pages is None
    assert "No PDF: no browser" in made.notes[-1] and "Ctrl+P" in made.notes[-1]


@pytest.mark.parametrize("name", ["../up", "/abs", "", ".."])
def test_a_suites_name_that_leads_elsewhere_writes_nothing(tmp_path: Path, name: str) -> None:
    whole = quickstart()
    summary = whole.model_copy(update={"suite": {**whole.suite, "name": name}})
    with pytest.raises(InputError, match="can name no folder"):
        written(tmp_path, summary)
    assert not list(tmp_path.iterdir())


def test_results_of_another_limit_have_a_report_of_their_own(tmp_path: Path) -> None:
    file = written(tmp_path, quickstart(limit=10)).files[0]
    assert file.parent == tmp_path / "quickstart@limit-10" / "assignment"


def test_charts_that_are_no_longer_shown_are_removed(tmp_path: Path) -> None:
    charts = written(tmp_path).files[0].parent / "charts"
    (charts / "old.svg").write_text("<svg/>")
    written(tmp_path)
    assert (charts / "training-curve.svg").exists() and not (charts / "old.svg").exists()
