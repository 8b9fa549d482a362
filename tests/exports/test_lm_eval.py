"""lm-evaluation-harness's files: what its own code reads of them, where it is installed."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from harness.exports.lm_eval_files import export_lm_eval
from tests.exports.made_results import made_results, strict, with_prompts
from tests.reporting.variants import with_failures


@pytest.fixture
def exported(tmp_path: Path) -> dict[str, Path]:
    """Files of the model `lora-q4` by what their names begin with."""
    files = export_lm_eval(made_results(tmp_path, with_answers=True), tmp_path / "out").files
    return {file.name.rsplit("_", 1)[0]: file for file in files if file.parent.name == "lora-q4"}


def rows(file: Path) -> list[dict[str, Any]]:
    return [strict(line) for line in file.read_text(encoding="utf-8").splitlines()]


def test_figures_are_exact_and_errors_are_those_of_the_mean(
    exported: dict[str, Path], tmp_path: Path
) -> None:
    whole = strict(exported["results"].read_text())
    summary = json.loads((tmp_path / "results/quickstart/summary.json").read_text())
    (cell,) = [c for c in summary["cells"] if (c["model"], c["task"]) == ("lora-q4", "sentiment")]
    found = whole["results"]["sentiment"]
    assert found["acc,none"] == cell["metrics"]["accuracy"]["value"]
    right = 4 / 6  # of the six answers that lie there
    assert found["acc_stderr,none"] == pytest.approx(math.sqrt(right * (1 - right) / 5))
    assert found["macro_f1_stderr,none"] == "N/A"
    assert whole["n-samples"]["sentiment"] == {"original": 480, "effective": 200}
    assert whole["higher_is_better"]["sentiment"]["acc"] is True
    assert "speed" not in whole["results"]


def test_samples_hold_what_was_asked_answered_and_scored(exported: dict[str, Path]) -> None:
    first, second, *_ = rows(exported["samples_sentiment"])
    assert first["arguments"]["gen_args_1"] == {"arg_0": "text of example-0000", "arg_1": "neutral"}
    assert first["filtered_resps"][1] == ["-0.25", "N/A"] and first["resps"][1] == [
        ["-0.25", "N/A"]
    ]
    assert (
        first["target"] == "negative" and first["acc"] == 1.0 and first["prompt_hash"] == "ab" * 8
    )
    assert second["filtered_resps"] == ["[invalid]"] and second["resps"] == [["raw answer 1"]]
    assert rows(exported["samples_dialogue"])[3]["rougeL"] == 0.7
    likelihood = float(rows(exported["samples_fidelity"])[0]["filtered_resps"][0])
    assert likelihood < 0


def test_what_was_asked_stands_there_word_for_word_where_it_was_kept(tmp_path: Path) -> None:
    files = export_lm_eval(with_prompts(tmp_path), tmp_path / "out").files
    of = {f.name.rsplit("_", 1)[0]: rows(f) for f in files if f.match("base/*.jsonl")}
    first = of["samples_sentiment"][0]
    assert first["doc"]["text"] == "text of example-0000"
    assert first["arguments"]["gen_args_1"]["arg_0"] == "<s>Shots. text of example-0000<e>"
    assert of["samples_dialogue"][0]["arguments"]["gen_args_0"]["arg_0"] == "text of example-0000"


def test_a_failed_cell_is_told_and_is_in_no_file(tmp_path: Path) -> None:
    exported = export_lm_eval(
        made_results(tmp_path, with_failures(), with_answers=True), tmp_path / "out"
    )
    assert not (tmp_path / "out" / "qlora").exists()
    assert any(note.startswith("qlora answered nothing") for note in exported.notes)
    (file,) = [f for f in exported.files if f.parent.name == "lora-q4" and f.suffix == ".json"]
    whole = json.loads(file.read_text())
    assert "dialogue" not in whole["results"] and "signal 11" in str(whole["harness"]["failed"])
    assert not list((tmp_path / "out" / "lora-q4").glob("samples_dialogue*"))


def test_the_same_results_give_the_same_bytes(tmp_path: Path) -> None:
    results = made_results(tmp_path, with_answers=True)
    for name in ("one", "two"):
        export_lm_eval(results, tmp_path / name)
    names = sorted(f.relative_to(tmp_path / "one") for f in (tmp_path / "one").rglob("*.json*"))
    assert len(names) > 10
    assert all(
        (tmp_path / "one" / n).read_bytes() == (tmp_path / "two" / n).read_bytes() for n in names
    )


def test_lm_evals_own_code_reads_them(exported: dict[str, Path]) -> None:
    pytest.importorskip("lm_eval", reason="lm_eval is not installed")
    from lm_eval.result_schema import EvalResults, SampleResult  # type: ignore[import-not-found]
    from lm_eval.utils import (  # type: ignore[import-not-found]
        get_file_task_name,
        get_results_filenames,
        make_table,
    )

    whole = json.loads(exported["results"].read_text())
    table = make_table(whole)
    assert "|sentiment" in table and "0.8330" in table and "±" in table
    assert get_results_filenames([str(exported["results"])]) == [str(exported["results"])]
    assert get_file_task_name(exported["samples_sentiment"].name) == "sentiment"
    assert set(whole) - set(EvalResults.__annotations__) == {"harness"}
    for name in ("samples_sentiment", "samples_dialogue", "samples_fidelity"):
        for row in rows(exported[name]):
            assert set(SampleResult.__annotations__) <= set(row)
            assert set(row) - set(SampleResult.__annotations__) == set(row["metrics"])
