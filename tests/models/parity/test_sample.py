"""Which tokens two models that should be one are compared on: few, and some of every task."""

from __future__ import annotations

from dataclasses import dataclass

from harness.models.parity.sample import FEWEST_TOKENS, MOST_TOKENS, SHARE, shares


@dataclass(frozen=True)
class Asked:
    ids: tuple[int, ...]
    text: str = ""


def prompts(*lengths: int, shared: int = 0) -> list[Asked]:
    """Prompts of these lengths, of which the first tokens are the same."""
    return [
        Asked((0,) * shared + tuple(range(number + 1, number + 1 + length - shared)))
        for number, length in enumerate(lengths)
    ]


def test_a_long_suite_is_looked_at_in_part_and_every_task_alike() -> None:
    found = shares({"long": prompts(*[600] * 200), "short": prompts(*[50] * 1000)})
    assert found["short"] == [50] * 10 + [12] and sum(found["short"]) == MOST_TOKENS // 2
    assert found["long"] == [512], "cut where its part ends"


def test_what_a_task_does_not_need_the_others_get() -> None:
    found = shares({"a": prompts(*[100] * 900), "b": prompts(10, 10)})
    assert found["b"] == [10, 10]
    assert sum(found["a"]) == MOST_TOKENS - 20


def test_a_share_of_what_is_asked_is_run() -> None:
    assert sum(shares({"a": prompts(*[100] * 160)})["a"]) == SHARE * 16_000 == 400


def test_a_small_suite_is_looked_at_all_the_same() -> None:
    assert shares({"a": prompts(20, 30)}) == {"a": [20, 30]}
    assert sum(shares({"a": prompts(*[20] * 30)})["a"]) == FEWEST_TOKENS


def test_no_prompt_is_run_for_no_token() -> None:
    assert shares({"a": prompts(64, 64, 64), "b": []}) == {"a": [64, 64], "b": []}


def test_what_all_prompts_begin_with_counts_once_as_it_is_run_once() -> None:
    found = shares({"a": prompts(*[100] * 161, shared=50)})
    assert sum(found["a"]) == int(SHARE * (50 + 161 * 50))
