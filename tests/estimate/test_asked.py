"""How much is asked: from prompts that are there, else from the lengths of texts."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from harness.estimate.asked import (
    BYTES_PER_TOKEN,
    STARTER_BYTES_PER_TOKEN,
    asked_of,
    learned_of,
)
from harness.estimate.facts import Facts
from harness.estimate.usual_data import USUAL, read_data
from harness.plan.kinds import Kind
from harness.plan.steps import Step
from harness.results.artifacts import ArtifactStore
from harness.runner.handlers import handler_of
from harness.runner.jobs import StepJob
from harness.starter import MODEL_FOLDER
from tests.estimate.suites import DIALOGUE, LARGE, SENTIMENT, WRITING, planned

STARTER = "  base: {source: starter}\n"
LORA = "  lora: {from: base, finetune: {method: lora, tasks: [sentiment, dialogue]}}\n"
OWN = STARTER_BYTES_PER_TOKEN


def step_of(
    folder: Path, kind: Kind, tasks: str, models: str = STARTER
) -> tuple[Step, ArtifactStore]:
    """The first step of its kind, and the store that knows where its data lies."""
    prepared = planned(folder, models, tasks)
    steps = prepared.plan.steps.values()
    return next(step for step in steps if step.kind == kind), prepared.artifacts


def make(step: Step, store: ArtifactStore) -> None:
    with store.making(step) as out:
        assert out is not None
        task = StepJob(step, {"tokenizer": str(MODEL_FOLDER)}, places=store.places)
        store.commit(step, out, handler_of(step.row)(task, out, 1, lambda *_: None), 0.0)


@pytest.mark.parametrize("tasks", [SENTIMENT, DIALOGUE, WRITING])
def test_lengths_come_near_to_what_is_then_encoded(tasks: str, tmp_path: Path) -> None:
    step, store = step_of(tmp_path, "prompts", tasks)
    guessed = asked_of(step, store, OWN)
    make(step, store)
    counted = asked_of(step, store, OWN)
    assert guessed != counted
    assert guessed.prompts == counted.prompts
    assert guessed.tokens == pytest.approx(counted.tokens, rel=0.3)
    assert guessed.prompt_tokens == pytest.approx(counted.prompt_tokens, rel=0.3)


def test_only_the_starter_itself_has_the_starters_tokenizer(tmp_path: Path) -> None:
    other = tmp_path / "starter-kit"
    shutil.copytree(MODEL_FOLDER, other)
    tokens = []
    for model in (STARTER, STARTER.replace("starter", str(other))):
        prepared = planned(tmp_path, model, SENTIMENT)
        key = next(step.key for step in prepared.plan.steps.values() if step.kind == "prompts")
        tokens.append(Facts(prepared, LARGE).asked(key).tokens)
    assert tokens[0] / tokens[1] == pytest.approx(
        BYTES_PER_TOKEN / STARTER_BYTES_PER_TOKEN, rel=0.05
    )


def test_what_is_learned_is_counted_with_its_answers(tmp_path: Path) -> None:
    step, store = step_of(tmp_path, "examples", SENTIMENT + DIALOGUE, STARTER + LORA)
    guessed = learned_of(step, store, OWN)
    make(step, store)
    counted = learned_of(step, store, OWN)
    assert sum(guessed.parts) == pytest.approx(sum(counted.parts), rel=0.3)
    assert guessed.label_share == pytest.approx(counted.label_share, rel=0.3)


def test_instructions_are_learned_too(tmp_path: Path) -> None:
    row = {"instruction": "Say it twice: " + "word " * 30, "input": "", "output": "word " * 12}
    rows = [{**row, "instruction": f"{number}. {row['instruction']}"} for number in range(50)]
    (tmp_path / "more.json").write_text(json.dumps(rows))
    lora = "  lora: {from: base, finetune: {method: lora, instructions: [more.json]}}\n"
    learned = learned_of(*step_of(tmp_path, "examples", SENTIMENT, STARTER + lora), 3.0)
    assert sum(learned.parts) == pytest.approx(50 * (150 + 15 + 60) / 3.0, rel=0.3)
    assert learned.label_share == pytest.approx(60 / 225, rel=0.2)


def test_a_text_is_cut_into_windows(tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_text("word " * 6000)
    task = "  text: {type: divergence, text: text.txt, window: 256, reference: base}\n"
    asked = asked_of(*step_of(tmp_path, "prompts", task), 3.0)
    assert (asked.prompts, asked.prompt_tokens, asked.tokens) == (40, 256, 10_000)


def test_shots_make_prompts_longer_and_are_shared(tmp_path: Path) -> None:
    shots = SENTIMENT.replace("sample}", "sample, shots: 4}")
    none, four = (
        asked_of(*step_of(tmp_path, "prompts", tasks), OWN) for tasks in (SENTIMENT, shots)
    )
    assert four.prompt_tokens > 2 * none.prompt_tokens
    assert four.own_tokens == pytest.approx(none.own_tokens, abs=20)


def test_data_sets_that_are_not_here_are_as_large_as_they_are_known_to_be(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    data = Path(os.environ.get("HARNESS_TEST_DATA", "../shared/data"))
    if not (data / "samsum").is_dir():
        pytest.skip(f"{data} does not hold the real data sets")
    monkeypatch.delenv("HARNESS_DATA", raising=False)
    refs: list[dict[str, Any]] = [
        {"name": "financial_phrasebank", "kind": "classify", "options": {"agreement": "66"}},
        {"name": "samsum", "kind": "summarize"},
    ]
    for ref, folder in zip(refs, ("phrasebank", "samsum"), strict=True):
        usual = USUAL[str(ref["name"]), "66" if "options" in ref else ""].dataset()
        real, _ = read_data({**ref, "data_dir": str(data / folder)})
        for known, found in ((usual.train, real.train), (usual.test, real.test)):
            assert len(known) == len(found)
            sizes = [sum(len(e.text.encode()) for e in part) for part in (known, found)]
            assert sizes[0] == pytest.approx(sizes[1], rel=0.05)


def texts_of(data: Path) -> dict[str, list[str]]:
    lines = (data / "samsum" / "test.jsonl").read_text().split("\n")
    bank = (data / "phrasebank" / "Sentences_66Agree.txt").read_text("latin-1").split("\n")
    return {
        "samsum": [json.loads(line)["dialogue"] for line in lines if line],
        "phrasebank": [line.rpartition("@")[0] for line in bank if "@" in line],
    }


def test_llama_2_makes_of_real_texts_what_is_assumed() -> None:
    place = os.environ.get("HARNESS_TEST_DATA", "../shared/data")
    data = Path(place)
    if not (data / "llama2_tokenizer.model").is_file():
        pytest.skip(f"{data} does not hold the real texts and Llama 2's tokenizer")
    import sentencepiece

    tokenizer = sentencepiece.SentencePieceProcessor(str(data / "llama2_tokenizer.model"))
    for texts in texts_of(data).values():
        size = sum(len(text.encode()) for text in texts)
        tokens = sum(len(tokenizer.encode(text)) for text in texts)
        assert tokens <= size / BYTES_PER_TOKEN * 1.02
        assert size / BYTES_PER_TOKEN == pytest.approx(tokens, rel=0.25)
