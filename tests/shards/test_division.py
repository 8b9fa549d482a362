"""How the cells of a plan are divided over shards: each once, nothing made twice, and about alike."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.plan.graph import Plan
from harness.plan.steps import Step
from harness.shards.division import MADE, divide, left_to_others, units_of
from tests.plan.test_builder import FakeResolver
from tests.plan.test_builder import plan as planned

SUITE = """\
name: many
forgetting: false
models:
  base: {source: starter}
  one: {from: base, finetune: {method: lora, tasks: [sentiment]}}
  one-q8: {from: one, gguf: Q8_0}
  one-q4: {from: one, gguf: Q4_K_M}
  two: {from: base, finetune: {method: lora, tasks: [dialogue]}}
  two-again: {from: two, finetune: {method: lora, tasks: [sentiment]}}
  base-q8: {from: base, gguf: Q8_0}
tasks:
  sentiment: {type: classify, dataset: phrasebank-sample}
  dialogue: {type: summarize, dataset: dialogue-sample}
  speed: {type: speed, rounds: 3}
  drift: {type: divergence, dataset: dialogue-sample, reference: base}
"""
PLAN = planned(SUITE)
SLOW: dict[str, float] = {"finetune": 100.0, "convert": 5.0, "quantize": 5.0, "merge": 5.0}


def weigh(step: Step) -> float:
    return SLOW.get(step.kind, 1.0)


def shards_of(
    count: int, plan: Plan = PLAN, weigh: Callable[[Step], float] = weigh
) -> list[list[Step]]:
    return divide(units_of(plan, weigh), count, weigh)


def made_by(plan: Plan, cells: list[Step]) -> set[str]:
    return {key for key in plan.ancestors(*cells) if plan.steps[key].kind in MADE}


@given(
    count=st.integers(1, 12),
    weights=st.dictionaries(st.sampled_from(list(PLAN.steps)), st.floats(0.1, 1e4)),
)
@settings(max_examples=60)
def test_each_cell_lies_in_one_shard_and_nothing_is_made_in_two(
    count: int, weights: dict[str, float]
) -> None:
    shards = shards_of(count, weigh=lambda step: weights.get(step.key, 1.0))
    names = [(cell.model, cell.task) for cells in shards for cell in cells]
    assert len(shards) == count
    assert sorted(names) == sorted((cell.model, cell.task) for cell in PLAN.cells)
    made = [made_by(PLAN, cells) for cells in shards]
    assert sum(map(len, made)) == len(set().union(*made))


def test_a_lineage_lies_together_and_two_of_one_base_apart() -> None:
    of = [{cell.model for cell in cells} for cells in shards_of(4)]
    assert {"one", "one-q8", "one-q4"} in of and {"two", "two-again"} in of


def test_shards_are_about_alike_by_the_time_of_all_that_they_make_and_ask() -> None:
    text = SUITE.split("models:")[0] + "models:\n  base: {source: starter}\n"
    for number in range(8):
        text += f"  m{number}: {{from: base, finetune: {{method: lora, rank: {number + 1}, tasks: [sentiment]}}}}\n"
    plan = planned(text + "tasks:\n  sentiment: {type: classify, dataset: phrasebank-sample}\n")
    tuned = [[cell.model for cell in cells if cell.model != "base"] for cells in shards_of(4, plan)]
    assert [len(models) for models in tuned] == [2, 2, 2, 2]


def test_what_is_only_asked_is_cut_by_task_where_it_is_more_than_a_fair_share() -> None:
    tasks = "".join(
        f"  t{n}: {{type: classify, dataset: phrasebank-sample, seed: {n}}}\n" for n in range(12)
    )
    plan = planned(f"name: one\nmodels:\n  base: {{source: starter}}\ntasks:\n{tasks}")
    assert [len(cells) for cells in shards_of(4, plan)] == [3, 3, 3, 3]
    shards = shards_of(24, plan)
    assert sorted(map(len, shards)) == [0] * 12 + [1] * 12


def test_models_that_are_paid_for_lie_together_since_their_limit_is_in_one_ledger() -> None:
    served = "{endpoint: {url: 'http://127.0.0.1:1/v1', model: MODEL, prices: {input: 1, output: 1, currency: EUR}}}"
    text = "name: paid\nforgetting: false\nmodels:\n  base: {source: starter}\n"
    for name in ("a", "b", "c"):
        text += f"  {name}: {served.replace('MODEL', name)}\n"
    resolver = FakeResolver()
    resolver._provisional = True  # no server is asked
    plan = planned(text + "tasks:\n  w: {type: write, prompts: [One., Two.]}\n", resolver)
    of = [{cell.model for cell in cells} for cells in shards_of(3, plan)]
    assert {"a", "b", "c"} in of


def test_findings_on_whole_tasks_are_had_once() -> None:
    shards, references = shards_of(4), {"drift": "base"}
    whole = {*PLAN.floors.values(), PLAN.precision["drift"].step}
    mine = [whole - left_to_others(PLAN, shards, n, references) for n in range(1, 5)]
    assert sum(map(len, mine)) == len(whole) and set().union(*mine) == whole
    base = next(n for n, cells in enumerate(shards) if any(c.model == "base" for c in cells))
    assert PLAN.precision["drift"].step in mine[base]


@pytest.mark.parametrize("count", [1, 3])
def test_a_shard_that_finds_things_on_a_task_asks_it(count: int) -> None:
    shards = shards_of(count)
    for number, cells in enumerate(shards, start=1):
        tasks = {cell.task for cell in cells}
        others = left_to_others(PLAN, shards, number, {"drift": "base"})
        found = {task for task, key in PLAN.floors.items() if key not in others}
        assert found <= tasks
