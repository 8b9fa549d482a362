"""Examples too long for one model: that model fails, or with `too_long: leave_out` no model is asked them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.engines.tokenizer import open_tokenizer
from harness.reporting.data import too_long
from harness.runner.run import Outcome
from tests.pipeline.conftest import Notes, Place, write_random_llama
from tests.pipeline.in_process import run_here

CONTEXT = 40
SUITE = """\
name: mine
forgetting: false
defaults: {seed: 0}
models:
  base: {source: starter}
  lora: {from: base, finetune: {method: lora, tasks: [own], rank: 2, epochs: 1}}
  short: {source: short}
  half: {source: short, engine: {context: 30}}
tasks:
  own: {type: classify, %sdataset: {train: train.jsonl, test: test.jsonl, prompt: "{{ text }}", target: "{{ label }}"}}
  told: {type: classify, ask: generate, max_new_tokens: 4, %smodels: [base, short], dataset: {train: train.jsonl, test: test.jsonl, prompt: "{{ text }}", target: "{{ label }}"}}
  free: {type: write, %smodels: [base, short], max_new_tokens: 3, prompts: [{id: a, prompt: Hello.}, {id: b, prompt: "PROMPT"}]}
  near: {type: divergence, %sdataset: dialogue-sample, limit: 6, models: [base], reference: base}
compare:
  both: {baseline: base, candidates: [short, half], prompts: any, tasks: [own]}
gates:
  - {compare: both, task: own, metric: accuracy, max_drop: 1.0, undecided: pass}
"""  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of a short context beside the starter, and texts that grow."""
    place = tmp_path_factory.mktemp("long")
    write_random_llama(place / "short")
    config = json.loads((place / "short" / "config.json").read_text())
    config["max_position_embeddings"] = CONTEXT
    (place / "short" / "config.json").write_text(json.dumps(config))
    rows = [{"text": "profit rose " * n + f"{n}", "label": "ab"[n % 2]} for n in range(1, 25)]
    for part, of in (("test", rows[::2]), ("train", rows[1::2])):
        (place / f"{part}.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in of))
    return place


def ran(folder: Path, key: str, monkeypatch: pytest.MonkeyPatch) -> tuple[Outcome, Notes]:
    run_here(monkeypatch)
    text = (SUITE % ((key,) * 4)).replace("PROMPT", "Tell me a long story. " * 20)
    (folder / "mine.yaml").write_text(text)
    return Place(folder, folder / "mine.yaml").run()


def samples(folder: Path, model: str, task: str) -> list[dict[str, Any]]:
    file = folder / "results" / "mine" / "cells" / model / task / "samples.jsonl"
    return [json.loads(line) for line in file.open()]


def test_without_the_key_the_model_fails_and_the_hint_names_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcome, _ = ran(folder, "", monkeypatch)
    cells = {(cell.model, cell.task): cell for cell in outcome.summary.cells}
    assert {cells[name, "own"].status for name in ("base", "lora")} == {"ok"}
    for name, task in (("short", "own"), ("half", "own"), ("short", "told"), ("short", "free")):
        error = cells[name, task].error
        assert error is not None and error.kind == "prompt-too-long"
        assert "`too_long: leave_out`" in error.hint


def test_left_out_examples_are_asked_of_no_model_and_counted(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcome, notes = ran(folder, "too_long: leave_out, ", monkeypatch)
    assert notes.failures == {}
    tokenizer = open_tokenizer(folder / "short")
    test = [json.loads(line)["text"] for line in (folder / "test.jsonl").open()]
    whole = [
        len(tokenizer.encode(tokenizer.render([{"role": "user", "content": text.strip()}], True)))
        for text in test
    ]
    behind = max(len(tokenizer.encode(label, add_bos=False)) for label in "ab")
    fit = sum(size + behind <= 30 for size in whole)
    assert 0 < fit < sum(size + behind <= CONTEXT for size in whole) < len(test)
    asked = {model: samples(folder, model, "own") for model in ("base", "lora", "short", "half")}
    ids = {model: [sample["id"] for sample in of] for model, of in asked.items()}
    assert len(ids["base"]) == fit and all(of == ids["base"] for of in ids.values())
    task = outcome.summary.tasks["own"]
    assert task.n == fit and task.available == len(test) and task.too_long is not None
    assert task.too_long.rows == len(test) - fit and task.too_long.of == len(test)
    assert task.too_long.models == {"base": 0, "short": sum(s + behind > CONTEXT for s in whole),
                                    "half": len(test) - fit}  # fmt: skip
    assert task.too_long.contexts["half"] == 30 and task.too_long.contexts["short"] == CONTEXT
    assert f"{len(test) - fit} for models of half (context 30)" in too_long(task)
    floors = {value["accuracy"].value for value in task.floors.values()}
    assert len(floors) and all(round(value * fit, 6).is_integer() for value in floors if value)
    told = outcome.summary.tasks["told"].too_long
    assert told is not None and told.contexts["short"] == CONTEXT and "half" not in told.models
    assert [sample["id"] for sample in samples(folder, "base", "free")] == ["a"]
    near = outcome.summary.tasks["near"].too_long
    assert near is not None and list(near.models) == ["base"]
    comparisons = [row for row in outcome.summary.comparisons if row.metric == "accuracy"]
    assert {row.n for row in comparisons} == {fit} and outcome.summary.gates[0].passed


def test_what_is_too_long_is_not_taught_either(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.runner.steps.examples.context_tokens", lambda path: 45)
    run_here(monkeypatch)
    text = (SUITE % (("too_long: leave_out, ",) * 4)).split("  short:")[0]
    tasks = 'tasks:\n  own: {type: classify, too_long: leave_out, dataset: {train: train.jsonl, test: test.jsonl, prompt: "{{ text }}", target: "{{ label }}"}}\n'
    other = folder / "taught"
    other.mkdir()
    for name in ("train.jsonl", "test.jsonl"):
        (other / name).write_text((folder / name).read_text())
    (other / "mine.yaml").write_text(text + tasks)
    outcome, _ = Place(other, other / "mine.yaml").run()
    training = outcome.summary.models["lora"].training
    assert training is not None
    (learned,) = training.learned
    left_out = learned.left_out["longer than the model's 45 tokens"]
    assert 0 < left_out < 12 and learned.learned == 12 - left_out


def test_if_none_is_left_the_task_says_so(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run_here(monkeypatch)
    other = folder / "none"
    other.mkdir()
    (other / "mine.yaml").write_text(
        "name: mine\nmodels:\n  base: {source: starter, engine: {context: 8}}\n"
        "tasks:\n  own: {type: classify, too_long: leave_out, limit: 3, dataset: phrasebank-sample}\n"
    )
    outcome, _ = Place(other, other / "mine.yaml").run()
    (cell,) = outcome.summary.cells
    assert cell.error is not None and "All 3 examples are longer" in cell.error.message


def test_a_task_of_which_none_is_left_fails_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_here(monkeypatch)
    text = (
        "name: mine\nmodels:\n  base: {source: starter, engine: {context: %d}}\ntasks:\n"
        "  long: {type: summarize, too_long: leave_out, limit: 2, max_new_tokens: 2, dataset: dialogue-sample}\n"
        "  fits: {type: write, prompts: [Hello.], max_new_tokens: 2}\n"
    )
    (tmp_path / "mine.yaml").write_text(text % 60)
    place = Place(tmp_path, tmp_path / "mine.yaml")
    outcome, _ = place.run()
    status = {cell.task: cell.status for cell in outcome.summary.cells}
    assert status == {"long": "failed", "fits": "ok"}
    assert {check.name for check in outcome.summary.checks} == {"bos", "prompts"}
    _, notes = place.run()
    assert "confirm the prompts for base" in notes.labels
    place.rewrite("limit: 2", "limit: 3")
    place.rewrite("context: 60", "context: 600")
    outcome, notes = place.run()
    assert {cell.status for cell in outcome.summary.cells} == {"ok"}
    assert "confirm the prompts for base" not in place.run()[1].labels
