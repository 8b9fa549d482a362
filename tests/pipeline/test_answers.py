"""Whole suites of a model that answers perfectly: every figure must say so, whatever the labels are."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from harness.engines.tokenizer import open_tokenizer
from harness.records import Cell, Sample
from harness.reporting.blocks import plain
from harness.reporting.going_on import going_on_callouts
from harness.reporting.terminal import terminal_table
from harness.results.store import read_summary
from tests.engines.knowing import write_knowing_model
from tests.engines.models import sentences
from tests.pipeline.conftest import Place, noted, samples_in
from tests.pipeline.in_process import run_here

ANSWERS = {
    "letter": " cat train",
    "engine": " ship",
    "plant": " order\nloss sale",
    "factory": " share profit\nloss sale",
}
"""What is written behind a text that ends with a word."""
SUITE = """\
name: mine
models:
  base: {source: MODEL, dtype: float32, chat_template: none}
tasks:
  labels: {type: classify, dataset: &continued {file: continued.jsonl, test_share: 0.5,
    prompt: "{{ text }}", target: "{{ target }}", labels: [cat, cat train, ship, ship price]}}
  by-sum: {type: classify, score: sum, dataset: *continued}
  by-mean: {type: classify, score: mean, dataset: *continued}
  shown: {type: classify, shots: 2, dataset: *continued}
  choices: {type: multiple_choice, answer_with: texts, dataset: {file: continued.jsonl, test_share: 0.5,
    prompt: "{{ text }}", target: "{{ target }}", choices: "{{ choices }}"}}
  written: {type: classify, ask: generate, shots: 2, dataset: {file: written.jsonl, test_share: 0.5,
    prompt: "{{ text }}", target: "{{ target }}", labels: [order, sale]}}
  stopped: {type: classify, ask: generate, stop: "\\n", dataset: {file: written.jsonl, test_share: 0.5,
    prompt: "{{ text }}", target: "{{ target }}", labels: [order, sale]}}
  goes-on: {type: summarize, max_new_tokens: 12, dataset: &summed {file: summed.jsonl, test_share: 0.5,
    prompt: "{{ text }}", target: "{{ target }}"}}
  summed: {type: summarize, max_new_tokens: 12, stop: ["\\n", "###"], dataset: *summed}
  free: {type: write, max_new_tokens: 12, stop: "\\n", prompts: ["The share of the factory"]}
"""


@pytest.fixture(scope="module")
def place(tokenizer: Path, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """The suite, run once."""
    folder = tmp_path_factory.mktemp("answers")
    model = write_knowing_model(folder / "model", tokenizer, ANSWERS)
    data: dict[str, list[tuple[str, str, list[str]]]] = {
        "continued": [
            ("letter", "cat train", ["cat", "cat train"]),
            ("engine", "ship", ["ship", "ship price"]),
        ],
        "written": [("plant", "order", [])],
        "summed": [("factory", "share profit", [])],
    }
    for name, rows in data.items():
        with (folder / f"{name}.jsonl").open("w") as stream:
            for number, text in enumerate(sentences(30)):
                word, target, choices = rows[number % len(rows)]
                row = {"text": f"{text} The {word}", "target": target, "choices": choices}
                stream.write(f"{json.dumps(row)}\n")
    (folder / "answers.yaml").write_text(SUITE.replace("MODEL", str(model)))
    made = Place(folder, folder / "answers.yaml")
    with pytest.MonkeyPatch.context() as patch:
        run_here(patch)
        _, notes = made.run()
    assert notes.failures == {}
    return made


def cell(place: Place, task: str) -> Cell:
    return noted(place.cell("base", task))


def samples(place: Place, task: str) -> list[Sample]:
    return samples_in(place.cell("base", task))


def tasks_of(place: Place) -> dict[str, Any]:
    file = place.folder / "results" / "mine" / "summary.json"
    found: dict[str, Any] = json.loads(file.read_text())["tasks"]
    return found


def value(place: Place, task: str, metric: str) -> float:
    found = cell(place, task).metrics[metric].value
    assert found is not None
    return found


@pytest.mark.parametrize("task", ["labels", "shown", "choices"])
def test_a_choice_that_goes_on_from_another_can_win_and_lose(place: Place, task: str) -> None:
    assert value(place, task, "accuracy") == 1.0
    found = cell(place, task)
    assert found.details["scored_by"] == {"end": found.n}
    right = [of for of in samples(place, task) if of.target == "cat train"]
    assert right and all(of.data["end_logprobs"]["cat train"] > -0.1 for of in right)
    assert all(of.data["end_logprobs"]["cat"] < -5 for of in right)


def test_what_the_suite_says_is_done_and_what_cannot_be_right_is_said(place: Place) -> None:
    assert value(place, "by-sum", "accuracy") < 1
    assert {of.answer for of in samples(place, "by-sum")} == {"cat", "ship"}
    assert cell(place, "by-mean").details["scored_by"].keys() == {"mean"}
    tasks = tasks_of(place)
    assert tasks["labels"]["settings"]["score"] == "end"
    assert "`cat train` goes on from `cat`" in tasks["labels"]["notes"][0]
    assert "is scored, too" in tasks["labels"]["notes"][0]
    assert "can never be the likelier one by `score: sum`" in tasks["by-sum"]["notes"][0]


def test_written_answers_end_where_the_suite_says(place: Place) -> None:
    for task in ("written", "stopped"):
        assert value(place, task, "accuracy") == 1.0
        assert value(place, task, "unparsed") == 0.0
    assert all(of.data["stopped_at"] == "\n" for of in samples(place, "stopped"))
    assert all(of.data["text"].strip() == "order" for of in samples(place, "stopped"))
    assert value(place, "summed", "rouge1") == 1.0
    assert value(place, "summed", "truncated") == 0.0
    assert value(place, "goes-on", "rouge1") == pytest.approx(2 / 3)  # 2 right of 2 and 4 words
    (free,) = samples(place, "free")
    assert (free.answer, free.data["stopped_at"]) == ("share profit", "\n")


def test_writing_ends_with_the_stop_and_not_only_the_text(place: Place) -> None:
    tokenizer = open_tokenizer(place.folder / "model")
    written = len(tokenizer.encode(" share profit\n", add_bos=False))
    assert {of.data["tokens"] for of in samples(place, "summed")} == {written}
    assert all(of.data["tokens"] > written for of in samples(place, "goes-on"))


def test_the_report_says_where_answers_end_and_who_went_on(place: Place) -> None:
    tasks = tasks_of(place)
    assert tasks["summed"]["settings"]["stop"] == ["\n", "###"]
    assert tasks["written"]["settings"]["stop"] == ["\n\n"]
    assert "stop" not in tasks["goes-on"]["settings"]
    found = read_summary(place.folder / "results" / "mine")
    (callout,) = going_on_callouts(found)
    n = cell(place, "goes-on").n
    said = (
        "goes-on: answers go on behind a line break, where no right answer holds one "
        f'(base {n} of {n}); `stop: "\\n"` ends them there.'
    )
    assert plain(callout.line) == said
    console = Console(width=200, record=True, file=io.StringIO())
    console.print(terminal_table(found))
    assert said in " ".join(console.export_text().split())
