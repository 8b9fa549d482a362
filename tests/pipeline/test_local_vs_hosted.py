"""The same GGUF in process and behind a server, and a hosted API with a price: one suite, one report."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.records import Cell, Comparison, Summary
from harness.reporting.write import write_report
from harness.runner.run import Options, prepare, run
from harness.runner.walk import Quiet
from tests.conftest import Models
from tests.engines.endpoint.evaluating import Evaluating
from tests.engines.endpoint.standin import standing_in
from tests.pipeline.in_process import run_here

SUITE = """
name: local-vs-hosted
models:
  local:  {{gguf: model.gguf, chat_template: none}}
  served: {{endpoint: {{url: "{served}", model: toy, api: completions}}}}
  hosted:
    endpoint:
      url: "{hosted}"
      model: toy
      api: chat
      prices: {{input: 0.5, output: 1.5, currency: USD}}
tasks:
  labels:
    type: classify
    dataset: {{train: train.csv, test: test.csv, prompt: "{{{{ text }}}}", target: "{{{{ label }}}}"}}
  texts: {{type: write, prompts: [The bank, The ship opens and], max_new_tokens: 6}}
compare:
  served: {{baseline: local, candidates: [served]}}
  hosted: {{baseline: local, candidates: [hosted], tasks: [labels], prompts: any}}
gates:
  - {{compare: served, task: labels, metric: accuracy, max_drop: 0.3}}
"""
LABELS = ("rises", "falls")


class Ran:
    def __init__(self, folder: Path, summary: Summary) -> None:
        self.folder, self.summary = folder, summary

    def cell(self, model: str, task: str) -> Cell:
        (cell,) = [of for of in self.summary.cells if (of.model, of.task) == (model, task)]
        return cell

    def samples(self, model: str, task: str) -> dict[str, dict[str, Any]]:
        file = (
            self.folder / "results" / "local-vs-hosted" / "cells" / model / task / "samples.jsonl"
        )
        return {one["id"]: one for one in map(json.loads, file.read_text().splitlines())}

    def comparison(self, name: str, task: str, metric: str) -> Comparison:
        (found,) = [
            of
            for of in self.summary.comparisons
            if (of.name, of.task, of.metric) == (name, task, metric)
        ]
        return found


@pytest.fixture(scope="module")
def ran(models: Models, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ran]:
    folder = tmp_path_factory.mktemp("hosted")
    shutil.copy(models.llama_gguf, folder / "model.gguf")
    for part in ("train", "test"):
        rows = "".join(
            f"the bank {part} sells {n} ships and,{LABELS[n % 2]}\n" for n in range(10, 22)
        )
        (folder / f"{part}.csv").write_text(f"text,label\n{rows}")
    with (
        pytest.MonkeyPatch.context() as patch,
        standing_in(Evaluating(models.llama_gguf)) as served,
        standing_in(Evaluating(models.llama_gguf)) as hosted,
    ):
        run_here(patch)
        (folder / "suite.yaml").write_text(SUITE.format(served=served.url, hosted=hosted.url))
        options = Options(results=folder / "results", home=folder / "home")
        outcome = run(prepare(folder / "suite.yaml", options), options, Quiet(), [])
        assert not outcome.failures, outcome.failures
        yield Ran(folder, outcome.summary)


def test_the_same_gguf_gives_the_same_answers_and_log_probabilities_in_process_and_served(
    ran: Ran,
) -> None:
    here, there = ran.samples("local", "labels"), ran.samples("served", "labels")
    told = ran.cell("served", "labels").details["served"]
    assert (told["ways"], told["passed_over"]) == ({"loglikelihood": 12}, {})
    assert len(here) == 12
    for id, sample in here.items():
        assert sample["answer"] == there[id]["answer"]
        for label in LABELS:
            one, other = (of["data"]["logprobs"][label] for of in (sample, there[id]))
            assert one == pytest.approx(other, abs=1e-3)
    texts = ran.samples("local", "texts"), ran.samples("served", "texts")
    assert {id: of["answer"] for id, of in texts[0].items()} == {
        id: of["answer"] for id, of in texts[1].items()
    }


def test_the_same_texts_and_as_many_tokens_are_compared_without_further_ado(ran: Ran) -> None:
    asked = [ran.cell(model, "labels").details["asked"] for model in ("local", "served")]
    assert asked[0]["sha256"] == asked[1]["sha256"]
    assert asked[0]["longest_tokens"] == asked[1]["longest_tokens"]
    found = ran.comparison("served", "labels", "accuracy")
    assert found.delta == 0 and found.low is not None
    assert "same texts" in found.note
    (gate,) = ran.summary.gates
    assert gate.passed


def test_another_template_and_another_way_are_said_where_the_suite_allows_them(ran: Ran) -> None:
    hosted = ran.cell("hosted", "labels")
    (way,) = hosted.details["served"]["ways"]
    assert way != "loglikelihood"
    found = ran.comparison("hosted", "labels", "accuracy")
    assert found.delta is not None
    assert "its own tokenizer and template" in found.note
    assert "Answers were told by log-probabilities before, and" in found.note


def test_one_report_holds_the_three_beside_one_another(ran: Ran, tmp_path: Path) -> None:
    write_report(ran.summary, tmp_path)
    page = (tmp_path / "index.html").read_text()
    for said in (
        "not the same measurement as that of the other models",
        "through the server&#39;s own template",
        "Both were sent the same texts",
        "a median of",
    ):
        assert said in page, said
