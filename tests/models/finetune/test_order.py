"""What is learned when: batches, what is held out, and when it is asked."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.models.finetune.order import (
    LEAST_HELD_OUT,
    MOST_HELD_OUT,
    Step,
    hold_out,
    plan_steps,
    when_validated,
)

lengths_of_examples = st.lists(st.integers(1, 60), min_size=1, max_size=80)


def batches_of(steps: list[Step]) -> list[list[int]]:
    return [batch for step in steps for batch in step]


@given(
    lengths_of_examples,
    st.integers(1, 200),
    st.integers(1, 3),
    st.integers(0, 9),
    st.integers(1, 4),
    st.booleans(),
)
def test_every_epoch_holds_each_example_once_within_the_budget(
    lengths: list[int], budget: int, epochs: int, seed: int, accumulate: int, packing: bool
) -> None:
    rng = np.random.default_rng(seed)
    steps = plan_steps(lengths, budget, float(epochs), rng, accumulate, packing)
    counted = Counter(index for batch in batches_of(steps) for index in batch)
    assert counted == {index: epochs for index in range(len(lengths))}
    assert all(1 <= len(step) <= accumulate for step in steps)
    for batch in batches_of(steps):
        sizes = [lengths[index] for index in batch]
        assert (sum(sizes) if packing else max(sizes) * len(batch)) <= budget or len(batch) == 1


def test_packing_fills_what_padding_leaves_empty() -> None:
    lengths = [2, 30, 31, 60, 61]
    padded, packed = (
        batches_of(plan_steps(lengths, 64, 1.0, np.random.default_rng(0), packing=packing))
        for packing in (False, True)
    )
    assert len(packed) < len(padded)


def test_accumulated_batches_are_those_that_single_steps_have() -> None:
    lengths = list(range(1, 50))
    single, joined = (plan_steps(lengths, 64, 2.0, np.random.default_rng(0), n) for n in (1, 3))
    assert batches_of(single) == batches_of(joined) and len(joined) < len(single) / 2


def test_half_an_epoch_takes_half_of_the_batches() -> None:
    lengths = [10] * 40
    whole = plan_steps(lengths, 20, 1.0, np.random.default_rng(0))
    half = plan_steps(lengths, 20, 1.5, np.random.default_rng(0))
    assert (len(whole), len(half)) == (20, 30)


def test_batches_come_in_an_order_of_the_seed() -> None:
    lengths = list(range(1, 50))
    first, again, other = (
        batches_of(plan_steps(lengths, 64, 1.0, np.random.default_rng(seed))) for seed in (0, 0, 1)
    )
    assert first == again != other
    sizes = [lengths[step[0]] for step in first]
    assert sizes != sorted(sizes)
    assert math.isclose(sum(map(len, first)), 49)


def test_weights_say_how_often_an_example_is_learned_in_an_epoch() -> None:
    lengths, weights = [5] * 300, [2.0] * 100 + [0.25] * 100 + [0.0] * 100
    steps = plan_steps(lengths, 100, 40.0, np.random.default_rng(0), weights=weights)
    counted = Counter(index for batch in batches_of(steps) for index in batch)
    assert all(counted[index] == 80 for index in range(100))
    seldom = [counted[index] for index in range(100, 200)]
    # 4,000 draws at a quarter: the standard deviation of their sum is 27.
    assert abs(sum(seldom) - 1000) < 110 and len(set(seldom)) > 5
    assert not any(counted[index] for index in range(200, 300))


def test_a_share_is_held_out_up_to_a_number_that_tells_enough() -> None:
    def held(count: int, validation: float, seed: int = 0) -> list[int]:
        return hold_out(count, validation, np.random.default_rng(seed))

    assert len(held(1000, 0.05)) == 50 and held(1000, 0.05) == sorted(set(held(1000, 0.05)))
    assert len(held(100_000, 0.05)) == MOST_HELD_OUT
    assert held(LEAST_HELD_OUT * 20 - 20, 0.05) == []
    assert held(1000, 0.05) != held(1000, 0.05, seed=1)
    assert len(held(12, 5)) == 5 and held(12, 0) == []
    with pytest.raises(ValueError, match="12 of 12"):
        held(12, 12)


def test_held_out_examples_are_asked_before_evenly_and_after() -> None:
    assert when_validated(100, 2.0, 1.0) == {0, 50, 100}
    assert when_validated(10, 1.0, 3.0) == {0, 4, 7, 10}
    assert when_validated(3, 5.0, 9.0) == {0, 1, 2, 3}
    assert when_validated(50, 2.0, 0.1) == {0, 50}
