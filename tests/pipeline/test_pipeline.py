"""The main job on a folder of the user's own: made, asked, compared, kept, resumed."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest

import harness
from harness.cli.run import exit_code, run_suite
from harness.cli.unchanged import answer
from harness.records import SUMMARY_SCHEMA
from harness.reporting.lineage import lineage_words
from harness.runner.run import Options, Outcome, prepare
from tests.pipeline.conftest import Notes, Place, noted

First = tuple[Place, Outcome, Notes]


def test_every_cell_is_answered(first_run: First) -> None:
    _, outcome, notes = first_run
    assert notes.failures == {}
    assert len(outcome.summary.cells) == 6 * 5
    assert {cell.status for cell in outcome.summary.cells} == {"ok"}
    for cell in outcome.summary.cells:
        expected = {"speed": 2, "fidelity": 3}.get(cell.task, 6)
        assert cell.n == expected
        assert all(value.value is not None for value in cell.metrics.values()), cell


def test_models_were_timed_in_turn_after_everything_else(first_run: First) -> None:
    _, _, notes = first_run
    timed = [label for label in notes.labels if label.startswith("time ")]
    models = ("base", "lora", "qlora", "f16", "q4", "qlora-f16")
    assert notes.labels[-12:] == timed
    assert timed == [f"time {m}: speed, round {n} of 2" for n in (1, 2) for m in models]


def test_models_of_the_lineage_were_asked_the_same(first_run: First) -> None:
    _, outcome, _ = first_run
    for task in ("sentiment", "written", "dialogue", "fidelity"):
        assert len({c.prompts for c in outcome.summary.cells if c.task == task}) == 1


def test_the_reference_has_no_divergence_from_itself_and_four_bits_have_more_than_none(
    first_run: First,
) -> None:
    _, outcome, _ = first_run
    kl = {
        c.model: c.metrics["kl_mean"].value for c in outcome.summary.cells if c.task == "fidelity"
    }
    assert kl["f16"] == 0
    assert kl["q4"] is not None and kl["lora"] is not None
    assert kl["q4"] > kl["lora"]


def test_what_was_made_says_how(first_run: First) -> None:
    _, outcome, _ = first_run
    models = outcome.summary.models
    assert lineage_words(models["q4"].lineage) == (
        "model → LoRA, rank 4 → merged → F16 GGUF → Q4_K_M"
    )
    training = models["lora"].training
    assert training is not None
    assert (training.examples, training.epochs) == (16, 3)
    parity = models["f16"].parity
    assert parity is not None and parity.same_tokens == 1.0 and parity.passed
    qlora = models["qlora-f16"].parity
    assert qlora is not None and qlora.passed
    assert models["q4"].bytes is not None and models["f16"].bytes is not None
    assert models["q4"].bytes < models["f16"].bytes
    assert not models["base"].synthetic


def test_gates_and_comparisons_are_in_the_summary_on_disk(first_run: First) -> None:
    place, _, _ = first_run
    summary = json.loads((place.folder / "results" / "mine" / "summary.json").read_text())
    assert summary["schema"] == SUMMARY_SCHEMA
    assert [gate["passed"] for gate in summary["gates"]] == [True]
    found = {(c["candidate"], c["task"], c["metric"]) for c in summary["comparisons"]}
    assert {("lora", "sentiment", "accuracy"), ("q4", "dialogue", "rouge1")} <= found


def test_a_second_run_does_nothing(place: Place) -> None:
    outcome, notes = place.run()
    assert (outcome.ran, notes.labels) == (0, [])
    assert len(outcome.summary.cells) == 30


def test_deleting_one_result_asks_one_cell_again_and_keeps_its_samples(place: Place) -> None:
    folder = place.cell("q4", "sentiment")
    before = sorted((folder / "samples.jsonl").read_text().splitlines())
    (folder / "result.json").unlink()
    _, notes = place.run()
    assert notes.labels == ["ask q4: sentiment"]
    assert sorted((folder / "samples.jsonl").read_text().splitlines()) == before


def test_a_timing_that_was_cut_off_goes_on_with_the_round_that_is_missing(place: Place) -> None:
    folder = place.cell("q4", "speed")
    (folder / "result.json").unlink()
    (folder / "round-2.json").unlink()
    before = (folder / "samples.jsonl").read_text().splitlines()
    _, notes = place.run()
    after = (folder / "samples.jsonl").read_text().splitlines()
    assert notes.labels == ["time q4: speed, round 2 of 2"]
    assert after[:2] == before[:2] and after[2:] != before[2:]


def test_after_a_crash_the_finished_samples_are_kept_and_the_rest_is_asked(place: Place) -> None:
    folder = place.cell("base", "dialogue")
    result = noted(folder)
    lines = (folder / "samples.jsonl").read_text().splitlines()
    (folder / "result.json").unlink()
    (folder / "samples.jsonl").write_text("\n".join(lines[:3]) + "\n" + lines[3][:20])
    _, notes = place.run()
    again = noted(folder)
    assert notes.labels == ["ask base: dialogue"]
    assert again.metrics == result.metrics
    assert (folder / "samples.jsonl").read_text().splitlines()[:3] == sorted(
        lines[:3], key=lambda line: int(json.loads(line)["index"])
    )


def test_a_changed_task_reruns_its_own_cells(place: Place) -> None:
    place.rewrite("max_new_tokens: 8", "max_new_tokens: 4")
    _, notes = place.run(only="q4")
    assert notes.labels == ["ask q4: dialogue"]


def test_a_damaged_model_is_a_failed_cell_with_its_reason_and_the_rest_goes_on(
    place: Place,
) -> None:
    damaged = place.folder / "damaged"
    shutil.copytree(place.folder / "model", damaged, dirs_exist_ok=True)
    weights = damaged / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1000])
    place.rewrite("models:\n", "models:\n  broken: {source: damaged}\n")
    outcome, notes = place.run(only="*/sentiment")
    cells = {cell.model: cell for cell in outcome.summary.cells if cell.task == "sentiment"}
    error = cells["broken"].error
    assert cells["broken"].status == "failed" and error is not None
    assert error.kind == "bad-model"
    assert "model.safetensors" in error.message and str(weights.stat().st_size) in error.message
    assert cells["base"].status == "ok"
    assert exit_code(outcome.summary) == 1
    assert not [label for label in notes.labels if label.startswith("ask")]


def test_a_gate_that_is_not_met_is_exit_code_3_and_one_that_was_not_asked_is_none(
    place: Place,
) -> None:
    place.rewrite("metric: accuracy, max_drop: 1.0", "metric: accuracy, must: improve")
    outcome, _ = place.run(only="*/sentiment")
    assert [gate.passed for gate in outcome.summary.gates] == [False]
    assert exit_code(outcome.summary) == 3
    shutil.rmtree(place.cell("q4", "sentiment"))
    outcome, _ = place.run(only="base/sentiment")
    assert outcome.summary.gates == []
    assert exit_code(outcome.summary) == 0


def test_a_worker_out_of_time_is_a_failed_cell(place: Place) -> None:
    place.rewrite("limit: 6}", "limit: 5, timeout: 0.01}")
    outcome, _ = place.run(only="q4/sentiment")
    cell = next(c for c in outcome.summary.cells if (c.model, c.task) == ("q4", "sentiment"))
    assert cell.error is not None and cell.error.kind == "timeout"


def test_the_command_line_ends_with_a_report_and_exit_code_0(
    place: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["harness", "run", str(place.suite)])
    monkeypatch.setenv("HARNESS_HOME", str(place.folder / "home"))
    results, reports = place.folder / "results", place.folder / "reports"
    assert run_suite(place.suite, Options(results, may_fetch=True), reports, False) == 0
    page = (place.folder / "reports" / "mine" / "index.html").read_text()
    assert "lora" in page and (place.folder / "reports" / "mine" / "report.md").is_file()
    capsys.readouterr()
    assert answer(sys.argv[1:]) == 0
    said = capsys.readouterr().out
    assert said.startswith("Nothing to do: ") and said.endswith("reports/mine/index.html\n")
    place.rewrite("limit: 6}", "limit: 5}")
    assert answer(sys.argv[1:]) is None


def test_results_stand_without_the_artifacts(first_run: First, tmp_path: Path) -> None:
    place, _, _ = first_run
    elsewhere = Options(results=place.folder / "results", home=tmp_path)
    assert prepare(place.suite, elsewhere).open_cells() == []


def test_a_suite_runs_from_python(place: Place) -> None:
    results, home = place.folder / "results", place.folder / "home"
    summary = harness.run(place.suite, results=results, home=str(home))
    assert {cell.status for cell in summary.cells} == {"ok"}
