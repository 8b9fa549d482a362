"""What the executor for a cluster does with a job whose worker goes away, and with one that waits."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest

from harness.executors.keeping import LostError
from harness.executors.nodes import Need, Node
from harness.executors.on_ray import LOOK_SECONDS, PATIENCE_SECONDS, TRIES, RayExecutor, shared
from harness.plan.cell_params import CellParams, LoadOptions, Served
from harness.plan.steps import Step
from harness.runner.jobs import Event, Job, StepJob
from harness.suite.schema import WriteTask
from tests.runner.test_walk import FakeExecutor

Script = list[str | Exception | None]
ONE = Node("1", "one", cpus=4)


def step(key: str, *needs: str, served: bool = False) -> Step:
    task = WriteTask(type="write", prompts=["Go on."])
    there = Served(url="http://127.0.0.1:1", model="m", api="chat", says="") if served else None
    params = CellParams(task=task, options=LoadOptions(), seed=0, endpoint=there)
    return Step(key, "cell", key, params, {need: need for need in needs}, "group")


def job(*steps: Step, alone: bool = False) -> Job:
    return Job("job", tuple(StepJob(one, {}) for one in steps), "home", "results", 1, alone)


def told(event: Literal["start", "done", "failed"], key: str) -> str:
    data = {"kind": "crash", "message": "boom"} if event == "failed" else {}
    return Event(key, event, data).to_json()


@dataclass
class FakeCluster:
    """Tells by script what each run of a job says; an error ends it."""

    scripts: list[Script]
    up: list[Node] = field(default_factory=lambda: [ONE])
    given: list[list[str]] = field(default_factory=list)
    places: list[tuple[Need, Node | None]] = field(default_factory=list)
    threads: list[int] = field(default_factory=list)

    def nodes(self) -> list[Node]:
        return self.up

    def run(
        self,
        work: Callable[..., Iterator[Any]],
        arguments: tuple[Any, ...],
        need: Need,
        node: Node | None,
        stop: threading.Event,
        about: str = "",
    ) -> Iterator[Any]:
        asked = Job.from_json(arguments[0])
        self.given.append([one.step.key for one in asked.steps])
        self.places.append((need, node))
        self.threads.append(asked.threads)
        for said in self.scripts.pop(0):
            if isinstance(said, Exception):
                raise said
            yield said

    def resume(self, name: str, stop: threading.Event) -> Iterator[Any]:
        raise AssertionError("nothing is left here")


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += LOOK_SECONDS
        return self.now


def run(cluster: FakeCluster, asked: Job, need: Need | None = None) -> list[Event]:
    heard: list[Event] = []
    executor = RayExecutor(
        cluster, lambda _: need or Need(), FakeExecutor(), 60, {}, "token", Clock()
    )
    executor.run(asked, heard.append, threading.Event())
    return heard


def words(events: list[Event]) -> list[str]:
    return [f"{event.event} {event.step}" for event in events]


def test_a_job_whose_node_goes_away_goes_on_elsewhere_where_it_was() -> None:
    first: Script = [told("start", "a"), told("done", "a"), told("start", "b"), LostError("gone")]
    cluster = FakeCluster([first, [told("start", "b"), told("done", "b")]])
    assert words(run(cluster, job(step("a"), step("b")))) == [
        "start a", "done a", "start b", "done b",
    ]  # fmt: skip
    assert cluster.given == [["a", "b"], ["b"]]


def test_what_needs_a_step_that_failed_is_not_given_out_again() -> None:
    first: Script = [told("start", "a"), told("failed", "a"), told("start", "c"), LostError("gone")]
    cluster = FakeCluster([first, [told("done", "c")]])
    run(cluster, job(step("a"), step("b", "a"), step("c")))
    assert cluster.given == [["a", "b", "c"], ["c"]]


def test_a_step_that_costs_every_worker_its_life_fails_by_name() -> None:
    lost: Script = [told("start", "a"), LostError("node 7 died")]
    heard = run(FakeCluster([lost] * TRIES), job(step("a")))
    assert words(heard) == ["start a", "failed a"]
    assert heard[-1].data["kind"] == "lost" and "node 7 died" in heard[-1].data["message"]


def test_tries_count_anew_once_something_was_done() -> None:
    keys = "abcdefgh"
    scripts: list[Script] = [[told("start", k), told("done", k), LostError("gone")] for k in keys]
    heard = run(FakeCluster(scripts), job(*map(step, keys)))
    assert [event.event for event in heard] == ["start", "done"] * len(keys)


def test_a_job_that_no_node_can_run_any_more_fails_in_place_of_waiting() -> None:
    waits = 2 + int(PATIENCE_SECONDS / LOOK_SECONDS)
    waiting: Script = [None] * waits
    heard = run(FakeCluster([waiting]), job(step("a")), Need(gpus=1))
    assert heard[-1].data["kind"] == "no-node" and "1 GPU" in heard[-1].data["message"]
    assert run(FakeCluster([waiting]), job(step("a"))) == []


def test_what_is_timed_gets_all_of_one_node() -> None:
    cluster = FakeCluster([[], []], [Node("1", "small", cpus=2), Node("2", "large", cpus=8)])
    run(cluster, job(step("a"), alone=True), Need(cpus=4))
    need, node = cluster.places[0]
    assert need.alone and node is not None and node.name == "large" and cluster.threads == [8]
    run(cluster, job(step("a")), Need(cpus=0))
    assert cluster.places[1] == (Need(cpus=2), None) and cluster.threads == [8, 2]


def test_what_asks_a_server_stays_on_the_machine_that_has_its_key_and_its_ledger() -> None:
    cluster = FakeCluster([])
    heard = run(cluster, job(step("a", served=True)))
    assert cluster.given == [] and "done a" in words(heard)


def test_folders_are_marked_while_a_run_goes_on(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), shared(tmp_path / "home") as token:
        assert [file.read_text() for file in (tmp_path / "home").iterdir()] == [token]
        raise RuntimeError
    assert not list((tmp_path / "home").iterdir())
