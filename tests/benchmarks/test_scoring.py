"""Scoring a classification's prompts: each engine against asking one prompt at a time.

`make bench` prints both; the ratio of the means is what batching and the shared prompt gain. The
reference is the same engine, asked the same questions one by one, in the same run.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.data import DATASETS
from harness.engines import ChoiceQuestion, Engine, EngineSpec, open_engine
from harness.engines.tokenizer import open_tokenizer
from harness.models.convert import convert
from harness.starter import MODEL_FOLDER
from harness.tasks.prompting import prompts_to_ask

EXAMPLES = 48
SHOTS = 5


@pytest.fixture(scope="module", params=["hf", "llamacpp"])
def engine(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Engine]:
    """The starter, in float32 and as an F16 GGUF, on one thread."""
    if request.param == "hf":
        spec = EngineSpec(weights=str(MODEL_FOLDER), threads=1)
    else:
        gguf: Path = tmp_path_factory.mktemp("gguf") / "model.gguf"
        convert(MODEL_FOLDER, gguf)
        spec = EngineSpec(gguf=str(gguf), threads=1)
    found = open_engine(spec)
    yield found
    found.close()


@pytest.fixture(scope="module")
def questions() -> list[ChoiceQuestion]:
    """Five-shot questions of the sentiment task."""
    info = DATASETS["phrasebank-sample"]
    asked = prompts_to_ask(
        open_tokenizer(MODEL_FOLDER), info.read(), info.phrasing, EXAMPLES, seed=0, shots=SHOTS
    )
    return [ChoiceQuestion(prompt.ids, prompt.choices) for prompt in asked.prompts]


def test_all_questions_at_once(
    benchmark: Any, engine: Engine, questions: list[ChoiceQuestion]
) -> None:
    benchmark.group = f"{engine.info.engine}, {SHOTS}-shot"
    answers = benchmark(lambda: dict(engine.choose(questions)))
    assert len(answers) == EXAMPLES


def test_reference_one_question_at_a_time(
    benchmark: Any, engine: Engine, questions: list[ChoiceQuestion]
) -> None:
    benchmark.group = f"{engine.info.engine}, {SHOTS}-shot"
    answers = benchmark(lambda: [dict(engine.choose([question]))[0] for question in questions])
    assert len(answers) == EXAMPLES
