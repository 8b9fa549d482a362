"""Encodings and line ends of real copies."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.data.decoding import decode, lines, unix_newlines, whole_characters
from harness.errors import BadDataError

TEXT = "Föhn £5\n"


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8-sig"),
        ("latin-1", "latin-1"),
        ("utf-16", "utf-16"),
    ],
)
def test_one_text_is_read_from_any_of_its_encodings(written: str, found: str) -> None:
    decoded = decode(TEXT.encode(written), "f")
    assert (decoded.text, decoded.encoding) == (TEXT, found)


def test_half_a_utf16_file_is_an_error_and_no_other_text() -> None:
    with pytest.raises(BadDataError, match="utf-16"):
        decode("ab".encode("utf-16")[:-1], "f")


def test_only_newlines_end_lines() -> None:
    assert lines("a\u2028b\x85c\x0bd\r\ne\n\nf") == ["a\u2028b\x85c\x0bd", "e", "", "f"]
    assert lines("") == []
    assert lines("a\n") == ["a"]


@given(st.lists(st.text(st.characters(exclude_characters="\r\n")), min_size=1))
def test_lines_that_were_joined_come_apart_again(parts: list[str]) -> None:
    assert lines("".join(f"{part}\r\n" for part in parts)) == parts


def test_all_line_breaks_become_newlines() -> None:
    assert unix_newlines("a\r\nb\rc\nd") == "a\nb\nc\nd"


@given(st.text(st.characters(exclude_categories=())))
def test_what_json_can_hold_becomes_what_utf8_can_hold(text: str) -> None:
    whole = whole_characters(text)
    whole.encode()
    if not any("\ud800" <= character <= "\udfff" for character in text):
        assert whole == text
