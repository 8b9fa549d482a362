"""In how many parts cells are asked: never where nobody would be done sooner."""

from __future__ import annotations

import pytest

from harness.engines import portion
from harness.estimate.division import Divisible, by_hand, in_parts, worthwhile
from harness.estimate.whole import StepTime
from harness.executors.nodes import Need, Node, room_for
from harness.plan.cell_params import CellParams, LoadOptions
from harness.plan.steps import Step, make_step
from harness.suite.schema import ClassifyTask

MANY = Divisible(most=1000, loading=5.0)


def cell(model: str, task: str) -> Step:
    params = CellParams(
        task=ClassifyTask(type="classify", dataset=task), options=LoadOptions(), seed=0
    )
    parents = {"gguf": model}
    return make_step("cell", "", params, parents, {}, model=model, task=task, group=f"ask {model}")


def times(*cells: tuple[str, str, float | None]) -> list[tuple[Step, StepTime | None]]:
    return [
        (cell(model, task), None if seconds is None else StepTime(seconds, 3 * seconds, 5.0))
        for model, task, seconds in cells
    ]


def test_one_large_cell_is_asked_by_all_workers() -> None:
    asked = times(("m", "large", 1000.0), ("m", "small", 1.0))
    assert worthwhile(asked, 4, lambda of: MANY)["m", "large"] == 4
    assert worthwhile(asked, 1, lambda of: MANY) == {}
    of_one = worthwhile(asked, 4, lambda of: MANY if of.task == "large" else None)
    assert of_one == {("m", "large"): 4}


def test_no_worker_loads_for_longer_than_it_asks() -> None:
    assert worthwhile(times(("m", "t", 12.0)), 8, lambda of: MANY) == {("m", "t"): 2}
    assert worthwhile(times(("m", "t", 9.0)), 8, lambda of: MANY) == {}
    slow = Divisible(most=1000, loading=200.0)
    assert worthwhile(times(("m", "t", 300.0)), 8, lambda of: slow) == {}


def test_nothing_is_divided_while_other_models_keep_all_workers_busy() -> None:
    alike = times(*((f"m{n}", "t", 100.0) for n in range(4)))
    assert worthwhile(alike, 2, lambda of: MANY) == {}
    assert worthwhile(alike, 4, lambda of: MANY) == {}
    uneven = times(("large", "t", 900.0), ("small", "t", 100.0))
    assert worthwhile(uneven, 2, lambda of: MANY) == {("large", "t"): 2}
    assert set(worthwhile(alike[:3], 2, lambda of: MANY).values()) == {2}


def test_models_that_take_equally_long_are_divided_alike() -> None:
    """Though dividing one of them alone would not let the run end sooner."""
    for models, workers, parts in ((2, 4, 2), (3, 7, 2), (100, 150, 3), (100, 400, 4)):
        alike = times(*((f"m{n}", "t", 100.0) for n in range(models)))
        found = worthwhile(alike, workers, lambda of: MANY)
        assert len(found) == models and set(found.values()) == {parts}
    beside = times(("large", "t", 400.0), ("other", "t", 400.0), ("small", "t", 60.0))
    assert worthwhile(beside, 5, lambda of: MANY) == {("large", "t"): 2, ("other", "t"): 2}
    left = times(("m", "t", 400.0), ("served", "t", 400.0))
    assert worthwhile(left, 4, lambda of: None if of.model == "served" else MANY) == {}


def test_no_more_parts_than_there_are_examples_or_room_for_and_none_where_times_are_unknown() -> (
    None
):
    asked = times(("m", "t", 1000.0))
    assert worthwhile(asked, 8, lambda of: Divisible(3, 5.0)) == {("m", "t"): 3}
    assert worthwhile(asked, 8, lambda of: Divisible(1, 5.0)) == {}
    assert worthwhile([*asked, *times(("m", "u", None))], 8, lambda of: MANY) == {}


def test_by_hand_all_cells_are_divided_that_can_be() -> None:
    steps = [step for step, _ in times(("m", "t", None), ("m", "u", None))]
    found = by_hand(steps, 4, lambda of: Divisible(2, 0.0) if of.task == "u" else None)
    assert found == {("m", "t"): 4, ("m", "u"): 2}
    assert by_hand(steps, 4, lambda of: Divisible(1, 0.0)) == {}


def test_a_plan_has_parts_that_share_the_time() -> None:
    (whole, _), *_ = asked = times(("m", "t", 100.0), ("m", "u", None))
    found = in_parts(asked, {("m", "t"): 4, ("m", "u"): 2})
    assert [step.kind for step, _ in found] == [*["part"] * 4, "cell", "part", "part", "cell"]
    assert sum(time.likely for _, time in found[:4] if time) == pytest.approx(100.0)
    assert found[4][0].key == whole.key and all(time is None for _, time in found[5:])


def test_a_cluster_has_room_for_as_many_workers_as_its_nodes() -> None:
    nodes = [Node("a", "a", 4, 1, 10), Node("b", "b", 8, 0, 100), Node("c", "c", 1, 4, 7)]
    assert room_for(Need(cpus=2, memory_bytes=5), nodes) == 2 + 4 + 0
    assert room_for(Need(cpus=1, gpus=1), nodes) == 1 + 0 + 1
    assert room_for(Need(cpus=0), nodes) == 4 + 8 + 1, "cores of the smallest node"


def test_what_is_written_together_is_the_same_here_and_in_engines() -> None:
    assert portion.TOGETHER["cpu"] == len(portion.together([1] * 600, "cpu")[0])
    assert len(portion.together([1] * 5000, "cuda")[0]) == portion.TOGETHER["gpu"]
