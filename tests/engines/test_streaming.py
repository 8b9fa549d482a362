"""Text that is given while it is written, against the text of all ids together."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.engines import open_engine
from harness.engines.answerer import Answerer, Completion, Piece
from harness.engines.on_ids import OnIds
from harness.engines.protocol import EngineSpec, Limits, Sampling
from harness.engines.streaming import GrowingText, Parting
from harness.engines.tokenizer import Tokenizer, open_tokenizer
from harness.starter import MODEL_FOLDER
from harness.tasks.prompts import Prompt


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return open_tokenizer(MODEL_FOLDER)


@pytest.fixture(scope="module")
def answerer(tokenizer: Tokenizer) -> Iterator[Answerer]:
    opened = OnIds(open_engine(EngineSpec(weights=str(MODEL_FOLDER), threads=1)), lambda: tokenizer)
    yield opened
    opened.close()


def prompt_of(text: str, tokenizer: Tokenizer) -> Prompt:
    return Prompt(0, "asked", text, tuple(tokenizer.encode(text)), "", ())


def written(
    answerer: Answerer, prompt: Prompt, limits: Limits, sampling: Sampling
) -> tuple[list[Piece], Completion]:
    *pieces, done = answerer.stream(prompt, limits, sampling)
    assert isinstance(done, Completion)
    return [piece for piece in pieces if isinstance(piece, Piece)], done


def grown(tokenizer: Tokenizer, ids: Sequence[int]) -> str:
    growing = GrowingText(tokenizer.decode)
    return "".join(growing.add(ids[: count + 1]) for count in range(len(ids)))


@given(text=st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffd")))
def test_text_that_grows_id_by_id_is_the_text_of_all_ids(tokenizer: Tokenizer, text: str) -> None:
    ids = tokenizer.encode(text, add_bos=False)
    assert grown(tokenizer, ids) == tokenizer.decode(ids)


@given(cuts=st.integers(0, 2**32 - 1), stop=st.sampled_from(["END", "\n\n", "。", "aab"]))
def test_no_piece_holds_any_of_a_stop(cuts: int, stop: str) -> None:
    chooser = random.Random(cuts)
    whole = "".join(chooser.choices(["a", "aa", "E", "EN", "\n", "x "], k=12))
    answer = whole.split(stop)[0]
    parting, given = Parting("asked", [stop]), ""
    for character in answer + stop:
        given += "".join(piece.text for piece in parting.add(character))
        assert stop not in given
    given += "".join(piece.text for piece in parting.rest(Completion(answer, 1, "stop")))
    assert given == answer


def test_a_stop_within_a_piece_ends_what_is_given() -> None:
    parting = Parting("asked", ["\n\n"])
    pieces = [
        piece.text for text in ("\n\nOne", " two\n\nthree", " four") for piece in parting.add(text)
    ]
    assert "".join(pieces) == "\n\nOne two"


@pytest.mark.parametrize(
    ("prompt", "text", "reasoning", "answer"),
    [
        ("asked", "<think>so\n</think>\n\nYes", "so\n", "\n\nYes"),
        ("asked<think>\n", "so</think>Yes", "so", "Yes"),
        ("asked", " [THINK]a[/THINK]b", "a", "b"),
        ("asked", "<thin air", "", "<thin air"),
        ("asked", "5 < 7 <think>", "", "5 < 7 <think>"),
        ("asked<think>", "without end </thin", "without end ", ""),
    ],
)
def test_reasoning_is_told_from_the_answer_while_it_is_written(
    prompt: str, text: str, reasoning: str, answer: str
) -> None:
    parting = Parting(prompt, [])
    pieces = [piece for character in text for piece in parting.add(character)]
    assert "".join(p.text for p in pieces if p.reasoning) == reasoning
    assert "".join(p.text for p in pieces if not p.reasoning) == answer


def test_pieces_make_up_what_a_run_writes(answerer: Answerer, tokenizer: Tokenizer) -> None:
    asked = prompt_of("Profit of the company rose to EUR", tokenizer)
    limits = Limits(24, tokenizer.stop_ids)
    ((_, run),) = answerer.generate([asked], limits)
    pieces, done = written(answerer, asked, limits, Sampling())
    assert (done.text, done.ids, done.finish_reason) == (run.text, run.ids, run.finish_reason)
    assert "".join(piece.text for piece in pieces) == done.text
    assert len(pieces) > 5 and len(done.token_seconds) == done.tokens


def test_a_stop_and_whoever_asks_end_it_early(answerer: Answerer, tokenizer: Tokenizer) -> None:
    asked = prompt_of("Profit of the company rose to EUR", tokenizer)
    _, free = written(answerer, asked, Limits(24), Sampling())
    stop = free.text[8:11]
    pieces, done = written(answerer, asked, Limits(24, stops=(stop,)), Sampling())
    assert (done.text, done.stopped_at) == (free.text[: free.text.index(stop)], stop)
    assert "".join(piece.text for piece in pieces) == done.text
    _, cut = written(answerer, asked, Limits(24, ended=lambda ids: len(ids) == 5), Sampling())
    assert (cut.ids, cut.finish_reason) == ((free.ids or ())[:5], "stop")


def test_a_seed_repeats_what_was_drawn(answerer: Answerer, tokenizer: Tokenizer) -> None:
    asked = prompt_of("The weather is", tokenizer)
    first, again, other = (
        written(answerer, asked, Limits(20), Sampling(1.0, seed=seed))[1] for seed in (3, 3, 4)
    )
    assert first.ids == again.ids != other.ids
