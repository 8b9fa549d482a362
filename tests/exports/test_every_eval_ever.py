"""Every Eval Ever: records and rows that its schema allows, and that say what the summary says."""

from __future__ import annotations

import hashlib
import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from harness.exports.every_eval_ever import export_every_eval_ever, portable
from harness.exports.results import Results
from harness.records import SourceStep
from tests.exports.every_eval_ever_schema import RECORD, ROW
from tests.exports.made_results import made_results, strict, with_prompts
from tests.reporting.fixture import quickstart
from tests.reporting.variants import with_failures, without_intervals

Written = dict[str, tuple[dict[str, Any], list[dict[str, Any]]]]


def export(results: Results, out: Path) -> Written:
    """Records and rows by model, read from the files."""
    written = {}
    for file in export_every_eval_ever(results, out).files:
        if file.suffix == ".json":
            record = strict(file.read_text(encoding="utf-8"))
            beside = file.with_name(f"{file.stem}_samples.jsonl")
            lines = beside.read_text(encoding="utf-8").splitlines() if beside.exists() else []
            written[record["model_info"]["name"]] = (record, [strict(line) for line in lines])
    return written


@pytest.fixture
def written(tmp_path: Path) -> Written:
    return export(made_results(tmp_path, with_answers=True), tmp_path / "out")


def mistakes(schema: dict[str, Any], found: object) -> list[str]:
    Draft7Validator.check_schema(schema)
    return [
        f"{error.json_path}: {error.message}"
        for error in Draft7Validator(schema).iter_errors(found)
    ]


@pytest.mark.parametrize("summary", [quickstart(), with_failures(), without_intervals()])
def test_every_record_and_row_is_as_the_schema_has_it(tmp_path: Path, summary: Any) -> None:
    written = export(made_results(tmp_path, summary, with_answers=True), tmp_path / "out")
    assert len(written) >= 6
    for record, rows in written.values():
        assert not mistakes(RECORD, record)
        assert rows and not [found for row in rows for found in mistakes(ROW, row)]


def test_every_record_and_row_is_as_their_own_schema_has_it(written: Written) -> None:
    found = importlib.util.find_spec("every_eval_ever")
    if found is None or not found.submodule_search_locations:
        pytest.skip("every_eval_ever is not installed (it needs Python 3.12)")
    folder = Path(found.submodule_search_locations[0]) / "schemas"
    whole, single = (
        json.loads((folder / f"{name}.schema.json").read_text())
        for name in ("eval", "instance_level_eval")
    )
    if whole["version"] < "0.3":
        pytest.skip(
            "its 0.2.3rc1 holds a draft of 0.2.2, which wants levels where no range is said"
        )
    for record, rows in written.values():
        assert not mistakes(whole, record)
        assert not [found for row in rows for found in mistakes(single, row)]


def test_scores_are_exact_and_only_what_has_a_range_says_one(written: Written) -> None:
    cells = {(c.model, c.task): c for c in quickstart().cells}
    record, _ = written["lora-q4"]
    results = {one["evaluation_result_id"]: one for one in record["evaluation_results"]}
    for name, one in results.items():
        task, metric = name.split("/")
        value = cells["lora-q4", task].metrics[metric]
        assert one["score_details"]["score"] == value.value
        interval = one["score_details"]["uncertainty"].get("confidence_interval")
        assert (interval is None) == (value.low is None)
        if interval is not None:
            assert (interval["lower"], interval["upper"]) == (value.low, value.high)
    config = {name: one["metric_config"] for name, one in results.items()}
    assert (
        config["sentiment/accuracy"]["min_score"],
        config["sentiment/accuracy"]["max_score"],
    ) == (0, 1)
    for unbounded in ("fidelity/kl_mean", "speed/decode_tokens_per_second", "fidelity/perplexity"):
        assert not {"score_type", "min_score", "max_score"} & config[unbounded].keys()
    assert config["speed/ttft_seconds"]["metric_unit"] == "seconds"
    assert (
        config["fidelity/kl_mean"]["lower_is_better"]
        and config["fidelity/kl_mean"]["metric_unit"] == "nats"
    )


def test_rows_belong_to_their_record_and_the_checksum_is_of_the_file(
    written: Written, tmp_path: Path
) -> None:
    for record, rows in written.values():
        told = record["detailed_evaluation_results"]
        data = (tmp_path / "out" / told["file_path"]).read_bytes()
        assert hashlib.sha256(data).hexdigest() == told["checksum"]
        assert told["total_rows"] == len(rows) == len(data.splitlines())
        ids = {one["evaluation_result_id"] for one in record["evaluation_results"]}
        assert {row["evaluation_result_id"] for row in rows} <= ids
        assert {row["evaluation_id"] for row in rows} == {record["evaluation_id"]}
        assert {row["model_id"] for row in rows} == {record["model_info"]["id"]}


def test_input_is_the_whole_prompt_where_it_was_kept(tmp_path: Path) -> None:
    _, rows = export(with_prompts(tmp_path), tmp_path / "out")["base"]
    asked = {row["evaluation_name"]: row["input"]["raw"] for row in reversed(rows)}
    assert asked["quickstart.sentiment"] == "<s>Shots. text of example-0000<e>"
    assert asked["quickstart.dialogue"] == "text of example-0000"
    assert not [found for row in rows for found in mistakes(ROW, row)]


def test_only_what_is_right_or_wrong_is_correct(written: Written) -> None:
    _, rows = written["lora"]
    for row in rows:
        if row["evaluation_name"] == "quickstart.sentiment":
            assert row["evaluation"]["is_correct"] == (row["evaluation"]["score"] == 1)
        else:
            assert (
                not row["evaluation"]["is_correct"]
                and "not defined" in row["metadata"]["is_correct"]
            )


def test_a_failed_cell_is_told_and_has_no_score(tmp_path: Path) -> None:
    exported = export_every_eval_ever(made_results(tmp_path, with_failures()), tmp_path / "out")
    assert any("signal 11" in note for note in exported.notes)
    assert any("qlora has no figures" in note for note in exported.notes)
    records = [json.loads(f.read_text()) for f in exported.files]
    (q4,) = [r for r in records if r["model_info"]["name"] == "lora-q4"]
    assert not [r for r in q4["evaluation_results"] if "dialogue" in r["evaluation_name"]]


def test_a_model_as_it_lies_on_the_hub_is_a_third_partys(tmp_path: Path) -> None:
    whole = quickstart()
    base = whole.models["base"].model_copy(update={"lineage": [SourceStep(name="org/tiny")]})
    summary = quickstart(models={**whole.models, "base": base})
    written = export(made_results(tmp_path, summary, organization="me"), tmp_path / "out")
    assert written["base"][0]["model_info"]["id"] == "org/tiny"
    assert written["base"][0]["source_metadata"]["evaluator_relationship"] == "third_party"
    assert written["lora"][0]["model_info"]["id"] == "me/lora"
    assert written["lora"][0]["source_metadata"]["evaluator_relationship"] == "first_party"


@pytest.mark.parametrize(
    ("name", "part"),
    [("a/b", "a_b"), ("..", "_"), ("con", "con_"), ("data", "data_"), ("x:y ", "x_y_")],
)
def test_a_name_becomes_one_part_of_a_path(name: str, part: str) -> None:
    assert portable(name) == part
