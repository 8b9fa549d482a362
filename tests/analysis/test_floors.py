from __future__ import annotations

import pytest
from scipy import stats

from harness.analysis.floors import (
    choice_floors,
    classification_floors,
    lead_sentences,
    summary_floor,
)
from harness.data import Example
from harness.metrics.rouge import rouge

TRAIN = [
    ("profit rose sharply", "up"),
    ("sales rose again", "up"),
    ("earnings rose this year", "up"),
    ("profit fell sharply", "down"),
    ("sales fell again", "down"),
]
TEST = [("orders rose", "up"), ("orders fell", "down"), ("margins fell", "down")]


def test_the_majority_floor_answers_the_commonest_training_label() -> None:
    majority = classification_floors(TRAIN, TEST, seed=0)["majority"]
    exact = stats.binomtest(1, 3).proportion_ci(0.9, method="exact")
    assert majority["accuracy"].value == pytest.approx(1 / 3)
    assert majority["accuracy"].low == pytest.approx(exact.low)
    assert majority["macro_f1"].value == pytest.approx((0.5 + 0) / 2)


def test_the_bag_of_words_learns_the_word_that_decides() -> None:
    floors = classification_floors(TRAIN * 5, TEST, seed=0)
    assert floors["tfidf"]["accuracy"].value == 1.0
    assert floors["tfidf"]["macro_f1"].value == 1.0


@pytest.mark.parametrize(
    ("good", "bad"),
    [("公司利润增长", "公司利润下降"), ("x a", "x b"), ("लाभ बढ़ा", "लाभ घटा")],
)
def test_the_bag_of_words_reads_every_script_and_single_letters(good: str, bad: str) -> None:
    """scikit-learn's own words leave single letters out, and are whole clauses of Chinese."""
    train = [(f"{good} {n}", "good") for n in range(9)] + [(f"{bad} {n}", "bad") for n in range(9)]
    floors = classification_floors(train, [(f"{good} 7", "good"), (f"{bad} 7", "bad")], 0)
    assert floors["tfidf"]["accuracy"].value == 1.0


def test_the_lead_of_chinese_is_three_sentences_and_its_figures_leave_out_what_has_no_word() -> (
    None
):
    text = "公司增长。人们高兴。很好。结束。"
    assert lead_sentences(text) == "公司增长。\n人们高兴。\n很好。"
    floor = summary_floor([text, text], ["公司增长。人们高兴。很好。", "🙂"], 0)["lead"]["rouge1"]
    assert (floor.value, floor.n) == (1.0, 1)


def test_a_tie_of_labels_goes_to_the_first_in_the_alphabet() -> None:
    floors = classification_floors([("x y", "b"), ("y z", "a")], [("q", "a")], seed=0)
    assert floors["majority"]["accuracy"].value == 1.0


def test_a_floor_that_cannot_be_fitted_is_left_out() -> None:
    assert classification_floors([], TEST, seed=0) == {}
    assert classification_floors(TRAIN, [], seed=0) == {}
    assert list(classification_floors([("rose", "up")], TEST, seed=0)) == ["majority"]
    wordless = [("!", "up"), ("?", "down")]
    assert list(classification_floors(wordless, TEST, seed=0)) == ["majority"]


def test_a_label_that_training_never_saw_is_simply_missed() -> None:
    floors = classification_floors(TRAIN, [("orders rose", "sideways")], seed=0)
    assert floors["majority"]["accuracy"].value == 0.0
    assert floors["tfidf"]["accuracy"].value == 0.0


def test_the_lead_of_a_dialogue_is_its_first_three_turns() -> None:
    dialogue = "Ann: Hi! Are you in?\r\n\nBob: Yes.\n  Ann: Good.\nBob: Bye."
    assert lead_sentences(dialogue) == "Ann: Hi! Are you in?\nBob: Yes.\nAnn: Good."


def test_the_lead_of_a_single_line_is_its_first_sentences() -> None:
    assert lead_sentences("One. Two. Three. Four.") == "One.\nTwo.\nThree."
    assert lead_sentences("") == ""


def test_the_summary_floor_is_the_mean_rouge_of_the_lead() -> None:
    dialogues = ["Ann: I lost the keys.\nBob: Again?", "Eve: Lunch at noon?\nDan: Sure."]
    references = ["Ann lost the keys again.", "Eve and Dan have lunch at noon."]
    lead = summary_floor(dialogues, references, seed=0)["lead"]
    scores = [
        rouge(reference, lead_sentences(dialogue))["rouge1"]
        for dialogue, reference in zip(dialogues, references, strict=True)
    ]
    assert set(lead) == {"rouge1", "rouge2", "rougeL", "rougeLsum"}
    assert lead["rouge1"].value == pytest.approx(sum(scores) / 2)
    assert lead["rouge1"].low is not None


def test_guessing_and_the_commonest_place_are_the_floors_of_questions_with_choices() -> None:
    train = [
        Example("a", "", "y", ("x", "y")),
        Example("b", "", "y", ("x", "y", "z")),
        Example("c", "", "x", ("x", "y")),
    ]
    test = [Example("d", "", "y", ("x", "y")), Example("e", "", "z", ("x", "y", "z", "w"))]
    found = choice_floors(train, test, 0)
    assert found["chance"]["accuracy"].value == pytest.approx((1 / 2 + 1 / 4) / 2)
    assert found["position"]["accuracy"].value == 0.5
    assert "position" not in choice_floors([], test, 0)
    assert choice_floors(train, [], 0) == {}
