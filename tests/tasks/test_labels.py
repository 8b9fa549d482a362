"""Which label a written answer names, case by case, and which answers name none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.tasks.labels import parse_label
from harness.tasks.spellings import Folded

SENTIMENT = ("negative", "neutral", "positive")
DEGREES = ("very negative", "negative", "neutral", "positive", "very positive")
HATE = ("hate", "not hate")
LETTERS = ("A", "B", "C", "D")
STARS = tuple(str(number) for number in range(1, 11))
CHINESE = ("积极", "消极", "中性")
JAPANESE = ("ポジティブ", "ネガティブ")
THAI = ("ดี", "แย่")
KOREAN = ("긍정", "부정")


@pytest.mark.parametrize(
    ("labels", "text", "label"),
    [
        # Labels that overlap: the longest counts.
        (DEGREES, " very positive", "very positive"),
        (DEGREES, "It is very positive.", "very positive"),
        (DEGREES, "Very Positive!", "very positive"),
        (DEGREES, "very-positive", "very positive"),
        (DEGREES, "positive", "positive"),
        (HATE, "not hate", "not hate"),
        (HATE, "This is not hate.", "not hate"),
        (HATE, "hate", "hate"),
        (("toxic", "non-toxic"), "The text is non-toxic.", "non-toxic"),
        (("toxic", "non-toxic"), "non toxic", "non-toxic"),
        (("very_positive", "positive"), "very positive", "very_positive"),
        (("York", "New York", "New York City"), "New York City, of course", "New York City"),
        (("entailment", "not_entailment"), "not entailment", "not_entailment"),
        (("hate", "hateful"), "hateful", "hateful"),
        # Word for word, or at the beginning.
        (SENTIMENT, "positive\nreview bad negative", "positive"),
        (SENTIMENT, "positive\n\nText: it fell.\nAnswer: negative", "positive"),
        (SENTIMENT, "Positive, since nothing in it is negative.", "positive"),
        (SENTIMENT, "positive (not negative)", "positive"),
        (SENTIMENT, "positive because there is no negative word", "positive"),
        (SENTIMENT, "mostly positive", "positive"),
        (("no", "yes"), "No, there is nothing to say yes to.", "no"),
        (("Science/Technology", "Sports"), "science/technology", "Science/Technology"),
        # Single letters, by case or by standing first.
        (LETTERS, "B, a market", "B"),
        (LETTERS, "B. a market", "B"),
        (LETTERS, "B: a market", "B"),
        (LETTERS, "B) a market", "B"),
        (LETTERS, "B - a market", "B"),
        (LETTERS, "(B)", "B"),
        (LETTERS, "(b)", "B"),
        (LETTERS, "**B**", "B"),
        (LETTERS, "b", "B"),
        (LETTERS, "'B'", "B"),
        (LETTERS, "b) a market", "B"),
        (LETTERS, "B because C is wrong", "B"),
        (LETTERS, "Answer: B", "B"),
        (LETTERS, "answer: b", "B"),
        (LETTERS, "The answer is B.", "B"),
        (LETTERS, "The correct answer is (B) a market.", "B"),
        (LETTERS, "The answer is A because it is a market.", "A"),
        (LETTERS, "Option A fits best.", "A"),
        (LETTERS, "option c", "C"),
        (LETTERS, "A", "A"),
        (LETTERS, "A. The market", "A"),
        (LETTERS, "It is a market, so B", "B"),
        (LETTERS, "A good choice is B.", "B"),
        (LETTERS, r"\boxed{C}", "C"),
        (LETTERS, "<b>D</b>", "D"),
        (LETTERS, r"Final answer: $\boxed{\text{C}}$", "C"),
        (LETTERS, r"\(\mathbf{B}\)", "B"),
        (LETTERS, "Ans. is $B$", "B"),
        (LETTERS, "Ｂ", "B"),
        (("I", "II", "III"), "II", "II"),
        (("I", "II", "III"), "I think it is III.", "III"),
        # In marks, behind words that announce it.
        (SENTIMENT, '"positive"', "positive"),
        (SENTIMENT, "“Positive.”", "positive"),
        (SENTIMENT, "_positive_", "positive"),
        (SENTIMENT, "### Sentiment: **positive**", "positive"),
        (SENTIMENT, '{"label": "positive"}', "positive"),
        (SENTIMENT, '{"reason": "nothing negative here", "answer": "positive"}', "positive"),
        (SENTIMENT, '["neutral"]', "neutral"),
        (SENTIMENT, "<answer>positive</answer>", "positive"),
        (SENTIMENT, "Positive, negative or neutral? Answer: neutral", "neutral"),
        (SENTIMENT, "Die Antwort ist: positive", "positive"),
        (SENTIMENT, "Some words are negative, some positive.\n\nAnswer: positive", "positive"),
        (SENTIMENT, "Words: negative, positive.\nSo it could be both.\n\n**Positive**", "positive"),
        (LETTERS, "A. wood\nB. iron\nC. ice\nD. tin\nAnswer: C", "C"),
        (LETTERS, "If the answer is A, it burns. Final answer: B", "B"),
        # Scripts without spaces, and particles.
        (CHINESE, "积极", "积极"),
        (CHINESE, "这条评论是积极的。", "积极"),
        (CHINESE, "答案：消极", "消极"),
        (CHINESE, "答案是消极，不是积极。", "消极"),
        (("积极", "不积极"), "他不积极", "不积极"),
        (("好评", "差评"), "我认为这是好评，因为", "好评"),
        (("A", "B"), "答案是B。", "B"),
        (("正", "负"), "答案是正。", "正"),
        (SENTIMENT, "答案是positive的", "positive"),
        (JAPANESE, "答えはポジティブです。", "ポジティブ"),
        (("ア", "イ", "ウ"), "正解はイです", "イ"),
        (THAI, "รีวิวนี้ดีมาก", "ดี"),
        (KOREAN, "긍정입니다.", "긍정"),
        (KOREAN, "답: 부정적", "부정"),
        # Spellings.
        (("caf\u00e9", "bar"), "cafe\u0301", "caf\u00e9"),
        (("straße", "platz"), "STRASSE", "straße"),
        (("İyi", "Kötü"), "iyi", "İyi"),
        (("iyi", "kötü"), "İYİ", "iyi"),
        (("ılık", "soğuk"), "ILIK", "ılık"),
        (("don't know", "know"), "Don’t know", "don't know"),
        (("us", "US"), "US", "US"),
        (("us", "US"), "us", "us"),
        (("👍", "👎"), "👍", "👍"),
        # Numbers, and labels with signs.
        (STARS, "10", "10"),
        (STARS, "1", "1"),
        (STARS, "I rate it 10.", "10"),
        (STARS, "1. It is bad.", "1"),
        (STARS, "7/10", "7"),
        (STARS, "7 out of 10 stars", "7"),
        (("-1", "0", "1"), "-1", "-1"),
        (("-1", "0", "1"), "Answer: -1", "-1"),
        (("+1", "-1"), "+1", "+1"),
        (("n/a", "a"), "N/A", "n/a"),
        (("C", "C++", "C#"), "C++", "C++"),
        (("C", "C++", "C#"), "It is C#.", "C#"),
        (("C", "C++", "C#"), "C", "C"),
        (("★", "★★", "★★★"), "★★", "★★"),
    ],
)  # fmt: skip
def test_a_label_is_found(labels: tuple[str, ...], text: str, label: str) -> None:
    assert parse_label(text, labels) == label


@pytest.mark.parametrize(
    ("labels", "text"),
    [
        (SENTIMENT, ""),
        (SENTIMENT, " \n"),
        (SENTIMENT, "I cannot say."),
        (SENTIMENT, "positively"),
        # Several.
        (SENTIMENT, "both positive and negative"),
        (SENTIMENT, "positive or negative"),
        (SENTIMENT, "positive, negative or neutral"),
        (SENTIMENT, "positive/negative"),
        (SENTIMENT, "positive\nnegative"),
        (SENTIMENT, "The answer is positive or negative."),
        (SENTIMENT, "Answer: positive\n\nText: it fell.\nAnswer: negative"),
        (SENTIMENT, '{"positive": 0.9, "negative": 0.1}'),
        (SENTIMENT, '["positive", "negative"]'),
        (SENTIMENT, "It starts positive and ends negative."),
        (LETTERS, "A, B, C or D"),
        (LETTERS, "A or B, but rather B"),
        (LETTERS, "A B"),
        (LETTERS, "A. wood\nB. iron\nC. ice\nD. tin"),
        (LETTERS, "B. The answer is C."),
        (LETTERS, "A: B"),
        (STARS, "3-4"),
        (("0", "1", "2"), "1/2"),
        (STARS, "30/100"),
        (STARS, "3/5 of it"),
        # Denied, or asked.
        (SENTIMENT, "not positive"),
        (SENTIMENT, "It isn't positive."),
        (SENTIMENT, "I do not think that it is positive."),
        (SENTIMENT, "The answer is not positive."),
        (SENTIMENT, "Is it positive?"),
        (SENTIMENT, "not bad but positive, not negative"),
        (("hate", "offensive"), "not hate"),
        (("toxic", "clean"), "non-toxic"),
        (CHINESE, "不积极"),
        (JAPANESE, "ポジティブではない"),
        (THAI, "ไม่ดี"),
        (KOREAN, "긍정이 아니다"),
        (LETTERS, "not B"),
        # Words and parts of words.
        (LETTERS, "a market"),
        (LETTERS, "It is a market"),
        (LETTERS, "A market that I know"),
        (LETTERS, "Because"),
        (("I", "II"), "I think so"),
        (("正", "负"), "正确"),
        (("가", "나"), "가장 좋다"),
        # Parts of numbers and signs.
        (("1", "2"), "10"),
        (("1", "2"), "1.5"),
        (("1", "2"), "0.1"),
        (("0", "1"), "-1"),
        (("C", "Java"), "C++"),
        (("A", "B"), "A+"),
        (("us", "US"), "Us"),
    ],
)  # fmt: skip
def test_what_must_be_guessed_at_is_left_unparsed(labels: tuple[str, ...], text: str) -> None:
    assert parse_label(text, labels) is None


def test_a_label_of_many_is_found_in_a_long_reasoning() -> None:
    labels = tuple(f"intent {number} of cards" for number in range(150))
    reasoning = "".join(f"It could be {label}.\n" for label in labels[::7])
    assert parse_label(reasoning, labels) is None
    assert parse_label(f"{reasoning}\n**Answer:** `{labels[11]}`", labels) == labels[11]


@given(
    st.lists(st.text(min_size=1, max_size=8).map(str.strip).filter(bool), min_size=1, max_size=5),
    st.text(max_size=20),
)
def test_a_label_word_for_word_is_itself_unless_another_is_spelled_so(
    labels: list[str], text: str
) -> None:
    assert parse_label(text, labels) in (None, *labels)
    for label in labels:
        alike = [of for of in labels if Folded.of(of).text.strip() == Folded.of(label).text.strip()]
        if len(alike) == 1 and Folded.of(label).text.strip():
            assert parse_label(f" {label}\n", labels) == label
