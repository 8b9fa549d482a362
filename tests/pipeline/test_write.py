"""Free writing through a whole suite: the starter in Transformers, as a GGUF, and quantized."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.engines.tokenizer import open_tokenizer
from harness.metrics.writing import repetition, shared_start
from harness.records import Sample, WrittenDetails
from harness.runner.run import Outcome
from harness.sealed import sealed_line
from harness.starter import MODEL_FOLDER
from tests.pipeline.conftest import Notes, Place, samples_in

SUITE = """\
name: mine
defaults: {limit: 1}
models:
  base: {source: starter, dtype: float32}
  plain: {source: starter, chat_template: none}
  f16: {from: base, gguf: F16}
  q4: {from: base, gguf: Q4_K_M}
tasks:
  coherence:
    type: write
    prompts:
      - Why is the sky blue?
      - {id: dialogue, prompt: "Ann: Are we on for nine? Ben: Yes, at the old station."}
    max_new_tokens: 24
compare:
  quantization: {baseline: f16, candidates: [q4]}
gates:
  - {models: [f16, q4], task: coherence, metric: repetition, max: 1}
"""
PROMPTS = ["why-is-the-sky-blue", "dialogue"]

First = tuple[Place, Outcome, Notes]


@pytest.fixture(scope="module")
def first_run(tmp_path_factory: pytest.TempPathFactory) -> First:
    folder = tmp_path_factory.mktemp("written")
    (folder / "write.yaml").write_text(SUITE)
    place = Place(folder, folder / "write.yaml")
    outcome, notes = place.run()
    return place, outcome, notes


def samples(place: Place, model: str) -> dict[str, Sample]:
    return {of.id: of for of in samples_in(place.cell(model, "coherence"))}


def test_every_model_writes_on_every_prompt(first_run: First) -> None:
    place, outcome, notes = first_run
    assert notes.failures == {}
    assert outcome.summary.tasks["coherence"].asked == {
        "why-is-the-sky-blue": "Why is the sky blue?",
        "dialogue": "Ann: Are we on for nine? Ben: Yes, at the old station.",
    }
    decode = open_tokenizer(MODEL_FOLDER).decode
    for cell in outcome.summary.cells:
        found, told = (
            samples(place, cell.model),
            WrittenDetails.model_validate(cell.details["written"]),
        )
        assert (cell.n, set(found)) == (2, set(PROMPTS))
        assert told.mode == ("plain" if cell.model == "plain" else "chat")
        for name, of in found.items():
            ids = of.data["ids"]
            assert len(ids) <= 24 and of.scores["truncated"] == float(len(ids) == 24)
            assert of.answer == decode(ids).strip() == told.texts[name].text
            assert of.scores["repetition"] == repetition(ids) == told.texts[name].repetition
        mean = sum(of.scores["repetition"] for of in found.values()) / 2
        assert cell.metrics["repetition"].value == pytest.approx(mean)


def test_a_gguf_is_asked_with_the_ids_of_its_source_and_checked_before(first_run: First) -> None:
    _, outcome, _ = first_run
    cells = {cell.model: cell for cell in outcome.summary.cells}
    assert cells["base"].prompts == cells["f16"].prompts == cells["q4"].prompts
    assert cells["plain"].prompts != cells["base"].prompts
    checked = {check.name for check in outcome.summary.checks if check.model == "f16"}
    assert checked == {"bos", "chat-template", "tokens", "conversion"}
    assert {check.status for check in outcome.summary.checks} == {"passed"}


def test_an_f16_gguf_begins_as_its_weights_do(first_run: First) -> None:
    place, _, _ = first_run
    weights, gguf = samples(place, "base"), samples(place, "f16")
    for name in PROMPTS:
        assert gguf[name].data["ids"][:6] == weights[name].data["ids"][:6]


def test_the_comparison_says_where_the_texts_part(first_run: First) -> None:
    place, outcome, _ = first_run
    before, after = samples(place, "f16"), samples(place, "q4")
    rows = {row.metric: row for row in outcome.summary.comparisons}
    assert set(rows) == {"repetition", "truncated", "empty"}
    assert rows["repetition"].parted == {
        name: shared_start(before[name].data["ids"], after[name].data["ids"]) for name in PROMPTS
    }


def test_an_interrupted_cell_goes_on_with_the_prompts_that_are_open(first_run: First) -> None:
    place, outcome, _ = first_run
    folder: Path = place.cell("q4", "coherence")
    lines = (folder / "samples.jsonl").read_text().splitlines()
    kept = json.loads(lines[0])
    del kept["seal"]
    line = sealed_line(json.dumps({**kept, "answer": "kept"}))
    (folder / "samples.jsonl").write_text(f"{line}\n")
    (folder / "result.json").unlink()
    _, notes = place.run()
    assert notes.labels == ["ask q4: coherence"]
    found = samples(place, "q4")
    assert set(found) == set(PROMPTS) and found[kept["id"]].answer == "kept"
    (folder / "result.json").unlink()
    (folder / "samples.jsonl").unlink()
    whole, _ = place.run()
    assert whole.summary.comparisons == outcome.summary.comparisons


def test_the_command_lines_limit_takes_the_first_prompts(first_run: First) -> None:
    place, _, _ = first_run
    outcome, _ = place.run(limit=1, only="base")
    (cell,) = [cell for cell in outcome.summary.cells if cell.model == "base"]
    assert list(cell.details["written"]["texts"]) == PROMPTS[:1]
    task = outcome.summary.tasks["coherence"]
    assert (task.n, task.available) == (1, 2)
