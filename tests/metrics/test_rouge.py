from __future__ import annotations

import pytest

from harness.metrics.rouge import rouge, split_sentences


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
    from rouge_score.rouge_scorer import RougeScorer

    reference, answer = "Ann sings songs. Bob cooks dinner.", "Bob cooks dinner. Ann sings songs."
    unsplit = RougeScorer(["rougeLsum"], use_stemmer=True).score(reference, answer)
    assert unsplit["rougeLsum"].fmeasure == pytest.approx(0.5)
    assert rouge(reference, answer)["rougeLsum"] > 0.9


@pytest.mark.parametrize(("reference", "answer"), [("", ""), ("words", ""), ("", "words")])
def test_nothing_shares_nothing(reference: str, answer: str) -> None:
    assert set(rouge(reference, answer).values()) == {0.0}


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("One ends. Two ends! Three? Four", ["One ends.", "Two ends!", "Three?", "Four"]),
        ("A line\nanother. And more", ["A line", "another.", "And more"]),
        ("Mr. Smith met Dr. Jones.", ["Mr. Smith met Dr. Jones."]),
        ("J. K. Rowling wrote it. It sold.", ["J. K. Rowling wrote it.", "It sold."]),
        ("It rose 3.5 percent to EUR 1.2 mn.", ["It rose 3.5 percent to EUR 1.2 mn."]),
        ("We meet at 5 p.m. Bring cake.", ["We meet at 5 p.m. Bring cake."]),
        ("See you, e.g. Monday.", ["See you, e.g. Monday."]),
        ('He said "Go." Then he left.', ['He said "Go."', "Then he left."]),
        ("Wait... what? Fine.", ["Wait... what?", "Fine."]),
        ("Es war so. Über Nacht kam er.", ["Es war so.", "Über Nacht kam er."]),
        ("", []),
        (" \n ", []),
    ],
)
def test_sentences_end_where_a_reader_ends_them(text: str, sentences: list[str]) -> None:
    assert split_sentences(text) == sentences
