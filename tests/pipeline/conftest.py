"""One small suite over a user's own (random) Llama folder, run once for all of these tests."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from harness.plan.steps import Step
from harness.records import Cell, Failure, Sample
from harness.results.cell_folder import CellFolder
from harness.runner.jobs import Pace
from harness.runner.run import Options, Outcome, prepare, run
from harness.runner.walk import Word
from harness.sealed import lines_in
from harness.starter import MODEL_FOLDER

SUITE = """\
name: mine
forgetting: false
defaults: {seed: 0, limit: 6}
models:
  base: {source: MODEL}
  lora: {from: base, finetune: {method: lora, tasks: [sentiment, dialogue], rank: 4, limit: 8}}
  qlora: {from: base, finetune: {method: qlora, tasks: [sentiment], rank: 4, limit: 8, epochs: 1}}
  f16: {from: lora, gguf: F16}
  q4: {from: lora, gguf: Q4_K_M}
  qlora-f16: {from: qlora, gguf: F16}
tasks:
  sentiment: {type: classify, dataset: phrasebank-sample}
  written: {type: classify, dataset: phrasebank-sample, ask: generate, shots: 1}
  dialogue: {type: summarize, dataset: dialogue-sample, max_new_tokens: 8}
  fidelity: {type: divergence, dataset: dialogue-sample, reference: f16, limit: 3}
  speed: {type: speed, prompt_tokens: 16, new_tokens: 8, repetitions: 2}
compare:
  tuning: {baseline: base, candidates: [lora, qlora]}
  quantization: {baseline: f16, candidates: [q4]}
gates:
  - {compare: quantization, task: sentiment, metric: accuracy, max_drop: 1.0}
"""


class Notes:
    """An observer that writes down which steps were started, and how they ended."""

    def __init__(self) -> None:
        self.labels: list[str] = []
        self.failures: dict[str, Failure] = {}
        self.counts: dict[str, tuple[int, int]] = {}

    def started(self, step: Step) -> None:
        self.labels.append(step.label)

    def noted(self, step: Step, word: Word, why: str) -> None:
        self.labels.append(f"{word}: {step.label}")

    def progressed(
        self, step: Step, done: int, total: int, unit: str, pace: Pace | None = None
    ) -> None:
        self.counts[step.label] = (done, total)

    def finished(self, step: Step) -> None:
        pass

    def failed(self, step: Step, failure: Failure) -> None:
        self.failures[step.label] = failure


@dataclass
class Place:
    """A suite file and the folders that its runs write to."""

    folder: Path
    suite: Path

    def run(self, **options: object) -> tuple[Outcome, Notes]:
        """Runs the suite as it stands in its file."""
        given = Options(
            results=self.folder / "results",
            home=self.folder / "home",
            **options,  # type: ignore[arg-type]
        )
        notes = Notes()
        prepared = prepare(self.suite, given)
        return run(prepared, given, notes, ["harness run mine.yaml"]), notes

    def cell(self, model: str, task: str) -> Path:
        return self.folder / "results" / "mine" / "cells" / model / task

    def rewrite(self, old: str, new: str) -> None:
        text = self.suite.read_text()
        assert old in text
        self.suite.write_text(text.replace(old, new))


def noted(folder: Path) -> Cell:
    """The result of a cell's folder."""
    found = CellFolder(folder).noted()
    assert found is not None
    return found


def samples_in(folder: Path) -> list[Sample]:
    """The samples of a cell's folder, in the order of their lines."""
    lines = lines_in((folder / "samples.jsonl").read_bytes())
    return [Sample.model_validate_json(line) for line in lines]


def write_random_llama(folder: Path) -> None:
    """A random Llama of another shape than the starter's, with the starter's tokenizer."""
    keep_out = shutil.ignore_patterns("*.safetensors", "config.json")
    shutil.copytree(MODEL_FOLDER, folder, ignore=keep_out)
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=4096,
        hidden_size=256,
        intermediate_size=512,
        num_hidden_layers=2,
        num_attention_heads=8,
        num_key_value_heads=2,
        max_position_embeddings=512,
        initializer_range=0.05,
        tie_word_embeddings=False,
    )
    LlamaForCausalLM(config).save_pretrained(str(folder))


def write_place(folder: Path, suite: str) -> Place:
    """A suite in a folder, with a random Llama as `MODEL`."""
    write_random_llama(folder / "model")
    file = folder / "mine.yaml"
    file.write_text(suite.replace("MODEL", "model"))
    return Place(folder, file)


@pytest.fixture(scope="module", autouse=True)
def all_forked(forked: None) -> None:
    """Workers of all these runs are forked."""


@pytest.fixture(scope="module")
def first_run(
    forked: None, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Place, Outcome, Notes]:
    """The place after its first run, and what that run said."""
    place = write_place(tmp_path_factory.mktemp("mine"), SUITE)
    outcome, notes = place.run()
    return place, outcome, notes


@pytest.fixture
def place(first_run: tuple[Place, Outcome, Notes]) -> Iterator[Place]:
    """The place after a run; the suite's text is put back afterwards."""
    found, _, _ = first_run
    text = found.suite.read_text()
    yield found
    found.suite.write_text(text)
