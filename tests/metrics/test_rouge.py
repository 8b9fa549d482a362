from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rouge_score.rouge_scorer import RougeScorer

from harness.metrics.rouge import ROUGE, rouge
from harness.metrics.sentences import split_sentences


def test_rouge_gives_the_example_of_its_paper() -> None:
    """Lin (2004), section 3: "police kill the gunman" against "police killed the gunman" has
    ROUGE-L 3/4, and "the gunman kill police" 2/4. Stemmed, "killed" is "kill", so a verb that
    no stemmer joins takes its place here."""
    reference = "police shot the gunman"
    first = rouge(reference, "police kill the gunman")
    second = rouge(reference, "the gunman kill police")
    assert first["rougeL"] == pytest.approx(3 / 4)
    assert second["rougeL"] == pytest.approx(2 / 4)
    assert first["rouge1"] == second["rouge1"] == pytest.approx(3 / 4)
    assert first["rouge2"] == second["rouge2"] == pytest.approx(1 / 3)


def test_words_are_stemmed_and_case_does_not_count() -> None:
    assert rouge("The cats were running", "the cat were run")["rouge1"] == pytest.approx(1.0)


def test_rouge_lsum_matches_sentence_by_sentence() -> None:
    """Sentences in the other order: the longest common subsequence of the whole is one sentence
    (three words of six), the union over sentences is everything."""
    scores = rouge("Ann sings songs. Bob cooks dinner.", "Bob cooks dinner. Ann sings songs.")
    assert scores["rougeL"] == pytest.approx(0.5)
    assert scores["rougeLsum"] == pytest.approx(1.0)
    unpunctuated = rouge("Ann sings songs. Bob cooks dinner.", "Bob cooks dinner Ann sings songs")
    assert unpunctuated["rougeLsum"] == pytest.approx(1.0)


def test_rouge_lsum_without_splitting_would_be_rouge_l() -> None:
    reference, answer = "Ann sings songs. Bob cooks dinner.", "Bob cooks dinner. Ann sings songs."
    unsplit = RougeScorer(["rougeLsum"], use_stemmer=True).score(reference, answer)
    assert unsplit["rougeLsum"].fmeasure == pytest.approx(0.5)
    assert rouge(reference, answer)["rougeLsum"] > 0.9


@pytest.mark.parametrize(("reference", "answer"), [("", ""), ("words", ""), ("", "words")])
def test_nothing_shares_nothing(reference: str, answer: str) -> None:
    assert set(rouge(reference, answer).values()) == {0.0}


@pytest.mark.parametrize(
    "text",
    [
        "公司利润增长。",
        "Прибыль компании выросла",
        "कंपनी का लाभ बढ़ा।",
        "ข้าวอร่อย",
        "利益が増えた。",
        "تحسّن الربح",
    ],
)
def test_the_right_answer_scores_one_in_every_script(text: str) -> None:
    assert set(rouge(text, text, "unicode").values()) == {1.0}


def test_letters_with_an_accent_are_letters() -> None:
    """One of three words is right: the case that gave 0.8 where `rouge_score` cuts letters out."""
    found = rouge("Öl für Köln", "Al für Käln", "unicode")
    assert found["rouge1"] == found["rougeL"] == pytest.approx(1 / 3)
    assert found["rouge2"] == 0


def test_chinese_counts_by_character() -> None:
    """Four of the reference's six characters, in order: recall 4/6, precision 4/5; pairs 2 of 5 and 4."""
    found = rouge("公司利润增长。", "公司利好增", "unicode")
    assert found["rouge1"] == found["rougeL"] == pytest.approx(2 * 4 / (6 + 5))
    assert found["rouge2"] == pytest.approx(2 * 2 / (5 + 4))


def test_no_english_rule_is_applied_to_other_languages() -> None:
    """Porter's stemmer makes "gatos" "gato", in a language that it does not know."""
    spanish = "el gato come aquí", "los gatos comen aquí"
    assert rouge(*spanish, "unicode")["rouge1"] == pytest.approx(1 / 4)


def test_rouge_lsum_finds_sentences_of_other_scripts() -> None:
    found = rouge("公司增长。人们高兴。", "人们高兴。公司增长。", "unicode")
    assert found["rougeL"] == pytest.approx(0.5)
    assert found["rougeLsum"] == pytest.approx(1.0)


texts = st.text(st.characters(max_codepoint=127) | st.sampled_from(list("é🙂…")), max_size=60)


@given(texts, texts)
def test_english_figures_are_those_of_rouge_score(reference: str, answer: str) -> None:
    split = ["\n".join(split_sentences(text)) for text in (reference, answer)]
    theirs = RougeScorer(list(ROUGE), use_stemmer=True).score(*split)
    assert rouge(reference, answer) == {name: theirs[name].fmeasure for name in ROUGE}


alphabets = st.text(st.sampled_from("абвгдеäöüñ éß"), max_size=30)


@given(alphabets, alphabets)
def test_other_alphabets_are_those_of_rouge_score_with_a_tokenizer_of_letters(
    reference: str, answer: str
) -> None:
    class Letters:
        def tokenize(self, text: str) -> list[str]:
            return re.findall(r"\w+", text.casefold())

    theirs = RougeScorer(["rouge1", "rouge2", "rougeL"], tokenizer=Letters()).score(
        reference, answer
    )
    found = rouge(reference, answer, "unicode")
    assert {name: found[name] for name in theirs} == {n: theirs[n].fmeasure for n in theirs}
