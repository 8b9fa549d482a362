"""The metrics of text that the harness knows: closed forms, and a second implementation."""

from __future__ import annotations

import re
import string

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import CountVectorizer

from harness.metrics.metric import Answer, Metric
from harness.metrics.text import METRICS, chrf, exact_match, normal_words, token_f1
from harness.words import WordRule

words = st.text(alphabet="abcäöü .,!", min_size=1, max_size=40)


@pytest.mark.parametrize(
    ("prediction", "target", "expected"),
    [
        ("The Norman Conquest!", "norman conquest", 1.0),
        ("a cat", "cat", 1.0),
        ("cats", "cat", 0.0),
        ("", "", 1.0),
        ("", "cat", 0.0),
        (".", "", 1.0),
        ("A.", "A", 1.0),
        ("", "A", 0.0),
        ("The", "A", 0.0),
        ("+", "+", 1.0),
        ("-", "+", 0.0),
        ("", "+", 0.0),
    ],
)
def test_exact_match_overlooks_case_punctuation_and_articles(
    prediction: str, target: str, expected: float
) -> None:
    assert exact_match(prediction, target) == expected


@pytest.mark.parametrize(
    ("prediction", "target", "rule", "expected"),
    [
        ("公司利润增长", "公司利润增长。", "unicode", 1.0),
        ("ПРИБЫЛЬ выросла!", "прибыль выросла", "unicode", 1.0),
        ("cafe\u0301", "café", "unicode", 1.0),
        ("Strasse", "Straße", "unicode", 1.0),
        ("“yes”", "yes", "english", 1.0),
        ("Ecke an", "Ecke", "english", 1.0),
        ("Ecke an", "Ecke", "unicode", 0.0),
        ("Al", "Öl", "unicode", 0.0),
        ("😡", "🙂", "english", 0.0),
        ("🙂", "🙂", "english", 1.0),
    ],
)
def test_exact_match_reads_every_script(
    prediction: str, target: str, rule: WordRule, expected: float
) -> None:
    assert exact_match(prediction, target, rule) == expected


def test_word_f1_counts_characters_where_there_are_no_spaces() -> None:
    assert token_f1("公司利好增", "公司利润增长。", "unicode") == pytest.approx(2 * 4 / (6 + 5))
    assert token_f1("Al für Käln", "Öl für Köln", "unicode") == pytest.approx(1 / 3)


def test_chrf_does_not_see_how_an_accent_is_written() -> None:
    assert chrf("cafe\u0301", "café") == 1.0
    assert chrf("B", "A") == 0.0


def squad_normal(text: str) -> list[str]:
    """As evaluate-v1.1.py writes it out."""
    bare = "".join(c for c in text.lower() if c not in set(string.punctuation))
    return re.sub(r"\b(a|an|the)\b", " ", bare).split()


@given(st.text(st.characters(max_codepoint=127)))
def test_normal_words_of_ascii_are_those_of_squad(text: str) -> None:
    assert normal_words(text) == squad_normal(text)


def test_word_f1_is_two_thirds_where_one_of_two_words_is_missing() -> None:
    assert token_f1("red", "red car") == pytest.approx(2 * 1 * 0.5 / 1.5)
    assert token_f1("red red car", "red car") == pytest.approx(2 * 2 / 5)
    assert token_f1("blue", "red car") == 0.0


def squad_f1(prediction: str, target: str) -> float:
    """As evaluate-v2.0.py writes it out: precision and recall of shared words. Where a text has none
    the two part: to SQuAD `+` is `-`, and the answer `A` is none."""
    from collections import Counter

    given, right = normal_words(prediction), normal_words(target)
    if not given or not right:
        return exact_match(prediction, target)
    shared = sum((Counter(given) & Counter(right)).values())
    if shared == 0:
        return 0.0
    precision, recall = shared / len(given), shared / len(right)
    return 2 * precision * recall / (precision + recall)


@given(words, words)
def test_word_f1_is_the_harmonic_mean_of_precision_and_recall(one: str, other: str) -> None:
    assert token_f1(one, other) == pytest.approx(squad_f1(one, other))


def chrf_by_counts(prediction: str, target: str, beta: float = 2.0) -> float:
    """chrF from scikit-learn's character counts."""
    texts = ["".join(text.split()) for text in (prediction, target)]
    orders = min(6, *(len(text) for text in texts))
    scores = []
    for order in range(1, orders + 1):
        counter = CountVectorizer(analyzer="char", ngram_range=(order, order), lowercase=False)
        given, right = np.asarray(counter.fit_transform(texts).todense())
        shared = np.minimum(given, right).sum()
        precision, recall = shared / given.sum(), shared / right.sum()
        both = beta**2 * precision + recall
        scores.append((1 + beta**2) * precision * recall / both if both else 0.0)
    return float(np.mean(scores))


@given(words.filter(str.strip), words.filter(str.strip))
def test_chrf_is_what_character_counts_give(prediction: str, target: str) -> None:
    assert chrf(prediction, target) == pytest.approx(chrf_by_counts(prediction, target), abs=1e-9)


def test_chrf_of_the_example_in_nltk_with_the_weight_of_its_documentation(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With beta 3 NLTK documents 0.6349 for the first example of the BLEU paper."""
    monkeypatch.setattr("harness.metrics.text.BETA", 3)
    target = (
        "It is a guide to action that ensures that the military will forever heed Party commands"
    )
    prediction = (
        "It is a guide to action which ensures that the military always obeys the commands of the "
        "party"
    )
    assert chrf(prediction, target) == pytest.approx(0.6349, abs=1e-4)


def test_a_short_right_answer_has_a_full_chrf() -> None:
    assert chrf("ja", "ja") == 1.0
    assert chrf("", "ja") == 0.0


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: str(metric.name))
@given(words)
def test_the_right_answer_scores_one(metric: Metric, text: str) -> None:
    assert metric.score is not None
    assert metric.score(Answer(text, text)) == pytest.approx(1.0)


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: str(metric.name))
@given(words, words)
def test_scores_lie_between_zero_and_one(metric: Metric, one: str, other: str) -> None:
    assert metric.score is not None
    assert 0 <= metric.score(Answer(one, other)) <= 1 + 1e-12
