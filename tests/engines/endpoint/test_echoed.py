"""Where the tokens of a text begin, in what servers were seen to give back."""

from __future__ import annotations

from typing import Any

import pytest

from harness.engines.endpoint.echoed import DoubtfulError, Echoed, read_echo

ASKED = "<|user|>\nGood?<|end|>\n<|assistant|>\n"
ANSWER = "yes"
PIECES = ["<|user|>", "\n", "Good", "?", "<|end|>", "\n", "<|assistant|>", "\n", "y", "es"]


def echo(tokens: list[str], text: str = ASKED + ANSWER) -> Echoed:
    values = [None, *(-float(place) for place in range(1, len(tokens)))]
    table: dict[str, Any] = {"tokens": tokens, "token_logprobs": values}
    return read_echo({"text": text, "logprobs": table}, ASKED + ANSWER)


def scored(found: Echoed) -> float:
    return found.between(len(ASKED), len(ASKED + ANSWER))


def test_tokens_that_are_the_text_are_placed_by_their_letters() -> None:
    assert scored(echo(PIECES)) == -8 - 9


def test_vllm_lists_markers_that_it_leaves_out_of_the_text() -> None:
    assert scored(echo(["<s>", *PIECES])) == -9 - 10
    assert scored(echo(["<s>", *PIECES, "<|end|>"])) == -9 - 10
    assert scored(echo(["<s>", *PIECES, " and"], f"{ASKED}{ANSWER} and")) == -9 - 10


def test_llama_cpp_gives_markers_no_letters() -> None:
    bare = ["" if piece.startswith("<") else piece for piece in PIECES]
    assert scored(echo(bare)) == -8 - 9
    assert scored(echo([*bare, ""])) == -8 - 9
    assert scored(echo([*bare, "."], f"{ASKED}{ANSWER}.")) == -8 - 9


@pytest.mark.parametrize(
    "tokens",
    [
        ["" if piece.startswith("<") else piece for piece in [*PIECES[:-1], "ep"]],
        ["" if piece.startswith("<") else piece for piece in [*PIECES[:2], "Bad", *PIECES[3:]]],
        ["<s>", "<s>", *PIECES],
        PIECES[:-1],
    ],
)
def test_tokens_of_another_text_are_not_placed(tokens: list[str]) -> None:
    with pytest.raises(DoubtfulError) as doubt:
        echo(tokens)
    assert doubt.value.fault == "misaligned"


def test_a_choice_that_begins_within_what_is_not_known_is_in_doubt() -> None:
    bare = ["" if piece.startswith("<") else piece for piece in PIECES]
    with pytest.raises(DoubtfulError) as doubt:
        echo(bare).between(9, 13)
    assert doubt.value.fault == "boundary"
