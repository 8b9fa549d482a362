"""Metrics that a suite names, through a whole run with the starter: run, gate, compare, report."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from rouge_score.rouge_scorer import RougeScorer

from harness.errors import InputError
from harness.reporting.markdown import markdown
from harness.reporting.sections import document
from harness.results.baselines import save_baseline
from harness.results.comparing import Wanted, compare_results
from harness.results.gating import judge_results
from harness.runner.run import Options, Outcome, prepare, run
from harness.runner.showing import show_prompt
from harness.starter import MODEL_FOLDER
from tests.metrics.metrics import STRINGS, write_metric
from tests.pipeline.conftest import Notes

SUITE = """\
name: own
defaults: {seed: 0, limit: 10}
models:
  base: {source: starter}
  copy: {source: COPY, dtype: float32}
tasks:
  dialogue:
    type: summarize
    dataset: dialogue-sample
    max_new_tokens: 8
    metrics:
      - chrf
      - {python: mine.py:length, better: lower, label: Length, unit: characters}
      - {python: mine.py:short, binary: true}
      - {evaluate: ./rouge_again, key: rougeL, name: rouge_again}
      - {evaluate: ./overlap}
compare:
  two: {baseline: base, candidates: [copy]}
gates:
  - {compare: two, task: dialogue, metric: length, max_drop: 1000}
  - {models: [base], task: dialogue, metric: short, min: 0.9}
"""
MINE = """\
def length(prediction, target):
    return len(prediction)


def short(prediction, target, text):
    return len(prediction) < len(text)
"""
ROUGE = """\
scorer = RougeScorer(["rougeL"], use_stemmer=True)
        scores = [scorer.score(r, p)["rougeL"].fmeasure for p, r in zip(predictions, references)]
        return {"rougeL": sum(scores) / len(scores), "n": len(scores)}"""
OVERLAP = """\
shared = sum(len(set(p.split()) & set(r.split())) for p, r in zip(predictions, references))
        return {"overlap": shared / sum(len(set(r.split())) for r in references)}"""


def ran(folder: Path, text: str = SUITE) -> tuple[Outcome, Notes]:
    (folder / "suite.yaml").write_text(text.replace("COPY", str(MODEL_FOLDER)))
    options = Options(results=folder / "results", home=folder / "home")
    notes = Notes()
    return run(prepare(folder / "suite.yaml", options), options, notes, []), notes


def lines(folder: Path, model: str = "base") -> list[dict[str, object]]:
    file = folder / "results" / "own" / "cells" / model / "dialogue" / "samples.jsonl"
    return [json.loads(line) for line in file.read_text().splitlines()]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the suite was run."""
    folder = tmp_path_factory.mktemp("own")
    (folder / "mine.py").write_text(MINE)
    write_metric(
        folder, "rouge_again", ROUGE, imports="from rouge_score.rouge_scorer import RougeScorer"
    )
    write_metric(folder, "overlap", OVERLAP, STRINGS)
    ran(folder)
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    """A copy of it, which a test may change."""
    shutil.copytree(made, tmp_path / "own")
    return tmp_path / "own"


def test_every_sample_has_a_score_of_each_metric_and_the_value_is_their_mean(folder: Path) -> None:
    outcome, notes = ran(folder)
    assert notes.labels == []
    cell = outcome.summary.cells[0]
    assert cell.status == "ok" and cell.n == 10
    for name in ("chrf", "length", "short", "rouge_again", "overlap"):
        scores = [float(line["scores"][name]) for line in lines(folder)]  # type: ignore[index]
        value = cell.metrics[name]
        assert value.value == pytest.approx(np.mean(scores))
        assert value.low is not None and value.high is not None
        assert value.low <= np.mean(scores) <= value.high


def test_scores_are_what_the_metrics_give_elsewhere(folder: Path) -> None:
    scorer = RougeScorer(["rougeL"], use_stemmer=True)
    for line in lines(folder):
        answer, target = str(line["answer"]), str(line["target"])
        scores = line["scores"]
        assert isinstance(scores, dict)
        assert scores["length"] == len(answer)
        assert scores["rouge_again"] == pytest.approx(
            scorer.score(target, answer)["rougeL"].fmeasure
        )


def test_what_a_metric_gives_for_all_answers_at_once_is_kept_and_told(folder: Path) -> None:
    outcome, _ = ran(folder)
    cell = outcome.summary.cells[0]
    pairs = [(set(str(o["answer"]).split()), set(str(o["target"]).split())) for o in lines(folder)]
    together = sum(len(p & r) for p, r in pairs) / sum(len(r) for _, r in pairs)
    assert cell.details["own_metrics"]["overlap"]["together"] == pytest.approx(together)
    report = markdown(document(outcome.summary))
    assert "overlap is the mean of scores of single answers" in report
    assert f"base {together:.3f}" in report
    assert "Rouge_again is the mean" not in report and "rouge_again is the mean" not in report


def test_a_changed_metric_scores_the_answers_anew_and_asks_no_model(folder: Path) -> None:
    before, (asked, *_) = lines(folder), ran(folder)[0].summary.cells
    (folder / "mine.py").write_text(MINE.replace("return len(prediction)\n", "return 7\n"))
    outcome, _ = ran(folder)
    after = lines(folder)
    assert [line["answer"] for line in after] == [line["answer"] for line in before]
    assert outcome.summary.cells[0].metrics["length"].value == 7
    cell = outcome.summary.cells[0]
    assert (cell.seconds, cell.load_seconds) == (asked.seconds, asked.load_seconds)
    assert cell.key != asked.key and cell.answers == asked.answers


def test_metrics_taken_out_or_put_in_ask_no_model_either(folder: Path) -> None:
    asked = lines(folder)
    without = SUITE[: SUITE.index("    metrics:")] + "compare: {}\n"
    outcome, _ = ran(folder, without)
    cell = outcome.summary.cells[0]
    assert "length" not in cell.metrics and cell.answers == ""
    assert "length" not in lines(folder)[0]["scores"]  # type: ignore[operator]
    outcome, _ = ran(folder)
    assert lines(folder) == asked
    assert outcome.summary.cells[0].metrics["length"].value is not None


def test_an_error_in_a_metric_fails_the_cell_and_keeps_its_answers(folder: Path) -> None:
    answers = [line["answer"] for line in lines(folder)]
    (folder / "mine.py").write_text(MINE.replace("len(prediction)\n", "1 / 0\n"))
    outcome, _ = ran(folder)
    cell = outcome.summary.cells[0]
    assert cell.status == "failed" and cell.n == 10
    assert cell.error is not None and cell.error.kind == "bad-data"
    first = lines(folder)[0]["id"]
    assert cell.error.message == (
        f'{folder / "mine.py"}:2: cannot score the answer to "{first}": '
        "ZeroDivisionError: division by zero"
    )
    (folder / "mine.py").write_text(MINE)
    outcome, _ = ran(folder)
    assert outcome.summary.cells[0].status == "ok"
    assert [line["answer"] for line in lines(folder)] == answers


def test_gates_and_comparisons_work_from_the_results_alone(folder: Path) -> None:
    for code in ("mine.py", "suite.yaml"):
        (folder / code).unlink()
    results = folder / "results" / "own"
    drop, least = judge_results(results, None, folder).verdicts
    assert drop.outcome == "met" and drop.rule == "must not rise by more than 1000 characters"
    assert least.outcome in ("met", "undecided") and least.value == 1.0
    compared = compare_results(results, ["base", "copy"], Wanted(metric="length"))
    (row,) = compared.pairs[0].tasks[0].rows
    assert row.metric == "length" and row.reason is None and row.n == 10
    with pytest.raises(InputError, match="there is no metric 'lenght'"):
        compare_results(results, ["base", "copy"], Wanted(metric="lenght"))


def test_scores_of_other_code_are_not_compared(folder: Path) -> None:
    results = folder / "results" / "own"
    save_baseline(results, "main", folder / "baselines")
    (folder / "mine.py").write_text(MINE.replace("return len(prediction)\n", "return 7\n"))
    ran(folder)
    compared = compare_results(
        results, ["base"], Wanted(baseline="main", baselines=folder / "baselines")
    )
    rows = {row.metric: row for row in compared.pairs[0].tasks[0].rows}
    assert rows["overlap"].delta == 0
    assert rows["length"].delta is None
    assert "scored by different code" in str(rows["length"].reason)
    verdict = judge_results(results, "main", folder / "baselines").verdicts[-1]
    assert verdict.outcome == "not met" and "different code" in verdict.reason


def test_the_report_names_label_unit_direction_and_explanation(folder: Path) -> None:
    outcome, _ = ran(folder)
    report = markdown(document(outcome.summary))
    assert "Length (characters ↓)" in report
    assert "the evaluate metric \\`./overlap\\`" in report
    assert "mine.py:length" in report


def test_an_answer_is_shown_with_its_scores(folder: Path) -> None:
    outcome, _ = ran(folder)
    assert outcome.summary.cells[0].samples_key != outcome.summary.cells[0].key
    options = Options(results=folder / "results", home=folder / "home")
    for where in (folder / "suite.yaml", folder / "results" / "own"):
        shown = show_prompt(where, ["base", "dialogue"], options).as_data()
        assert shown["answer"]["answer"] == lines(folder)[0]["answer"]
        assert shown["answer"]["scores"] == lines(folder)[0]["scores"]
