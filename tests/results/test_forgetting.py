"""Every fine-tuning is held against what it was made from, on all that both were asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.analysis.answers import CellAnswers, TaskAnswers
from harness.metrics.registry import METRICS
from harness.records import NOT_ASKED, Cell, Sample
from harness.results.forgetting import before_and_after, learned
from harness.results.judge import SuiteAnswers, compare_and_judge
from harness.runner.known import known
from harness.suite.reader import parse_suite
from harness.suite.schema import SuiteSpec

TEXT = """\
name: s
models:
  base:  {source: starter}
  one:   {from: base, finetune: {method: lora, tasks: [sentiment]}}
  other: {from: base, finetune: {method: lora, tasks: [dialogue]}}
tasks:
  sentiment: {type: classify, dataset: phrasebank-sample}
  written:   {type: classify, dataset: phrasebank-sample, ask: generate}
  dialogue:  {type: summarize, dataset: dialogue-sample}
  speed:     {type: speed}
"""
PASSAGES = 12


def spec(more: str = "") -> SuiteSpec:
    return parse_suite(TEXT + more, Path("suite.yaml"), known()).spec


def read(nll: float) -> CellAnswers:
    """Passages of 100 tokens, each a little harder than the one before."""
    return CellAnswers(
        [
            Sample(key="k", index=i, id=f"p{i}", data={"tokens": 100, "nll": nll + i, "bytes": 300})
            for i in range(PASSAGES)
        ]
    )


def answers(of: SuiteSpec, **nll: float) -> SuiteAnswers:
    """Nothing but general text was asked."""
    empty = {name: TaskAnswers(task.type, {}, {}) for name, task in of.tasks.items()}
    metrics = {name: METRICS[name] for name in ("perplexity", "bits_per_byte")}
    cells = {model: read(value) for model, value in nll.items()}
    return SuiteAnswers(of, empty | {"general-text": TaskAnswers("perplexity", metrics, cells)})


def test_a_task_on_the_same_data_is_learned_too() -> None:
    of = spec()
    assert learned(of, of.models["one"]) == ["sentiment", "written"]
    assert learned(of, of.models["other"]) == ["dialogue"]


def test_perplexity_is_compared_passage_by_passage() -> None:
    found = before_and_after(answers(spec(), base=300.0, one=320.0, other=300.0), [], [])
    (row,), (same,) = (of.rows for of in found)
    assert [of.model for of in found] == ["one", "other"] and row.metric == "perplexity"
    # every passage is harder by 0.2 nats a token: as sure as it can be, whatever the passages are
    assert row.candidate_value == pytest.approx((row.baseline_value or 0) * 2.71828**0.2, rel=1e-4)
    assert row.low is not None and row.low > 0 and row.n == PASSAGES
    assert same.delta == 0


def test_where_the_suite_compares_the_two_the_same_difference_is_shown() -> None:
    of = spec("compare:\n  c: {baseline: base, candidates: [one], tasks: [general-text]}\n")
    given = answers(of, base=300.0, one=301.0, other=300.0)
    compared, _ = compare_and_judge(given)
    (found, _) = before_and_after(given, [], compared)
    (own,) = [row for row in compared if row.metric == "perplexity"]
    assert found.rows[0] == own.model_copy(update={"name": "forgetting"})


def test_a_comparison_without_tasks_is_of_the_suites_own() -> None:
    of = spec("compare:\n  c: {baseline: base, candidates: [one]}\n")
    compared, _ = compare_and_judge(answers(of, base=300.0, one=301.0))
    assert not [row for row in compared if row.task in of.added]


def test_what_was_not_for_a_model_is_left_out_with_its_reason() -> None:
    cell = Cell(
        key="k", model="one", task="instructions", status="ok", details={NOT_ASKED: "no chat template"}
    )  # fmt: skip
    one, other = before_and_after(answers(spec(), base=300.0, one=301.0), [cell], [])
    assert one.left_out == {"instructions": "no chat template"} and not other.left_out


def test_a_suite_that_says_so_gets_no_record() -> None:
    assert before_and_after(answers(spec("forgetting: false\n")), [], []) == []


def test_an_adapter_of_others_is_held_against_its_base_and_learned_what_nobody_knows() -> None:
    text = TEXT.replace("tasks:\n", "  found: {from: base, adapter: org/adapter}\ntasks:\n", 1)
    of = parse_suite(text, Path("suite.yaml"), known()).spec
    one, _, found = before_and_after(answers(of, base=300.0, one=300.0, found=320.0), [], [])
    assert (found.model, found.baseline, found.learned) == ("found", "base", [])
    assert found.elsewhere and not one.elsewhere
    (row,) = found.rows
    assert row.low is not None and row.low > 0
