"""`harness show` after a run: what was sent is what was kept, and the answer stands beside it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from harness.cli.show import sections
from harness.errors import InputError
from harness.runner.run import Options, Outcome
from harness.runner.showing import ShownPrompt, show_prompt
from tests.pipeline.conftest import Notes, Place, write_place

SUITE = """\
name: mine
forgetting: false
defaults: {seed: 0, limit: 3}
models:
  base: {source: MODEL}
  lora: {from: base, finetune: {method: lora, tasks: [sentiment], rank: 4, limit: 4, epochs: 1}}
  q4: {from: lora, gguf: Q4_K_M}
tasks:
  sentiment: {type: classify, dataset: phrasebank-sample, models: [q4]}
  written: {type: classify, dataset: phrasebank-sample, ask: generate, shots: 1, models: [q4]}
  dialogue: {type: summarize, dataset: dialogue-sample, max_new_tokens: 8, models: [base, lora]}
"""


@pytest.fixture(scope="module")
def first_run(
    forked: None, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Place, Outcome, Notes]:
    """The place after a run, and what that run said."""
    place = write_place(tmp_path_factory.mktemp("mine"), SUITE)
    outcome, notes = place.run()
    assert notes.failures == {}
    return place, outcome, notes


@pytest.fixture
def copy(first_run: tuple[Place, Outcome, Notes], tmp_path: Path) -> Place:
    """The results in a place of their own, with the artifacts where they were made."""
    place = first_run[0]
    shutil.copytree(place.folder / "results" / "mine", tmp_path / "results" / "mine")
    return Place(tmp_path, place.suite)


def show(place: Place, home: Path, *words: str) -> ShownPrompt:
    return show_prompt(place.folder / "results" / "mine", words, Options(home=home))


def home_of(first_run: tuple[Place, Outcome, Notes]) -> Path:
    return first_run[0].folder / "home"


def samples(place: Place, model: str, task: str) -> list[dict[str, object]]:
    lines = (place.cell(model, task) / "samples.jsonl").read_text().splitlines()
    return sorted((json.loads(line) for line in lines), key=lambda row: int(row["index"]))


@pytest.mark.parametrize(("model", "task"), [("q4", "sentiment"), ("lora", "dialogue")])
def test_results_show_the_prompt_and_the_answer(
    first_run: tuple[Place, Outcome, Notes], copy: Place, model: str, task: str
) -> None:
    shown = show(copy, home_of(first_run), model, task, "3")
    row = samples(copy, model, task)[2]
    assert (shown.id, shown.prompt_hash) == (row["id"], row["prompt"])
    assert (shown.answer["answer"], shown.answer["scores"]) == (row["answer"], row["scores"])
    assert shown.tokens.ids and shown.text.startswith("<s><|user|>")
    from_suite = show_prompt(
        first_run[0].suite,
        (model, task, str(row["id"])),
        Options(results=copy.folder / "results", home=home_of(first_run)),
    )
    assert from_suite.answer == shown.answer
    assert from_suite.tokens.ids == shown.tokens.ids


def test_the_folder_of_a_cell_will_do(first_run: tuple[Place, Outcome, Notes], copy: Place) -> None:
    by_name = show(copy, home_of(first_run), "q4", "written", "2")
    cell = copy.cell("q4", "written")
    assert show_prompt(cell, ("2",), Options(home=home_of(first_run))) == by_name


def test_without_artifacts_what_the_results_keep_is_shown(
    first_run: tuple[Place, Outcome, Notes], copy: Place, tmp_path: Path
) -> None:
    whole = show(copy, home_of(first_run), "q4", "sentiment")
    kept = show(copy, tmp_path / "nowhere", "q4", "sentiment")
    assert (kept.text, kept.mode, kept.system) == (whole.text, whole.mode, whole.system)
    assert (kept.answer, kept.prompt_hash) == (whole.answer, whole.prompt_hash)
    assert (kept.set_hash, kept.target) == (whole.set_hash, whole.target)
    assert not kept.tokens.ids and "harness show SUITE q4 sentiment" in kept.note
    shutil.rmtree(copy.folder / "results" / "mine" / "prompts")  # as an earlier version left them
    older = show(copy, tmp_path / "nowhere", "q4", "sentiment")
    assert older.text and older.text in whole.text and older.answer == whole.answer
    said = "\n".join(line for _, lines in sections(older) for line in lines)
    assert "no longer here" in said and "Token ids" not in dict(sections(kept))


def test_a_cell_that_was_not_asked_is_said(
    first_run: tuple[Place, Outcome, Notes], copy: Place
) -> None:
    shutil.rmtree(copy.cell("base", "dialogue"))
    with pytest.raises(InputError, match="base was not asked dialogue"):
        show(copy, home_of(first_run), "base", "dialogue")
