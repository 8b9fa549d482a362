"""A stop is found across and within tokens, behind a thought, and not in white space before an answer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.engines.stopping import StopWatch, cut

PIECES = (
    " The",
    " end",
    ".\n\n",
    "\n",
    "\n\nQ:",
    "\n\n",
    "Q",
    "#",
    "##",
    " ",
    "é",
    "<think>",
    "</think>",
)
PROMPT = "Answer:"


@pytest.mark.parametrize(
    ("text", "stops", "kept", "stop"),
    [
        (" positive\nreview bad", ["\n"], " positive", "\n"),
        ("one\n\ntwo", ["\n\n"], "one", "\n\n"),
        ("one\ntwo", ["\n\n"], "one\ntwo", None),
        ("\n\npositive\n\nreview", ["\n\n"], "\n\npositive", "\n\n"),
        ("\npositive", ["\n"], "\npositive", None),
        (" \n \n", ["\n"], " \n \n", None),
        ("\n\nQ: next", ["\n\nQ:"], "", "\n\nQ:"),
        ("Q: next", ["Q:"], "", "Q:"),
        ("a ### b\n", ["\n", "###"], "a ", "###"),
        ("a\n\nb", ["\n", "\n\n"], "a", "\n\n"),
        ("a.b", [], "a.b", None),
    ],
)  # fmt: skip
def test_a_text_is_cut_at_the_first_stop_of_an_answer(
    text: str, stops: list[str], kept: str, stop: str | None
) -> None:
    assert cut(text, stops) == (kept, stop)


def decoded(ids: object) -> str:
    return "".join(PIECES[token] for token in ids)  # type: ignore[attr-defined]


def first_end(ids: list[int], stops: tuple[str, ...], prompt: str = PROMPT) -> int | None:
    watch = StopWatch(stops, (prompt,), decoded, decoded)
    return next((n for n in range(1, len(ids) + 1) if watch.ended(ids[:n])), None)


def ids_of(*pieces: str) -> list[int]:
    return [PIECES.index(piece) for piece in pieces]


def test_writing_ends_with_the_token_that_completes_a_stop() -> None:
    assert first_end(ids_of(" The", " end", "\n", "\n", "Q"), ("\n\n",)) == 4
    assert first_end(ids_of(" The", ".\n\n", "Q"), ("\n\n",)) == 2
    assert first_end(ids_of("#", "#", "#", " The"), ("###",)) == 3
    assert first_end(ids_of("\n", "\n\n", " The", "\n\n", "Q"), ("\n\n",)) == 4


def test_a_thought_holds_no_end_of_the_answer() -> None:
    ids = ids_of("<think>", " The", "\n\n", " end", "</think>", "\n\n", " The", "\n\n", " end")
    assert first_end(ids, ("\n\n",)) == 8
    opened = ids_of(" The", "\n\n", " end", "</think>", " The", "\n\n")
    assert first_end(opened, ("\n\n",), "Answer: <think>") == 6
    assert first_end(opened[:3], ("\n\n",), "Answer: <think>") is None


@given(
    st.lists(st.integers(0, len(PIECES) - 3), max_size=40),
    st.sampled_from([("\n\n",), ("\n", "##"), ("Q",), ("end.",), ("\n\nQ:", "é")]),
)
def test_the_answer_is_the_same_whether_writing_ended_or_was_cut(
    ids: list[int], stops: tuple[str, ...]
) -> None:
    end = first_end(ids, stops)
    whole = cut(decoded(ids), stops)
    assert (end is None) == (whole[1] is None)
    if end is not None:
        assert cut(decoded(ids[:end]), stops)[0] == whole[0]
        assert cut(decoded(ids[: end - 1]), stops)[1] is None
