"""Words of any script, and when texts are English."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from harness.words import Wording, pieces, words, words_by


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Öl für KÖLN", ["öl", "für", "köln"]),
        ("Прибыль компании выросла.", ["прибыль", "компании", "выросла"]),
        ("कंपनी का लाभ बढ़ा।", ["कंपनी", "का", "लाभ", "बढ\u093cा"]),
        ("公司利润增长。", list("公司利润增长")),
        ("GPT4模型2024年", ["gpt4", "模", "型", "2024", "年"]),
        ("データ", ["デ", "ー", "タ"]),
        ("ข้าวดี", ["ข้", "า", "ว", "ดี"]),
        ("မြန်မာ", ["မြ", "န်", "မာ"]),
        ("안녕하세요 세계", ["안녕하세요", "세계"]),
        ("قال: كتـــاب", ["قال", "كتاب"]),
        ("می\u200cخواهم", ["میخواهم"]),
        ("Straße", ["strasse"]),
        ("cafe\u0301, naïve", ["café", "naïve"]),
        ("iPhone™ m² ＡＢ１", ["iphone", "m2", "ab1"]),
        ("don’t x_y", ["don", "t", "x", "y"]),
        ("❤️ 🙂 … 5€", ["5"]),
        ("", []),
    ],
)
def test_words_are_what_a_reader_of_the_script_would_call_letters(
    text: str, expected: list[str]
) -> None:
    assert words(text) == expected


@given(st.text(st.characters(max_codepoint=127)))
def test_words_of_ascii_are_those_of_rouge_score(text: str) -> None:
    from rouge_score.tokenize import tokenize

    assert words(text) == words_by("english", text) == tokenize(text, None)


LATIN_TO_GREEK = st.characters(min_codepoint=0xC0, max_codepoint=0x3FF, categories=["L"])


@given(st.text(LATIN_TO_GREEK | st.sampled_from(" .,-5")))
def test_words_of_other_alphabets_are_runs_of_word_characters(text: str) -> None:
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    if not any(unicodedata.category(c)[0] == "M" for c in folded):
        assert words(text) == re.findall(r"[^\W_]+", folded)


@given(st.text())
@example("\u08ca0")
def test_no_letter_is_lost(text: str) -> None:
    kept = sum(unicodedata.category(c)[0] in "LN" for c in "".join(words(text)))
    assert kept >= sum(unicodedata.category(c)[0] in "LN" and c != "\u0640" for c in text)


def test_pieces_keep_signs_and_part_at_spaces_or_characters() -> None:
    assert pieces("so, (yes)") == ["so,", "(yes)"]
    assert pieces("好，x 🙂") == ["好", "，x", "🙂"]


def test_texts_are_english_while_few_words_hold_other_letters() -> None:
    plain = ["the cat sat on the mat"] * 33
    assert Wording.of([*plain, "a café"]).rule == "english"
    assert Wording.of([*plain, "a café", "naïve résumé"]).rule == "unicode"
    assert Wording.of(["公司利润"]).rule == Wording.of(["Öl für Köln"]).rule == "unicode"
    assert Wording.of(["🙂", ""]).rule == Wording.of([]).rule == "english"
    assert not Wording.of(["公司利润 GPT"]).spaced and Wording.of(["Прибыль компании"]).spaced
