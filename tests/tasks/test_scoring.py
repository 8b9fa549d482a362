"""What choices are compared by: sums, means over tokens, and the end of the answer."""

from __future__ import annotations

import math

import pytest

from harness.tasks.prompts import Prompt
from harness.tasks.scoring import ScoredChoices, with_ends

CHOICES = ((5,), (5, 6, 7))


def test_by_its_sum_a_longer_choice_cannot_exceed_what_it_goes_on_from() -> None:
    found = ScoredChoices.of("sum", CHOICES, (-0.1, -0.2), 0)
    assert (found.likeliest(), found.scores) == (0, (-0.1, -0.2))
    assert found.record(("not", "not hate")) == {"logprobs": {"not": -0.1, "not hate": -0.2}}


def test_the_mean_is_over_tokens() -> None:
    found = ScoredChoices.of("mean", CHOICES, (-0.1, -0.21), 0)
    assert found.scores == pytest.approx((-0.1, -0.07))
    assert found.likeliest() == 1
    assert ScoredChoices.of("mean", ((), (5,)), (0.0, -1.0), 0).scores == (0.0, -1.0)


def test_the_end_is_any_of_the_ids_that_end_an_answer() -> None:
    prompt = Prompt(0, "e", "t", (1, 2), "a", (), CHOICES)
    asked = with_ends(prompt, (2, 3))
    assert asked.choices == ((5,), (5, 2), (5, 3), (5, 6, 7), (5, 6, 7, 2), (5, 6, 7, 3))
    logs = [math.log(p) for p in (0.9, 0.9 * 0.02, 0.9 * 0.03, 0.8, 0.8 * 0.5, 0.8 * 0.25)]
    found = ScoredChoices.of("end", CHOICES, logs, 2)
    assert found.logprobs == pytest.approx((math.log(0.9), math.log(0.8)))
    assert found.ends == pytest.approx((math.log(0.05), math.log(0.75)))
    assert found.scores == pytest.approx((math.log(0.9 * 0.05), math.log(0.8 * 0.75)))
    assert found.likeliest() == 1
    assert found.record("ab")["end_logprobs"] == pytest.approx(
        {"a": math.log(0.05), "b": math.log(0.75)}
    )


def test_the_first_of_equals_is_taken_and_lengths_may_divide() -> None:
    assert ScoredChoices((), (-1.0, -1.0)).likeliest() == 0
    assert ScoredChoices((), (-3.0, -6.0)).likeliest((3, 9)) == 1
    assert ScoredChoices((), (0.0, -1.0)).likeliest((0, 4)) == 0
