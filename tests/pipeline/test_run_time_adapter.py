"""A LoRA that llama.cpp puts on a quantized base while it runs: its own rung, beside the merged one."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.reporting.lineage import lineage_words
from harness.runner.run import Options, prepare, run
from harness.suite.problems import SuiteError
from tests.estimate.suites import forecasted
from tests.pipeline.conftest import Notes
from tests.pipeline.in_process import run_here
from tests.plan.test_builder import plan

MODELS = """\
  base:    {source: starter}
  lora:    {from: base, finetune: {method: lora, tasks: [sentiment], limit: 8, epochs: 1}}
  base-q8: {from: base, gguf: Q8_0}
  lent-q8: {from: base-q8, adapter: lora}
  lora-q8: {from: lora, gguf: Q8_0}
"""
SUITE = f"""\
name: lent
models:
{MODELS}
tasks:
  sentiment: {{type: classify, dataset: phrasebank-sample, limit: 4}}
compare:
  lending: {{baseline: lora-q8, candidates: [lent-q8, base-q8]}}
"""


def test_it_answers_as_the_merged_model_does_up_to_rounding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_here(monkeypatch)
    (tmp_path / "suite.yaml").write_text(SUITE)
    options, notes = Options(results=tmp_path / "results", home=tmp_path / "home"), Notes()
    summary = run(prepare(tmp_path / "suite.yaml", options), options, notes, []).summary
    assert notes.failures == {} and {cell.status for cell in summary.cells} == {"ok"}
    lent = summary.models["lent-q8"]
    assert lineage_words(lent.lineage) == "starter → F16 GGUF → Q8_0 → adapter lora at run time"
    assert lent.engine == "llamacpp" and lent.training == summary.models["lora"].training
    assert (lent.bytes or 0) > (summary.models["base-q8"].bytes or 0)
    (dump,) = (tmp_path / "results").rglob("lent-q8/sentiment/samples.jsonl")
    scores = {
        name: (dump.parents[2] / name / "sentiment" / "samples.jsonl").read_text()
        for name in ("lent-q8", "lora-q8", "base-q8")
    }
    assert len(set(scores.values())) == 3, "the adapter changes the answers' scores"


def test_it_is_planned_without_a_merge() -> None:
    made = plan(SUITE)
    parts = made.models["lent-q8"].parts
    assert [made.steps[parts[role]].kind for role in ("gguf", "adapter")] == [
        "quantize",
        "adapter-gguf",
    ]
    adapter = made.steps[parts["adapter"]]
    assert made.steps[adapter.parents["adapter"]].kind == "finetune"
    assert made.steps[adapter.parents["weights"]].kind == "source"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("adapter: lora}", "adapter: base}", "`base` has no adapter of its own"),
        ("lora-q8: {from: lora,", "lora-q8: {from: lent-q8,", "has its adapter only while it runs"),
        (
            "  lent-q8: {from: base-q8",
            "  deep: {from: lora, finetune: {method: lora, tasks: [sentiment]}}\n  lent-q8: {from: lora-q8",
            "the adapter of `lora` is for `base`, and `lora-q8` is made from `lora`",
        ),
        ("adapter: lora}", "adapter: lroa}", "no folder"),
    ],
)
def test_an_adapter_that_does_not_fit_is_refused(old: str, new: str, message: str) -> None:
    assert old in SUITE
    with pytest.raises(SuiteError, match=message):
        plan(SUITE.replace(old, new))


def test_the_estimate_counts_it(tmp_path: Path) -> None:
    assert forecasted(tmp_path, MODELS)
