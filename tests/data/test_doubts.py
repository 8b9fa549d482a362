"""What looks wrong in a data set: labels that are likely one, parts without some, texts that stand twice."""

from __future__ import annotations

import pytest

from harness.data.datasets import Dataset, Example
from harness.data.doubts import doubts, similar_labels


def rows(*pairs: tuple[str, str]) -> tuple[Example, ...]:
    return tuple(Example(str(place), text, target) for place, (text, target) in enumerate(pairs))


@pytest.mark.parametrize(
    ("labels", "what"),
    [
        (("Positive", "positive", "POSITIVE"), "case"),
        (("very good", "very  good", "verygood"), "white space"),
        (("caf\u00e9", "cafe\u0301"), "how their characters are encoded"),
        (("ja", "\uff2a\uff21"), "case, white space or how their characters are encoded"),
    ],
)
def test_labels_that_are_likely_one_are_named_with_what_they_differ_in(
    labels: tuple[str, ...], what: str
) -> None:
    assert list(similar_labels((*labels, "other"))) == [(labels, what)]


def test_labels_that_differ_in_letters_or_marks_are_different() -> None:
    assert not list(similar_labels(("C", "C++", "C#", "1", "10", "good", "goods", "e", "\u00e9")))


def test_what_is_well_is_passed_over() -> None:
    data = Dataset(rows(("a", "x"), ("b", "y")), rows(("c", "x"), ("d", "y")), ("x", "y"))
    assert not list(doubts(data))


def test_parts_labels_and_repetitions_are_said_with_counts() -> None:
    tested = rows(("a", "x"), ("A!", "y"), ("b", "x"), ("b", "x"), ("b.", "x"))
    found = list(doubts(Dataset((), tested, ("x", "y", "z", "Z"))))
    assert found == [
        "the train part is empty",
        "no row of the test part has the labels z, Z",
        "labels that differ in case only count as different ones: z, Z",
        "the test part has texts with two labels, in 2 rows",
        "the test part repeats texts in 2 rows",
    ]
    one = list(doubts(Dataset(rows(("a", "x")), rows(("b", "x")), ("x",))))
    assert one == ["all rows have the same label, x: any answer is right"]


def test_free_texts_may_have_several_answers() -> None:
    tested = rows(("a", "one summary"), ("a", "another"))
    assert list(doubts(Dataset(rows(("b", "x")), tested))) == [
        "the test part repeats texts in 1 row"
    ]


def test_labels_that_programs_write_for_missing_values_are_said() -> None:
    data = Dataset(
        rows(("a", "nan"), ("b", "none")), rows(("c", "nan"), ("d", "none")), ("nan", "none")
    )
    assert list(doubts(data)) == ["the label nan looks like a value that is missing"]
