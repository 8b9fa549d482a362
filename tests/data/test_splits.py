"""No text that is tested stands in train, whatever the input."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.data import DATASETS, Dataset, Example, draw
from harness.data.normal_forms import normal_form
from harness.data.readings import Tally
from harness.data.splits import (
    Placed,
    hash_fraction,
    keep_apart,
    leaks,
    split_by_text,
    split_readings,
    split_sha256,
    text_id,
)

texts = st.lists(
    st.tuples(
        st.text(alphabet="aAbB .,!é\u0301\u2028:-()1", max_size=6) | st.text(max_size=8),
        st.sampled_from(["x", "y"]),
    ),
    max_size=30,
)


def placed(rows: list[tuple[str, str]], prefix: str = "") -> list[Placed]:
    return [
        Placed(Example(f"{prefix}{number}", text, target), f"f:{number}")
        for number, (text, target) in enumerate(rows)
    ]


def forms(examples: tuple[Example, ...]) -> set[str]:
    return {normal_form(example.text) for example in examples}


@given(rows=texts, share=st.floats(0.05, 0.95), one_label=st.booleans())
def test_no_normalised_text_stands_in_both_splits_and_no_row_is_lost(
    rows: list[tuple[str, str]], share: float, one_label: bool
) -> None:
    tally = Tally()
    split = split_by_text(placed(rows), tally, share, one_label)
    assert not forms(split.train) & forms(split.test)
    assert leaks(split.train, split.test) == ()
    dropped = sum(entry.rows for entry in tally.dropped())
    assert len(split.train) + len(split.test) + dropped == len(rows)


@given(train=texts, test=texts, validation=texts)
def test_own_splits_share_no_normalised_text_and_test_stays_whole(
    train: list[tuple[str, str]], test: list[tuple[str, str]], validation: list[tuple[str, str]]
) -> None:
    tally = Tally()
    split = keep_apart(placed(train), placed(test), placed(validation), tally)
    assert len(split.test) == len(test)
    parts = [forms(part) for part in (split.train, split.test, split.validation)]
    assert not parts[0] & parts[1] and not parts[0] & parts[2] and not parts[1] & parts[2]
    assert len(split.train) == len(parts[0])
    kept = sum(map(len, (split.train, split.test, split.validation)))
    dropped = sum(entry.rows for entry in tally.dropped())
    assert kept + dropped == len(train) + len(test) + len(validation)


@given(rows=texts, order=st.randoms(use_true_random=False), size=st.integers(0, 30))
def test_neither_order_nor_the_other_rows_decide_a_rows_side(
    rows: list[tuple[str, str]], order: object, size: int
) -> None:
    named = [Placed(Example(text_id(f"{t}{y}"), t, y), "f") for t, y in rows]
    shuffled = list(named)
    order.shuffle(shuffled)  # type: ignore[attr-defined]
    whole = split_by_text(named, Tally(), one_label=False)
    assert split_by_text(shuffled, Tally(), one_label=False) == whole
    part = split_by_text(named[:size], Tally(), one_label=False)
    assert set(part.test) <= set(whole.test) and set(part.train) <= set(whole.train)


def test_texts_with_two_labels_are_dropped_only_where_one_is_right() -> None:
    rows = placed([("A b.", "x"), ("a  b", "y"), ("c", "x")])
    tally = Tally()
    split = split_by_text(rows, tally)
    assert [e.text for e in (*split.train, *split.test)] == ["c"]
    assert tally.dropped()[0].places == ("f:0", "f:1")
    free = split_by_text(rows, Tally(), one_label=False)
    assert len(free.train) + len(free.test) == 3


def test_the_share_tested_is_the_one_asked_for_up_to_chance() -> None:
    rows = placed([(f"text {n}", "x" if n % 3 else "y") for n in range(3000)])
    split = split_by_text(rows, Tally())
    for label, count in (("x", 2000), ("y", 1000)):
        share = sum(e.target == label for e in split.test) / count
        assert abs(share - 0.2) < 4 * (0.2 * 0.8 / count) ** 0.5


@given(st.text())
def test_hash_fractions_are_from_0_to_1(form: str) -> None:
    assert 0 <= hash_fraction(form) < 1


def test_the_hash_follows_contents_and_ids_and_not_the_order() -> None:
    a, b = Example("1", "x", "y"), Example("2", "\ud800", "y")
    assert split_sha256([a, b]) == split_sha256([b, a])
    different = [[a], [a, a], [Example("3", "x", "y")], [Example("1", "x", "z")], [a, b]]
    assert len({split_sha256(rows) for rows in different}) == len(different)


def test_leaks_are_found_in_any_dress() -> None:
    train = [Example("1", "The  CAT .", "x"), Example("2", "a dog", "x")]
    assert leaks(train, [Example("9", "the cat", "y")]) == ("1",)


def test_parts_are_counted_by_label() -> None:
    tested = (Example("2", "b", "x"), Example("3", "c", "y"))
    train, test = split_readings(Dataset((Example("1", "a", "x"),), tested, ("x", "y")))
    assert (train.rows, test.labels) == (1, {"x": 1, "y": 1})
    assert test.shares() == {"x": 0.5, "y": 0.5}


def assert_nothing_leaks(data: Dataset) -> None:
    """No tested text is trained on or validated, and every id is one example's."""
    assert data.train and data.test
    assert leaks(data.train, data.test) == ()
    assert leaks(data.train, data.validation) == ()
    assert leaks(data.validation, data.test) == ()
    examples = [*data.train, *data.validation, *data.test]
    assert len({example.id for example in examples}) == len(examples)
    stratify = bool(data.labels)
    few, more = (set(draw(data.test, limit, 0, stratify)) for limit in (100, 200))
    assert few <= more


@pytest.mark.parametrize("name", sorted(DATASETS))
def test_nothing_leaks_in_any_data_set_that_a_suite_can_name(name: str) -> None:
    assert_nothing_leaks(DATASETS[name].read())


def test_the_folder_of_this_test_holds_no_real_data() -> None:
    assert not [f for f in Path(__file__).parent.iterdir() if f.suffix in (".txt", ".csv", ".zip")]
