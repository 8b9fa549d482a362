"""Subsets are seeded, stratified and nested, and never the head."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from harness.data import Example, draw

ROWS = [
    Example(f"e{index}", f"text {index}", "neutral" if index < 120 else "positive")
    for index in range(200)
]
limits = st.integers(min_value=1, max_value=200)


@given(a=limits, b=limits, seed=st.integers(0, 5))
def test_a_smaller_limit_asks_a_subset_of_a_larger_one(a: int, b: int, seed: int) -> None:
    small, large = sorted((a, b))
    assert set(draw(ROWS, small, seed, True)) <= set(draw(ROWS, large, seed, True))


@given(limit=limits, seed=st.integers(0, 5))
def test_every_prefix_holds_each_class_to_within_one_of_its_share(limit: int, seed: int) -> None:
    chosen = draw(ROWS, limit, seed, True)
    assert len(chosen) == limit
    counts = Counter(example.target for example in chosen)
    for label, share in (("neutral", 0.6), ("positive", 0.4)):
        assert abs(counts[label] - share * limit) <= 1


@given(order=st.permutations(ROWS), stratify=st.booleans())
def test_the_order_of_the_rows_does_not_decide_who_is_drawn(
    order: list[Example], stratify: bool
) -> None:
    assert set(draw(order, 50, 0, stratify)) == set(draw(ROWS, 50, 0, stratify))


def test_the_head_is_not_what_is_drawn_and_the_seed_decides() -> None:
    first, second = draw(ROWS, 50, 0, True), draw(ROWS, 50, 1, True)
    assert first != ROWS[:50]
    assert set(first) != set(second)
    assert first == draw(ROWS, 50, 0, True)


def test_without_a_limit_all_rows_are_asked_in_their_order() -> None:
    assert draw(ROWS, None, 0, True) == ROWS
    assert draw(ROWS, 500, 0, True) == ROWS
