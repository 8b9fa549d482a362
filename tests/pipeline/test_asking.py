"""System message, shots in the text and a template of the suite's own: from the suite to the summary."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.runner.run import Outcome
from tests.pipeline.conftest import Notes, Place, write_random_llama

TEMPLATE = (
    "{{ bos_token }}{% if messages[0].role == 'system' %}{{ raise_exception('No system') }}{% endif %}"
    "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>"
    "{% if enable_thinking is defined and not enable_thinking %}<think></think>{% endif %}{% endif %}"
)
SUITE = """\
name: mine
forgetting: false
defaults: {seed: 0, limit: 3}
models:
  base: {source: model, chat_template: own.jinja, thinking: off}
  lora: {from: base, finetune: {method: lora, tasks: [sentiment], rank: 4, limit: 4, epochs: 1}}
  f16: {from: lora, gguf: F16}
  bare: {source: model, chat_template: none}
tasks:
  sentiment: {type: classify, dataset: phrasebank-sample, system: Be brief., shots: 1, shots_as: text}
  own: {type: classify, dataset: phrasebank-sample, ask: generate, prompt: "{text} Good or bad?"}
  fidelity: {type: divergence, dataset: dialogue-sample, reference: base, system: Be brief.}
"""


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[Place, Outcome, Notes]:
    folder = tmp_path_factory.mktemp("asking")
    write_random_llama(folder / "model")
    (folder / "own.jinja").write_text(TEMPLATE)
    (folder / "mine.yaml").write_text(SUITE)
    place = Place(folder, folder / "mine.yaml")
    return place, *place.run()


def step(place: Place, label: str) -> Path:
    """The folder of an artifact by its step's label."""
    for file in (place.folder / "home" / "artifacts").glob("*/*/manifest.json"):
        if json.loads(file.read_text())["label"] == label:
            return file.parent
    raise AssertionError(label)


def texts(place: Place, task: str, root: str) -> list[str]:
    folder = step(place, f"encode {task} for {root}")
    return [json.loads(line)["text"] for line in (folder / "prompts.jsonl").open()]


def test_every_model_is_asked_as_the_suite_says(ran: tuple[Place, Outcome, Notes]) -> None:
    place, outcome, notes = ran
    assert notes.failures == {}
    for text in texts(place, "sentiment", "base"):
        assert text.startswith("<s><|user|>Be brief.\n\nSentence: ")
        assert text.endswith("\nSentiment:<|end|><|assistant|><think></think>")
        assert text.count("<|user|>") == 1 and text.count("Sentence: ") == 2
    for text in texts(place, "sentiment", "bare"):
        assert text.startswith("Be brief.\n\nSentence: ") and text.endswith("Sentiment:")
    assert all("Good or bad?<|end|>" in text for text in texts(place, "own", "base"))
    assert all("Be brief." in text for text in texts(place, "fidelity", "base"))
    notes_of = outcome.summary.tasks["sentiment"].notes
    assert any("base takes no system message" in note for note in notes_of)
    assert any("bare is asked without a chat template" in note for note in notes_of)


def test_what_is_learned_is_put_as_what_is_tested(ran: tuple[Place, Outcome, Notes]) -> None:
    from harness.engines.tokenizer import open_tokenizer

    place, _, _ = ran
    tokenizer = open_tokenizer(place.folder / "model")
    examples = (step(place, "encode what lora learns") / "examples.jsonl").read_text()
    for line in examples.splitlines():
        text = tokenizer.decode(json.loads(line)["prompt_ids"], keep_special=True)
        assert text.startswith("<s><|user|>") and "Be brief." in text
        assert text.rstrip().endswith("<think></think>")


def test_a_gguf_is_held_against_the_template_that_is_used(
    ran: tuple[Place, Outcome, Notes],
) -> None:
    _, outcome, _ = ran
    found = {c.name: c for c in outcome.summary.checks if c.model == "f16"}
    assert found["chat-template"].status == "skipped"
    assert "template of its own" in found["chat-template"].message
    assert found["bos"].status == found["tokens"].status == "passed"
    assert next(c for c in outcome.summary.checks if c.model == "base" and c.name == "bos")


def test_a_switch_that_the_template_lacks_stops_its_models_with_the_reason(
    ran: tuple[Place, Outcome, Notes], tmp_path: Path
) -> None:
    place, _, _ = ran
    write = (place.folder / "mine.yaml").read_text()
    text = write.replace("chat_template: own.jinja, thinking: off", "thinking: off")
    kept = [line for line in text.splitlines() if not line.startswith(("  lora:", "  f16:"))]
    (place.folder / "other.yaml").write_text("\n".join(kept).replace("name: mine", "name: other"))
    other = Place(place.folder, place.folder / "other.yaml")
    outcome, notes = other.run(only="*/own")
    assert "no switch" in notes.failures["encode own for base"].message
    status = {c.model: c.status for c in outcome.summary.cells if c.task == "own"}
    assert status == {"base": "failed", "bare": "ok"}
