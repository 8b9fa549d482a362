"""Checks before the first question, and merges on request: from the suite to the summary."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from harness.records import Cell, Check, Failure
from harness.runner.run import Outcome
from tests.conftest import break_converter, llama_cpp_sources
from tests.pipeline.conftest import Notes, Place, write_place

__all__ = ["llama_cpp_sources"]

SUITE = """\
name: mine
forgetting: false
defaults: {seed: 0, limit: 4}
models:
  base: {source: MODEL}
  qlora: {from: base, finetune: {method: qlora, tasks: [sentiment], rank: 4, limit: 8, epochs: 1}}
  whole: {from: qlora, merge: full}
  there: {from: qlora, merge: dequantized}
  whole-f16: {from: whole, gguf: F16}
  there-f16: {from: there, gguf: F16}
  f16: {from: qlora, gguf: F16}
tasks:
  sentiment: {type: classify, dataset: phrasebank-sample}
compare:
  merges: {baseline: there, candidates: [whole]}
"""


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> tuple[Place, Outcome, Notes]:
    """The suite after a run with everything as it should be."""
    place = write_place(tmp_path_factory.mktemp("good"), SUITE)
    return place, *place.run()


def cells(outcome: Outcome) -> dict[str, Cell]:
    return {cell.model: cell for cell in outcome.summary.cells}


def failure(cell: Cell) -> Failure:
    assert cell.status == "failed" and cell.error is not None
    return cell.error


def checks(outcome: Outcome) -> dict[tuple[str, str], Check]:
    return {(check.model, check.name): check for check in outcome.summary.checks}


def test_what_is_well_passes_every_check(good: tuple[Place, Outcome, Notes]) -> None:
    _, outcome, notes = good
    assert notes.failures == {}
    found = {key: c.status for key, c in checks(outcome).items() if c.name != "labels"}
    ggufs = ("whole-f16", "there-f16", "f16")
    names = ("bos", "chat-template", "tokens", "conversion")
    expected = {(model, name): "passed" for model in ggufs for name in names}
    expected |= {("base", name): "passed" for name in ("bos", "prompts")}
    merges = {"whole": "allowed", "whole-f16": "allowed"}
    merges |= {"there": "passed", "there-f16": "passed", "f16": "passed"}
    assert found == expected | {(model, "merge"): status for model, status in merges.items()}


def test_both_merges_can_be_asked_for_and_compared(good: tuple[Place, Outcome, Notes]) -> None:
    _, outcome, notes = good
    models = outcome.summary.models
    whole, there = models["whole"].merge_parity, models["there"].merge_parity
    assert whole is not None and there is not None
    assert there.passed and not whole.passed
    assert "full-precision base" in whole.reason
    assert whole.mean_kl > 100 * there.mean_kl
    assert 0 < there.mean_logprob_difference < there.max_logprob_difference < 0.1
    assert there.against == "base with the adapter of qlora, unmerged"
    assert [c.candidate for c in outcome.summary.comparisons if c.delta is not None]
    made = [label for label in notes.labels if label.startswith(("merge", "convert"))]
    assert len(made) == 4, "the merge that a GGUF gets is made once"


def test_a_check_that_passed_is_not_done_again(good: tuple[Place, Outcome, Notes]) -> None:
    place, _, _ = good
    (place.cell("f16", "sentiment") / "result.json").unlink()
    shutil.rmtree(place.folder / "home" / "artifacts" / "check")
    _, notes = place.run()
    assert notes.labels == ["ask f16: sentiment"]


def test_a_gguf_that_reads_otherwise_is_not_asked_unless_the_suite_allows_it(
    llama_cpp_sources: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A converter that forgets to permute queries and keys, and writes another template."""
    place = write_place(tmp_path, SUITE)
    place.rewrite("  whole: {from: qlora, merge: full}\n", "")
    place.rewrite("  whole-f16: {from: whole, gguf: F16}\n", "")
    place.rewrite("compare:\n  merges: {baseline: there, candidates: [whole]}\n", "")
    broken = break_converter(
        llama_cpp_sources,
        tmp_path / "llama.cpp",
        "return (weights.reshape(n_head, 2",
        "return weights; (weights.reshape(n_head, 2",
    )
    vocabulary = broken / "gguf-py" / "gguf" / "vocab.py"
    text = vocabulary.read_text()
    call = "gw.add_chat_template(self.chat_template)"
    assert call in text
    changed = "gw.add_chat_template(str(self.chat_template) + ' ')"
    vocabulary.write_text(text.replace(call, changed))
    monkeypatch.setenv("HARNESS_LLAMA_CPP", str(broken))

    outcome, _ = place.run()
    error = failure(cells(outcome)["f16"])
    assert error.kind == "bad-model"
    assert "reads prompts as base does" in error.message and "chat template" in error.message
    assert "mismatch: allow" in error.hint
    assert cells(outcome)["qlora"].status == cells(outcome)["there"].status == "ok"
    found = checks(outcome)
    assert found["f16", "chat-template"].status == "failed"
    assert found["f16", "tokens"].status == found["f16", "bos"].status == "passed"
    assert found["f16", "conversion"].status == "failed"
    assert "not the model it was made from" in found["f16", "conversion"].message
    assert found["f16", "merge"].status == "passed"

    _, notes = place.run()
    assert "ask f16: sentiment" not in notes.labels, "it stays refused"
    keys = {model: cell.key for model, cell in cells(outcome).items()}
    place.rewrite("limit: 4}", "limit: 4, mismatch: allow}")
    outcome, notes = place.run()
    assert set(notes.labels) == {"ask f16: sentiment", "ask there-f16: sentiment"}
    assert {cell.status for cell in outcome.summary.cells} == {"ok"}
    assert {model: cell.key for model, cell in cells(outcome).items()} == keys
    found = checks(outcome)
    assert found["f16", "chat-template"].status == "allowed"
    assert found["f16", "conversion"].status == "failed", "a mark stays a mark"


def test_a_double_bos_stops_a_lineage_before_it_is_trained(tmp_path: Path) -> None:
    place = write_place(tmp_path, SUITE)
    template = place.folder / "model" / "chat_template.jinja"
    template.write_text("{{ bos_token }}" + template.read_text())
    outcome, notes = place.run(only="qlora/*")
    error = failure(cells(outcome)["qlora"])
    assert error.kind == "bad-model" and "double BOS: 4 of 4 prompts" in error.message
    assert not [label for label in notes.labels if label.startswith(("fine-tune", "ask"))]
    assert checks(outcome)["base", "bos"].status == "failed"
