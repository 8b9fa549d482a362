"""Shares of prompts: together they are all of them, and each answer is that of a model that was asked alone."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.engines import open_engine, portion
from harness.engines.portion import Portion, together
from harness.engines.protocol import ChoiceQuestion, Engine, EngineSpec, Limits
from harness.starter import MODEL_FOLDER
from tests.conftest import Models

PASSES = st.lists(st.frozensets(st.integers(0, 30), max_size=4), max_size=12)


@given(PASSES, st.integers(1, 5), st.frozensets(st.integers(0, 30)))
def test_shares_have_every_open_prompt_once(
    passes: list[frozenset[int]], shares: int, done: frozenset[int]
) -> None:
    found = [Portion(done, share, shares).of(passes) for share in range(shares)]
    assert sorted(chain.from_iterable(found)) == sorted(frozenset().union(*passes) - done)


def test_passes_are_given_out_in_turn_and_a_prompt_of_several_goes_with_the_first() -> None:
    passes = [{4, 5}, {5}, {6, 4}, {7}]  # nothing begins in the second one
    assert Portion(share=0, shares=2).of(passes) == {4, 5, 7}
    assert Portion(share=1, shares=2).of(passes) == {6}
    assert Portion(frozenset({6}), 1, 2).of(passes) == frozenset()


def test_the_longest_prompts_are_answered_together_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(portion.TOGETHER, "cpu", 2)
    assert together([3, 9, 4, 9, 1], "cpu") == [[1, 3], [0, 2], [4]]


def questions() -> list[ChoiceQuestion]:
    """Of many lengths, behind what all begin with; with choices of none, one and several tokens."""
    draw = random.Random(3)

    def ids(count: int) -> tuple[int, ...]:
        return tuple(draw.randrange(8, 500) for _ in range(count))

    shared, choices = (1, *ids(30)), ((17,), (300, 8), (17, 40, 60))
    asked = [ChoiceQuestion((*shared, *ids(2 + n % 40)), choices) for n in range(48)]
    return [*asked, ChoiceQuestion(shared + ids(3), ((), ()))]


@pytest.fixture(scope="module", params=["bfloat16", "float32", "llamacpp"])
def engine(request: pytest.FixtureRequest, models: Models) -> Iterator[Engine]:
    specs = {
        "llamacpp": EngineSpec(gguf=str(models.llama_gguf), threads=1),
        **{
            dtype: EngineSpec(weights=str(MODEL_FOLDER), dtype=dtype, threads=1)
            for dtype in ("bfloat16", "float32")
        },
    }
    found = open_engine(specs[request.param])
    yield found
    found.close()


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch, engine: Engine) -> Engine:
    """An engine with several passes for a few prompts, and of what is written, too."""
    monkeypatch.setitem(portion.TOGETHER, "cpu", 12)
    if "tokens" in engine.info.batch and engine.info.engine == "hf":
        monkeypatch.setitem(engine.info.batch, "tokens", 200)
    if engine.info.engine == "llamacpp":
        monkeypatch.setattr("harness.engines.llamacpp.score.MAX_TOKENS", 128)
    return engine


@pytest.mark.parametrize("shares", [2, 3])
def test_choices_are_scored_in_shares_to_the_last_bit_as_in_one_go(
    small: Engine, shares: int
) -> None:
    asked = questions()
    whole = dict(small.choose(asked))
    found = [dict(small.choose(asked, Portion(share=n, shares=shares))) for n in range(shares)]
    assert sum(map(len, found)) == len(whole) and all(found)
    assert {number: of for one in found for number, of in one.items()} == whole


def test_what_was_interrupted_is_scored_to_the_last_bit_as_without(small: Engine) -> None:
    asked = questions()
    whole = dict(small.choose(asked))
    before = small.work.tokens
    done = frozenset(list(whole)[:20])
    assert dict(small.choose(asked, Portion(done))) == {
        number: of for number, of in whole.items() if number not in done
    }
    rest = small.work.tokens - before
    assert dict(small.choose(asked, Portion(frozenset(whole)))) == {}
    assert small.work.tokens - before == rest, "nothing is run where nothing is open"


@pytest.mark.parametrize("shares", [2, 3])
def test_answers_are_written_in_shares_as_in_one_go(small: Engine, shares: int) -> None:
    prompts: Sequence[tuple[int, ...]] = [one.prompt for one in questions()]
    limits = Limits(6, frozenset({17}))

    def ids(portion: Portion) -> dict[int, tuple[int, ...]]:
        return {n: of.ids for n, of in small.generate(prompts, limits, portion)}

    whole = ids(Portion())
    found = [ids(Portion(share=n, shares=shares)) for n in range(shares)]
    assert sum(map(len, found)) == len(whole) == len(prompts) and all(found)
    assert {number: of for one in found for number, of in one.items()} == whole
