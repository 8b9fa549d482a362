"""Every family of models, at true architecture and small shape: fine-tuned, merged, converted,
quantized, asked, timed, reported."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.records import Check
from harness.reporting.markdown import markdown
from harness.reporting.sections import document
from harness.runner.run import Options, Outcome, prepare, run
from tests.pipeline.conftest import Notes
from tests.pipeline.in_process import run_here

SHAPE = (
    "vocab_size: 4096, hidden_size: 256, intermediate_size: 512, num_hidden_layers: 2, "
    "num_attention_heads: 4, num_key_value_heads: 2"
)
SUITE = """\
name: family
forgetting: false
defaults: {{limit: 2}}
models:
  base: {{source: {{architecture: {name}, {shape}}}, weights: random}}
  lora: {{from: base, finetune: {{method: {method}, tasks: [sentiment, dialogue], rank: 4, limit: 4, epochs: 1}}}}
  f16:  {{from: lora, gguf: F16}}
  q4:   {{from: lora, gguf: Q4_K_M}}
tasks:
  sentiment: {{type: classify, dataset: phrasebank-sample}}
  dialogue:  {{type: summarize, dataset: dialogue-sample, max_new_tokens: 4}}
  fidelity:  {{type: divergence, dataset: dialogue-sample, reference: f16}}
  speed:     {{type: speed, prompt_tokens: 16, new_tokens: 4, repetitions: 2, rounds: 1}}
compare:
  tuning:       {{baseline: base, candidates: [lora]}}
  quantization: {{baseline: f16, candidates: [q4]}}
"""
LORA = ("llama-3.1-8b", "mistral-7b", "qwen2.5-3b", "gemma-2-2b", "smollm2-135m")
QLORA = ("llama-2-7b", "qwen3-0.6b", "phi-3.5-mini", "gemma-3-1b")
FAMILIES = [(name, "lora") for name in LORA] + [(name, "qlora") for name in QLORA]
QUICK = ("llama-3.1-8b", "gemma-3-1b")
"""Asked by `make test`, one of each method; the others are slow together."""


def ran(folder: Path, name: str, method: str = "lora", shape: str = SHAPE) -> tuple[Outcome, Notes]:
    suite = folder / "family.yaml"
    suite.write_text(SUITE.format(name=name, method=method, shape=shape))
    options, notes = Options(results=folder / "results", home=folder / "home"), Notes()
    return run(prepare(suite, options), options, notes, []), notes


def checks(outcome: Outcome, model: str) -> dict[str, Check]:
    return {check.name: check for check in outcome.summary.checks if check.model == model}


@pytest.mark.parametrize(
    ("name", "method"),
    [
        pytest.param(*family, marks=[] if family[0] in QUICK else pytest.mark.slow)
        for family in FAMILIES
    ],
)
def test_a_family_goes_the_whole_way(
    name: str, method: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_here(monkeypatch)
    outcome, notes = ran(tmp_path, name, method)
    assert notes.failures == {}
    assert len(outcome.summary.cells) == 16
    for cell in outcome.summary.cells:
        assert cell.status == "ok", cell
        assert all(value.value is not None for value in cell.metrics.values()), cell
    failed = {
        (check.model, check.name): check.message
        for check in outcome.summary.checks
        if check.status != "passed"
    }
    assert failed == {}
    assert {"bos", "chat-template", "tokens", "conversion", "merge"} <= checks(outcome, "q4").keys()
    for parity in (
        outcome.summary.models["f16"].parity,
        outcome.summary.models["f16"].merge_parity,
    ):
        assert parity is not None and parity.passed
        assert 0 < parity.max_logprob_difference < 0.01
    training = outcome.summary.models["lora"].training
    assert training is not None and training.examples == 8
    assert "do not agree" not in markdown(document(outcome.summary))


def test_where_the_gguf_is_another_model_the_report_says_so_and_the_pipeline_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_here(monkeypatch)
    outcome, notes = ran(
        tmp_path, "gemma-3-1b", shape=f"{SHAPE}, query_pre_attn_scalar: 256, head_dim: 64"
    )
    assert notes.failures == {}
    assert {cell.status for cell in outcome.summary.cells} == {"ok"}
    found = checks(outcome, "q4")
    assert found["conversion"].status == "failed"
    cause = "by query_pre_attn_scalar (256), llama.cpp by the width of a head (64)"
    assert cause in found["conversion"].message
    assert found["merge"].status == found["tokens"].status == "passed"
    report = markdown(document(outcome.summary))
    assert "**do not agree with the weights that they were converted from**" in report
    assert cause in report
