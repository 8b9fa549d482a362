"""What counts as the same text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.data.normal_forms import normal_form

SAME = [
    ("Sales rose 2.4 % .", "SALES  rose 2.4%"),
    ("``So it is''", '"so it is"'),
    ("Straße", "STRASSE"),
    ("a\u2028b\r\nc", "a b c"),
    ("ｆｕｌｌ", "full"),
    ("cafe\u0301", "café"),
    ("don’t", "don't"),
]
DIFFERENT = [
    ("rose", "fell"),
    ("EUR 5", "USD 5"),
    ("5 €", "5 $"),
    (":-)", ":-("),
    ("कि", "क"),
    ("\U0001f642", "\U0001f641"),
    ("+5", "5"),
]


@pytest.mark.parametrize(("a", "b"), SAME)
def test_case_spaces_and_punctuation_do_not_matter(a: str, b: str) -> None:
    assert normal_form(a) == normal_form(b)


@pytest.mark.parametrize(("a", "b"), DIFFERENT)
def test_words_digits_and_symbols_do(a: str, b: str) -> None:
    assert normal_form(a) != normal_form(b)


@given(st.text())
def test_a_normal_form_is_its_own(text: str) -> None:
    form = normal_form(text)
    assert normal_form(form) == form


@given(st.text(st.characters(codec="ascii")))
def test_upper_case_and_more_spaces_change_nothing(text: str) -> None:
    assert normal_form(text.upper()) == normal_form(text)
    assert normal_form(f" {text.replace(' ', '   ')}\n") == normal_form(text)
