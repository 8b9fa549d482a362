"""The suite for answerers, run against both engines on ids and one that has texts only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from harness.data import Dataset, Example, Phrasing
from harness.engines import open_engine
from harness.engines.answerer import Completion
from harness.engines.on_ids import OnIds
from harness.engines.protocol import ChoiceQuestion, EngineSpec, Limits
from harness.engines.tokenizer import open_tokenizer
from harness.tasks.prompting import prompts_to_ask
from harness.tasks.prompts import Prompt
from tests.conftest import Models
from tests.engines.answering import AnswererCase, AnswererConformance
from tests.engines.texts_only import TextsOnly

LABELS = ("rises", "falls")
WORDS = Phrasing("The {text}", "The {text}")
NOUNS = ("profit", "sale of ships", "bank", "price of the plant", "letter")


def put(folder: Path) -> Sequence[Prompt]:
    tokenizer = open_tokenizer(folder)
    test = tuple(Example(noun, noun, LABELS[0]) for noun in NOUNS)
    return prompts_to_ask(tokenizer, Dataset((), test, LABELS), WORDS, None, 0).prompts


class TestAnswerers(AnswererConformance):
    @pytest.fixture(scope="class", params=["hf", "llamacpp", "texts-only"])
    def case(self, request: pytest.FixtureRequest, models: Models) -> Iterator[AnswererCase]:
        if request.param == "texts-only":
            texts = {f"The {noun}": f"{noun} it is, and no more" for noun in NOUNS}
            prompts = [Prompt(n, noun, f"The {noun}", (), "", ()) for n, noun in enumerate(NOUNS)]
            yield AnswererCase(TextsOnly(texts), prompts)
            return
        files = {"hf": {"weights": models.llama}, "llamacpp": {"gguf": models.llama_gguf}}
        named = {role: str(path) for role, path in files[request.param].items()}
        spec = EngineSpec(**named, threads=1)  # type: ignore[arg-type]
        answerer = OnIds(open_engine(spec), partial(open_tokenizer, models.llama))
        yield AnswererCase(answerer, put(models.llama))
        answerer.close()


@pytest.fixture(scope="module")
def on_ids(models: Models) -> Iterator[OnIds]:
    spec = EngineSpec(gguf=str(models.llama_gguf), threads=1)
    answerer = OnIds(open_engine(spec), partial(open_tokenizer, models.llama))
    yield answerer
    answerer.close()


def test_an_answerer_on_ids_says_what_its_engine_says(on_ids: OnIds, models: Models) -> None:
    prompts = put(models.llama)
    questions = [ChoiceQuestion(of.ids, of.choices) for of in prompts]
    assert dict(on_ids.choose(prompts)) == dict(on_ids.engine.choose(questions))
    ids, tokenizer = [of.ids for of in prompts], open_tokenizer(models.llama)
    written = dict(on_ids.generate(prompts, Limits(5)))
    for place, generation in on_ids.engine.generate(ids, Limits(5)):
        assert written[place].ids == generation.ids
        assert written[place].text == tokenizer.decode(generation.ids)
        assert written[place].finish_reason == generation.finish_reason
        assert len(written[place].token_seconds) == len(generation.ids)
    (expected,), (found,) = on_ids.engine.distributions(ids[0]), on_ids.distributions(ids[0])
    np.testing.assert_array_equal(found, expected)
    assert on_ids.decode(ids[0]) == tokenizer.decode(ids[0])


def test_the_tokenizer_is_opened_when_text_is_first_wanted(on_ids: OnIds, models: Models) -> None:
    opened: list[Path] = []

    def tokenizer() -> object:
        opened.append(models.llama)
        return open_tokenizer(models.llama)

    answerer = OnIds(on_ids.engine, tokenizer)  # type: ignore[arg-type]
    list(answerer.choose(put(models.llama)))
    assert opened == []
    list(answerer.generate(put(models.llama), Limits(2)))
    list(answerer.generate(put(models.llama), Limits(2)))
    assert opened == [models.llama]


@pytest.mark.parametrize(
    ("completion", "pieces", "record"),
    [
        (Completion("a b", 2, "stop", ids=(4, 7)), (4, 7), {}),
        (Completion("a b", 2, "stop"), ("a", "b"), {}),
        (
            Completion("a b", 4, "stop", reasoning="h m"),
            ("h", "m", "a", "b"),
            {"thought": "h m", "thought_finished": True},
        ),
    ],
)
def test_what_was_written_is_counted_in_ids_or_else_in_words(
    completion: Completion, pieces: tuple[object, ...], record: dict[str, object]
) -> None:
    assert (completion.pieces, completion.record()) == (pieces, record)
