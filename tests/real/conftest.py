"""Both models, as a folder and as the GGUF file that came, asked once by the harness for all tests.

What `python -m tools.real_models` gets lies in `.real` (or where `$HARNESS_REAL` says), PhraseBank and
SAMSum in ../shared/data; where one is absent, all of these tests are skipped.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from harness.data.loading import load
from harness.runner.run import Options, prepare, run
from tests.data.copies import REAL as DATA
from tests.pipeline.conftest import Notes
from tests.real.plain import Plain, PlainLlama, PlainTransformers
from tools.real_models import DEFAULT_FOLDER

ROOT = Path(os.environ.get("HARNESS_REAL") or DEFAULT_FOLDER)
SENTENCES, DIALOGUES, NEW_TOKENS = 20, 3, 16
LABELS = ("negative", "neutral", "positive")
FILES = {
    "smollm2": ROOT / "smollm2-135m-instruct",
    "smollm2-gguf": ROOT / "SmolLM2-135M-Instruct.Q4_1.gguf",
    "gemma": ROOT / "gemma-3-270m",
    "gemma-gguf": ROOT / "gemma-3-270m-q4_k_m.gguf",
}
SUITE = f"""\
name: real
defaults: {{seed: 0, limit: {SENTENCES}}}
models:
  smollm2:      {{source: {FILES["smollm2"]}, dtype: float32}}
  smollm2-gguf: {{gguf: {FILES["smollm2-gguf"]}}}
  gemma:        {{source: {FILES["gemma"]}, dtype: float32}}
  gemma-gguf:   {{gguf: {FILES["gemma-gguf"]}}}
tasks:
  sentiment: {{type: classify, dataset: financial_phrasebank}}
  summaries: {{type: summarize, dataset: samsum, limit: {DIALOGUES}, max_new_tokens: {NEW_TOKENS}}}
"""


@dataclass(frozen=True)
class Asked:
    """What the harness wrote down of its run."""

    results: Path

    def samples(self, model: str, task: str) -> list[dict[str, Any]]:
        lines = (self.results / "cells" / model / task / "samples.jsonl").read_text()
        return sorted(map(json.loads, lines.splitlines()), key=lambda row: int(row["index"]))

    def figure(self, model: str, task: str, metric: str) -> float:
        found = json.loads((self.results / "cells" / model / task / "result.json").read_text())
        return float(found["metrics"][metric]["value"])

    def model(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.results / "summary.json").read_text())
        return dict(found["models"][name])


@pytest.fixture(scope="session")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Asked:
    """The harness's answers."""
    if not DATA.is_dir():
        pytest.skip(f"the real data sets are not at {DATA} (HARNESS_TEST_DATA names them)")
    absent = [str(path) for path in FILES.values() if not path.exists()]
    if absent:
        pytest.skip(f"no {absent[0]}: `python -m tools.real_models` gets it from the registry")
    folder = tmp_path_factory.mktemp("real")
    (folder / "real.yaml").write_text(SUITE)
    options = Options(results=folder / "results", home=folder / "home", data_dir=DATA)
    notes = Notes()
    run(prepare(folder / "real.yaml", options), options, notes, [])
    assert not notes.failures
    return Asked(folder / "results" / "real")


OPEN: dict[str, Plain] = {}


def plain(model: str) -> Plain:
    """The same model the plain way; loaded once, and closed by `closed_in_time`."""
    if model not in OPEN:
        path = FILES[model]
        OPEN[model] = PlainTransformers(path) if path.is_dir() else PlainLlama(path)
    return OPEN[model]


@pytest.fixture(scope="session", autouse=True)
def closed_in_time() -> Iterator[None]:
    """llama-cpp-python ends the process with a fault where a model is freed after its own modules."""
    yield
    for model in OPEN.values():
        if isinstance(model, PlainLlama):
            model.llama.close()
    OPEN.clear()


@cache
def texts(dataset: str) -> dict[str, tuple[str, str]]:
    """Text and target of each tested example of a data set, by its id."""
    data = load(dataset, DATA).dataset
    return {example.id: (example.text, example.target) for example in data.test}


def question(model: str, dataset: str, text: str) -> list[int]:
    """What a model is asked of a text, put into words anew and encoded by its own tokenizer."""
    if dataset == "financial_phrasebank":
        chat = "What is the sentiment of this sentence? Answer negative, neutral or positive."
        return plain(model).asked(f"{chat}\n\n{text}", f"Sentence: {text}\nSentiment:")
    chat = "Summarize this conversation briefly."
    return plain(model).asked(f"{chat}\n\n{text}", f"Conversation:\n{text}\n\nSummary:")


def space(model: str) -> str:
    """What stands before an answer: nothing where a turn begins with it."""
    return " " if model.startswith("gemma") else ""
