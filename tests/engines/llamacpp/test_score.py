"""How contexts are put together for llama.cpp."""

from __future__ import annotations

import itertools
import random

from hypothesis import given
from hypothesis import strategies as st

from harness.engines.contexts import Context, Target
from harness.engines.llamacpp.score import CALL_TOKENS, groups, walks
from harness.engines.llamacpp.sizes import MAX_TOKENS


def context(*ids: int) -> Context:
    return Context(ids, (Target(0, 0, len(ids) - 1, 5),))


def of_lengths(lengths: list[int]) -> list[list[Context]]:
    return [[context(*range(length))] for length in sorted(lengths, reverse=True)]


def cost(parts: list[list[list[Context]]]) -> int:
    return sum(len(part) * max(2, len(part[0][0].ids)) + CALL_TOKENS for part in parts)


@given(st.lists(st.integers(1, 60), min_size=1, max_size=7), st.integers(1, 4))
def test_no_other_cut_into_groups_is_cheaper(lengths: list[int], streams: int) -> None:
    found = of_lengths(lengths)
    parts = groups(found, 0, streams)
    assert [walk for part in parts for walk in part] == found
    assert all(len(part) <= streams for part in parts)
    places = range(1, len(found))
    others = []
    for count in range(len(found)):
        for cut in itertools.combinations(places, count):
            ends = [0, *cut, len(found)]
            others.append([found[a:b] for a, b in itertools.pairwise(ends)])
    allowed = [other for other in others if all(len(part) <= streams for part in other)]
    assert cost(parts) == min(map(cost, allowed))


def test_a_group_fits_one_call_unless_a_single_prompt_does_not() -> None:
    draw = random.Random(0)
    parts = groups(of_lengths([draw.randrange(1, 700) for _ in range(200)]), 0, 32)
    for part in parts:
        assert len(part) == 1 or len(part) * len(part[0][0].ids) <= MAX_TOKENS


def test_contexts_of_one_question_walk_together_and_the_most_come_first() -> None:
    one = [context(1, 2, 3, 4, 5, 6), context(1, 2, 3, 4, 5, 7), context(1, 2, 3, 4, 5, 8)]
    other = [context(9, 2, 3, 4, 5, 6, 7)]
    found = walks([*one, *other], 0)
    assert found == [other, one]
    assert groups(found, 0, 8) == [[one, other]]
