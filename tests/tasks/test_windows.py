"""A text is cut into windows of ids: what they hold, and which are drawn."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import BadDataError
from harness.tasks.documents import windows_to_read
from harness.tasks.prompts import PromptSet
from tests.tasks.fakes import BOS, CharTokenizer

TOKENIZER = CharTokenizer()


def without_bos() -> CharTokenizer:
    tokenizer = CharTokenizer()
    tokenizer.bos_id = None
    return tokenizer


@given(st.text("abcd", min_size=2, max_size=60), st.integers(2, 12), st.booleans())
def test_windows_side_by_side_are_the_text(text: str, window: int, bos: bool) -> None:
    tokenizer = TOKENIZER if bos else without_bos()
    found = windows_to_read(tokenizer, text, window, None, 0)
    assert all(2 <= len(prompt.ids) <= window for prompt in found.prompts)
    assert all(prompt.ids[0] == BOS for prompt in found.prompts) or not bos
    read = [token for prompt in found.prompts for token in prompt.ids if token != BOS]
    whole = tokenizer.encode(text, add_bos=False)
    left = len(whole) - len(read)
    assert read == whole[: len(read)]
    assert left == (1 if not bos and len(whole) % window == 1 else 0)


def test_bos_counts_among_the_ids_of_a_window() -> None:
    found = windows_to_read(TOKENIZER, "abcdefg", 4, None, 0)
    assert [TOKENIZER.decode(prompt.ids) for prompt in found.prompts] == ["abc", "def", "g"]
    assert [prompt.text for prompt in found.prompts] == ["abc", "def", "g"]
    assert [prompt.target_ids for prompt in found.prompts] == [(), (), ()]


def test_a_limit_draws_a_seeded_nested_subset_and_not_the_head() -> None:
    def drawn(limit: int | None, seed: int = 0) -> list[str]:
        return [p.id for p in windows_to_read(TOKENIZER, "abc" * 100, 4, limit, seed).prompts]

    assert len(drawn(None)) == 100
    assert len(drawn(10)) == 10
    assert set(drawn(10)) < set(drawn(20))
    assert drawn(10) != drawn(None)[:10]
    assert drawn(10) != drawn(10, seed=1)
    assert drawn(10) == sorted(drawn(10))
    assert windows_to_read(TOKENIZER, "abc" * 100, 4, 10, 0).available == 100


def test_two_texts_have_different_hashes() -> None:
    first, second = (windows_to_read(TOKENIZER, text, 4, None, 0) for text in ("abcd", "abce"))
    assert first.sha256() != second.sha256()


def test_a_set_of_windows_is_read_as_it_was_written(tmp_path: Path) -> None:
    found = windows_to_read(TOKENIZER, "a\r\nb\u2028c\x85d", 3, None, 0)
    found.write(tmp_path)
    assert PromptSet.read(tmp_path) == found


@pytest.mark.parametrize("text", ["", "a"])
def test_a_text_in_which_nothing_can_be_predicted_is_refused(text: str) -> None:
    with pytest.raises(BadDataError, match=f"{len(text)} tokens long"):
        windows_to_read(without_bos(), text, 8, None, 0)
