"""The files: all of them, the same for the same summary, and none left over."""

from __future__ import annotations

import os
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from rich.console import Console

from harness.records import Summary
from harness.reporting.terminal import terminal_table
from harness.reporting.write import write_report
from tests.reporting.every_variant import VARIANTS
from tests.reporting.fixture import quickstart

CHARTS = {"answer-forest.svg", "answer-pareto.svg", "decode-1.svg", "training-curve.svg"}


def test_the_files_are_named_and_there(tmp_path: Path) -> None:
    files = write_report(quickstart(), tmp_path / "reports" / "quickstart")
    assert [f.name for f in files[:2]] == ["report.md", "index.html"]
    assert {f.name for f in files[2:]} >= CHARTS
    assert sorted(p for p in (tmp_path / "reports").rglob("*") if p.is_file()) == sorted(files)


def test_the_same_summary_gives_the_same_bytes(tmp_path: Path) -> None:
    text = quickstart().model_dump_json(by_alias=True)
    for folder in ("a", "b"):
        write_report(Summary.model_validate_json(text), tmp_path / folder)
    for file in (tmp_path / "a").rglob("*.*"):
        assert file.read_bytes() == (tmp_path / "b" / file.relative_to(tmp_path / "a")).read_bytes()


def test_charts_of_an_earlier_report_are_removed(tmp_path: Path) -> None:
    write_report(quickstart(), tmp_path)
    write_report(VARIANTS["no-speed"](), tmp_path)
    assert "decode-1.svg" not in {f.name for f in (tmp_path / "charts").iterdir()}


def test_what_a_killed_process_was_writing_goes_with_the_next_report(tmp_path: Path) -> None:
    (tmp_path / "charts").mkdir()
    for name in (".report.md.ab12cd34", "charts/.decode-1.svg.ab12cd34"):
        (tmp_path / name).write_text("half")
    write_report(VARIANTS["empty"](), tmp_path)
    assert not [path for path in tmp_path.rglob(".*") if path.is_file()]


def test_a_report_that_cannot_be_written_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_report(VARIANTS["empty"](), tmp_path)
    before = (tmp_path / "report.md").read_bytes()

    def full_disk(*_: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr("os.replace", full_disk)
    with pytest.raises(OSError, match="no space"):
        write_report(quickstart(), tmp_path)
    assert (tmp_path / "report.md").read_bytes() == before
    assert not [p for p in tmp_path.iterdir() if p.name.startswith(".")]


@pytest.mark.parametrize("variant", ["quickstart", "hostile", "long-names", "no-intervals"])
def test_charts_are_well_formed_and_load_nothing(variant: str, tmp_path: Path) -> None:
    files = write_report(VARIANTS[variant](), tmp_path)
    charts = [f for f in files if f.suffix == ".svg"]
    assert charts
    for chart in charts:
        tags = {element.tag.split("}")[1] for element in ElementTree.parse(chart).iter()}
        assert tags <= {"svg", "g", "rect", "path", "circle", "text", "title"}


def test_one_model_is_no_chart_but_a_sentence(tmp_path: Path) -> None:
    summary = VARIANTS["one-model"]()
    bare = {n: t.model_copy(update={"floors": {}}) for n, t in summary.tasks.items()}
    files = write_report(summary.model_copy(update={"tasks": bare}), tmp_path)
    assert [f.name for f in files] == ["report.md", "index.html"]
    assert "Fewer than two models were timed: no chart." in files[1].read_text()


def printed(summary: Summary, width: int = 120) -> str:
    console = Console(width=width, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    console.print(terminal_table(summary))
    return console.export_text()


def test_the_terminal_shows_models_intervals_and_gates() -> None:
    text = printed(quickstart())
    for part in ("lora-q4", "83.3", "[78.6, 88.0]", "majority vote", "✓ met", "✗ not met"):
        assert part in text


@pytest.mark.parametrize("variant", list(VARIANTS))
def test_the_terminal_shows_every_variant(variant: str) -> None:
    assert printed(VARIANTS[variant](), width=80)


def test_names_are_no_rich_markup() -> None:
    whole = quickstart()
    models = {"[red]x[/red]": whole.models["base"]}
    assert "[red]x[/red]" in printed(quickstart(models=models, cells=[], gates=[]))


def test_the_page_comes_last_so_that_where_it_is_there_all_charts_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    placed: list[str] = []
    replace = os.replace

    def noted(old: Path, new: Path) -> None:
        placed.append(new.name)
        replace(old, new)

    monkeypatch.setattr(os, "replace", noted)
    files = write_report(quickstart(), tmp_path)
    assert len(placed) == len(files) and placed[-1] == "index.html"
