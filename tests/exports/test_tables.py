"""CSV, Parquet and JSON lines: the numbers of the summary, told failures, texts that do no harm."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.exports.csv_tables import csv_text, export_csv
from harness.exports.json_lines import export_json_lines
from harness.exports.parquet import export_parquet, write_parquet
from harness.exports.plain import finite, text
from harness.exports.results import Results
from harness.exports.tidy import METRIC_COLUMNS, Table, metrics_table
from harness.files import FORMULA, defused
from tests.exports.made_results import made_results, samples_of, strict
from tests.reporting.hostile import hostile
from tests.reporting.variants import with_failures

Figures = dict[tuple[str, str, str], tuple[float | None, float | None, float | None]]


def figures(results: Results) -> Figures:
    """What the summary says, by model, task and metric."""
    return {
        (cell.model, cell.task, name): (of.value, of.low, of.high)
        for cell in results.summary.cells
        for name, of in cell.metrics.items()
    }


def read_csv(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def number(cell: str) -> float | None:
    return float(cell) if cell else None


def test_csv_gives_the_very_numbers_of_the_summary(tmp_path: Path) -> None:
    results = made_results(tmp_path)
    (file,) = export_csv(results, tmp_path / "out").files
    assert file == tmp_path / "out" / "metrics.csv"
    rows = read_csv(file)
    found = {
        (row["model"], row["task"], row["metric"]): tuple(
            number(row[key]) for key in ("value", "low", "high")
        )
        for row in rows
    }
    assert found == figures(results) and len(rows) == len(found)


def test_parquet_gives_the_very_numbers_of_the_summary_and_keeps_the_types(tmp_path: Path) -> None:
    results = made_results(tmp_path)
    (file,) = export_parquet(results, tmp_path / "out").files
    table = pq.read_table(file)
    rows = table.to_pylist()
    found = {(r["model"], r["task"], r["metric"]): (r["value"], r["low"], r["high"]) for r in rows}
    assert found == figures(results)
    assert str(table.schema.field("error").type) == "string"  # though no cell failed
    assert str(table.schema.field("bits_per_weight").type) == "double"


def test_json_lines_give_the_very_numbers_of_the_summary(tmp_path: Path) -> None:
    results = made_results(tmp_path)
    (file,) = export_json_lines(results, tmp_path / "out").files
    rows = [strict(line) for line in file.read_text(encoding="utf-8").splitlines()]
    found = {(r["model"], r["task"], r["metric"]): (r["value"], r["low"], r["high"]) for r in rows}
    assert found == figures(results) and all(set(row) == set(METRIC_COLUMNS) for row in rows)


def test_a_failed_cell_is_told_and_has_no_figure(tmp_path: Path) -> None:
    exported = export_csv(made_results(tmp_path, with_failures()), tmp_path / "out")
    rows = [row for row in read_csv(exported.files[0]) if row["status"] == "failed"]
    assert [(r["model"], r["task"], r["error"]) for r in rows if r["model"] == "lora-q4"] == [
        ("lora-q4", "dialogue", "worker ended with signal 11")
    ]
    assert not any(row[key] for row in rows for key in ("metric", "value", "low", "high", "n"))
    assert len(exported.notes) == len(rows) and "signal 11" in " ".join(exported.notes)


def test_a_doubt_stands_beside_the_timing_that_it_concerns(tmp_path: Path) -> None:
    rows = metrics_table(made_results(tmp_path)).rows
    doubted = {(row["model"], row["metric"]) for row in rows if row["doubts"]}
    assert ("lora-q4", "decode_tokens_per_second") in doubted
    assert {model for model, _ in doubted} == {"lora-q4"} and (
        "lora-q4",
        "peak_bytes",
    ) not in doubted


@pytest.mark.parametrize("ending", [".csv", ".jsonl", ".parquet"])
def test_answers_stand_beside_the_file_that_was_named(tmp_path: Path, ending: str) -> None:
    results = made_results(tmp_path, with_answers=True)
    export: Any = {".csv": export_csv, ".jsonl": export_json_lines, ".parquet": export_parquet}
    exported = export[ending](results, tmp_path / f"q{ending}")
    assert [file.name for file in exported.files] == [f"q{ending}", f"q-answers{ending}"]
    if ending == ".csv":
        rows: list[dict[str, Any]] = [*read_csv(exported.files[1])]
    elif ending == ".jsonl":
        rows = [strict(line) for line in exported.files[1].read_text().splitlines()]
    else:
        rows = pq.read_table(exported.files[1]).to_pylist()
    expected = [s for cell in results.cells() for s in samples_of(cell)]
    assert len(rows) == len(expected)
    for row, sample in zip(rows, expected, strict=True):
        scores = {
            k[6:]: float(v)
            for k, v in row.items()
            if k.startswith("score.") and v != "" and v is not None
        }
        assert scores == sample.scores and row["text"] == f"text of {sample.id}"
        assert (row["answer"] or None) == sample.answer


@given(st.text())
def test_no_text_is_a_formula_in_csv_and_every_text_can_be_read_back(value: str) -> None:
    table = Table({"a": "text", "b": "number"}, [{"a": value, "b": -1.5}])
    header, row = csv.reader(io.StringIO(csv_text(table), newline=""))
    assert header == ["a", "b"] and row[1] == "-1.5"
    assert row[0] in (value, f"'{value}") and not row[0].lstrip(" ").startswith(FORMULA)


@pytest.mark.parametrize("start", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1", "＝1"])
def test_a_text_that_would_be_a_formula_is_defused(start: str) -> None:
    assert defused(start) == f"'{start}"


def test_formulas_of_strangers_do_not_reach_a_spreadsheet(tmp_path: Path) -> None:
    strange = hostile().model_copy(update={"suite": {"name": "=evil"}})  # as no file may have it
    results = replace(made_results(tmp_path), summary=strange)
    text = csv_text(metrics_table(results))
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert all(row["suite"] == "'=evil" for row in rows) and len(rows) > 50


@given(st.floats(), st.integers())
def test_what_is_no_number_becomes_absent_however_deep(value: float, count: int) -> None:
    kept = finite({"a": [value, {"b": (value, count, True)}]})
    expected = value if math.isfinite(value) else None
    assert kept == {"a": [expected, {"b": [expected, count, True]}]}


def test_half_a_surrogate_pair_can_be_written_everywhere(tmp_path: Path) -> None:
    assert text("a\ud800b") == "a\ufffdb" and text("😀") == "😀"
    table = Table({"a": "text"}, [{"a": "\udfff"}])
    write_parquet(tmp_path / "t.parquet", table)
    assert pq.read_table(tmp_path / "t.parquet").to_pylist() == [{"a": "\ufffd"}]
    csv_text(table).encode("utf-8")


def test_a_summary_without_its_folder_has_figures_and_says_that_answers_are_missing(
    tmp_path: Path,
) -> None:
    results = made_results(tmp_path, with_answers=True)
    for file in results.store.folder.rglob("samples.jsonl"):
        file.unlink()
    exported = export_csv(results, tmp_path / "out")
    assert any("no answers" in note for note in exported.notes)
    assert read_csv(exported.files[1]) == []
