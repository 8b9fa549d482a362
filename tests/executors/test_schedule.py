"""How long a cluster takes: held against closed forms, and against the rules that a run keeps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as some

from harness.errors import InputError
from harness.estimate.whole import StepTime
from harness.executors.forecast import CHAIN, on_cluster
from harness.executors.nodes import Need, Node
from harness.executors.schedule import PlacedJob, simulate
from harness.plan.cell_params import CellParams, LoadOptions
from harness.plan.steps import Step
from harness.suite.schema import SpeedTask, WriteTask

GB = 10**9


def step(key: str, *needs: str, group: str = "", timed: bool = False) -> Step:
    task = SpeedTask(type="speed") if timed else WriteTask(type="write", prompts=["Go on."])
    params = CellParams(task=task, options=LoadOptions(), seed=0)
    return Step(key, "cell", key, params, {need: need for need in needs}, group or key)


def nodes(count: int, cpus: float = 1, gpus: float = 0) -> list[Node]:
    return [Node(f"{number:03}", "node", cpus, gpus, GB) for number in range(count)]


def placed(
    steps: Sequence[Step],
    of: Sequence[Node],
    needs: Callable[[Step], Need] = lambda _: Need(),
    seconds: float = 10.0,
    starting: float = 0.0,
    at_once: int = 1000,
) -> tuple[PlacedJob, ...]:
    return simulate(steps, needs, lambda *_: (starting, seconds), of, at_once)


def end(jobs: Sequence[PlacedJob]) -> float:
    return max(job.end for job in jobs)


@pytest.mark.parametrize(
    ("count", "where", "seconds"),
    [(12, 1, 120), (12, 4, 30), (12, 5, 30), (13, 4, 40), (3, 8, 10)],
)
def test_equal_steps_that_need_nothing_take_as_many_turns_as_they_fill(
    count: int, where: int, seconds: float
) -> None:
    jobs = placed([step(f"{number}") for number in range(count)], nodes(where))
    assert end(jobs) == seconds


def test_a_chain_takes_as_long_as_its_steps_together_on_any_number_of_nodes() -> None:
    chain = [step("0"), *(step(f"{one}", f"{one - 1}") for one in range(1, 7))]
    assert end(placed(chain, nodes(1))) == end(placed(chain, nodes(8))) == 70


def test_a_group_is_one_job_that_begins_once() -> None:
    steps = [step(f"{model}{one}", group=model) for model in "ab" for one in range(5)]
    jobs = placed(steps, nodes(8), starting=6.0)
    assert [job.steps for job in jobs] == [(0, 1, 2, 3, 4), (5, 6, 7, 8, 9)]
    assert end(jobs) == 56.0
    assert jobs[0].ends == (16.0, 26.0, 36.0, 46.0, 56.0)


def test_a_step_waits_for_its_parent_and_not_for_its_parents_job() -> None:
    steps = [step("a", group="one"), step("b", group="one"), step("c", "a", group="two")]
    (_, child) = placed(steps, nodes(2))
    assert child.begins == 10.0


def test_what_is_timed_is_alone_on_its_node_and_others_go_on_elsewhere() -> None:
    steps = [step(f"{one}") for one in range(9)] + [step(f"t{one}", timed=True) for one in range(3)]
    jobs = placed(steps, nodes(2, cpus=2))
    timed = [job for job in jobs if job.need.cpus == 2]
    assert len(timed) == 3 and len({job.node for job in timed}) == 1
    for job in timed:
        others = [one for one in jobs if one is not job and one.node == job.node]
        assert all(one.end <= job.begins or one.begins >= job.end for one in others)
        assert all(
            one.end <= job.begins or one.begins >= job.end for one in timed if one is not job
        )


def test_a_gpu_holds_one_job_while_cores_are_idle() -> None:
    jobs = placed([step(f"{one}") for one in range(4)], nodes(1, 8, 1), lambda _: Need(1, 1))
    assert end(jobs) == 40.0


def test_no_more_is_given_out_than_a_run_gives_out() -> None:
    jobs = placed([step(f"{one}") for one in range(8)], nodes(8), at_once=2)
    assert end(jobs) == 40.0


@given(
    some.lists(some.tuples(some.integers(1, 4), some.integers(0, 1)), min_size=1, max_size=20),
    some.integers(1, 4),
    some.lists(some.integers(-6, -1), max_size=20),
)
def test_nobody_holds_more_than_there_is_and_parents_come_first(
    wanted: list[tuple[int, int]], count: int, back: list[int]
) -> None:
    steps = []
    for number, _ in enumerate(wanted):
        parent = number + back[number] if number < len(back) else -1
        steps.append(step(f"{number}", *([f"{parent}"] if parent >= 0 else [])))
    there = nodes(count, 4, 1)
    needs = {
        s.key: Need(cpus, gpus, GB // 10) for s, (cpus, gpus) in zip(steps, wanted, strict=True)
    }
    jobs = placed(steps, there, lambda s: needs[s.key])
    assert len(jobs) == len(steps)
    for at in {job.begins for job in jobs}:
        for node in there:
            held = [one.need for one in jobs if one.node == node.id and one.begins <= at < one.end]
            assert sum(one.cpus for one in held) <= 4 and sum(one.gpus for one in held) <= 1
    ends = {steps[job.steps[0]].key: job.end for job in jobs}
    assert all(ends[key] <= job.begins for job in jobs for key in steps[job.steps[0]].needs)


def times(steps: Sequence[Step], likely: float = 10.0) -> list[tuple[Step, StepTime | None]]:
    return [(one, StepTime(likely, 2 * likely, 0.0)) for one in steps]


def test_it_is_said_what_limits_a_suite() -> None:
    chain = [step("0"), *(step(f"{one}", f"{one - 1}") for one in range(1, 7))]
    found = on_cluster(times(chain), lambda _: Need(), nodes(2), 1)
    assert found is not None and found.limit == CHAIN
    assert found.seconds == found.chain_seconds == found.twice == 70 and found.most == 140
    assert [link.label for link in found.chain] == list("0123456")
    assert found.idle["cores"] == pytest.approx(0.5)
    wide = on_cluster(times([step(f"{one}") for one in range(40)]), lambda _: Need(), nodes(2), 1)
    assert wide is not None and wide.limit == "cores" and wide.idle["cores"] == 0
    assert (wide.seconds, wide.twice, wide.alone) == (200, 100, 400)
    steps = times([step(f"{one}") for one in range(40)])
    on_gpu = on_cluster(steps, lambda _: Need(1, 1), nodes(2, 8, 1), 1)
    assert on_gpu is not None and on_gpu.limit == "GPUs" and on_gpu.guessed == 40


def test_threads_shorten_what_was_reckoned_for_others() -> None:
    probed = [(step("a"), StepTime(80.0, 80.0, 0.0, threads=2))]
    found = on_cluster(probed, lambda _: Need(cpus=0), nodes(1, cpus=8), 1)
    assert found is not None and found.seconds == 20.0


def test_a_time_that_nobody_knows_is_not_made_up() -> None:
    steps = [*times([step("a")]), (step("b"), None)]
    assert on_cluster(steps, lambda _: Need(), nodes(1), 1) is None


def test_what_no_node_has_is_refused_as_a_run_refuses_it() -> None:
    with pytest.raises(InputError, match="no node of the cluster has 1 core, 1 GPU"):
        on_cluster(times([step("a")]), lambda _: Need(gpus=1), nodes(2), 1)


def test_what_is_asked_of_a_server_takes_no_node() -> None:
    from harness.plan.cell_params import Served

    there = Served(url="http://127.0.0.1:1", model="m", api="chat", says="")
    one = step("a")
    served = replace(one, params=one.given(CellParams).model_copy(update={"endpoint": there}))
    found = on_cluster(times([served]), lambda _: Need(gpus=64), nodes(1), 1)
    assert found is not None and [job.node for job, _ in found.jobs] == [""]
