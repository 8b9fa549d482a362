"""What a driver that is gone leaves on a cluster: kept for a while, taken over by the next, done once."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from harness.executors.keeping import GONE_SECONDS, Driver, Ended, Keeping
from harness.executors.left import LeftJobs
from harness.executors.mirror import GapError, Piece, Receiver
from harness.executors.nodes import Need
from harness.executors.on_ray import RayExecutor, run_name
from harness.executors.packing import Packer
from harness.runner.begin import local_executor
from harness.runner.jobs import Event
from harness.runner.run import Outcome, prepare, run
from harness.runner.walk import Quiet
from harness.runner.writers import is_idle, until_idle, writing
from tests.executors.keepers import DriverDied, KeptCluster
from tests.executors.test_away import ANSWERS, Place

ONE, OTHER = Driver("1", "here", 1), Driver("2", "there", 2)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_one_drives_until_nothing_is_heard_of_it() -> None:
    clock = Clock()
    keeping = Keeping(600, clock)
    assert keeping.claim(ONE) == ONE == keeping.claim(OTHER)
    clock.now = GONE_SECONDS - 1
    assert keeping.claim(OTHER) == ONE and keeping.is_driven_by(ONE)
    clock.now += GONE_SECONDS
    assert keeping.claim(OTHER) == OTHER and not keeping.is_driven_by(ONE)
    assert keeping.claim(ONE) == OTHER, "who comes back too late does not drive"
    assert keeping.claim(ONE, instead=OTHER.id) == ONE, (
        "one who is known to be gone is not waited for"
    )


def test_all_ends_when_nobody_has_asked_for_long_enough() -> None:
    clock = Clock()
    keeping = Keeping(600, clock)
    keeping.claim(ONE)
    clock.now = 599
    assert not keeping.is_over and keeping.is_driven_by(ONE)
    clock.now = 1198
    assert not keeping.is_over
    clock.now = 1199
    assert keeping.is_over


def event(name: Any, step: str = "a") -> str:
    return Event(
        step, name, {"done": 1, "total": 2, "unit": "e"} if name == "progress" else {}
    ).to_json()


def test_another_driver_hears_all_that_was_not_taken_over_and_every_end() -> None:
    keeping = Keeping(600, Clock())
    keeping.begin("job", "about it")
    keeping.begin("not begun", "about that")
    for item in (
        event("start"),
        b"one",
        event("progress"),
        event("done"),
        event("start", "b"),
        b"two",
    ):
        keeping.tell("job", item)
    told, ended = keeping.told("job", 0)
    assert [number for number, _ in told] == list(range(6)) and ended is None
    keeping.told("job", 5)
    keeping.end("job", Ended("whole"))
    assert keeping.left() == {"job": "about it"}
    told, ended = keeping.told("job", 0)
    assert [item for _, item in told] == [
        event("start"),
        event("done"),
        event("start", "b"),
        b"two",
    ]
    assert ended == Ended("whole")
    keeping.forget("job")
    assert keeping.told("job", 0)[1] == Ended("lost", "the cluster no longer has it")


def test_what_was_taken_over_is_looked_at_once_however_long_a_job_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looked, keeping = list[Any](), Keeping(600, Clock())

    def lasts(item: Any) -> bool:
        looked.append(item)
        return True

    monkeypatch.setattr("harness.executors.keeping._lasts", lasts)
    keeping.begin("job", "about it")
    for number in range(100):
        keeping.tell("job", number)
        assert keeping.told("job", number) == ([(number, number)], None)
    assert looked == list(range(99))
    assert keeping.told("job", 0)[0] == [(number, number) for number in range(100)]
    assert keeping.told("job", 98)[0] == [(98, 98), (99, 99)]


def test_what_is_taken_over_twice_stands_once(tmp_path: Path) -> None:
    receiver = Receiver(tmp_path, "small", frozenset({PurePosixPath("cells/base/sentiment")}))
    name = "small/cells/base/sentiment/samples.jsonl"
    for piece in (
        Piece(name, -1, content=b"one\n"), Piece(name, 4, content=b"two\n"),
        Piece(name, 4, content=b"two\n"), Piece(name, 8, content=b"three\n"),
    ):  # fmt: skip
        receiver.take(piece)
    file = tmp_path / name
    assert file.read_text() == "one\ntwo\nthree\n"
    file.write_bytes(b"one\ntw")  # the driver died while it wrote
    receiver.take(Piece(name, 4, content=b"two\n"))
    assert file.read_text() == "one\ntwo\n"
    with pytest.raises(GapError, match="8 bytes here, where 14 were taken over"):
        receiver.take(Piece(name, 14, content=b"four\n"))


class Left(Place):
    """A driver that may die, on a cluster that keeps its jobs."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(folder, monkeypatch)
        self.kept, self.at = KeptCluster(), threading.local()
        self.kept.at = self._go
        monkeypatch.setattr("harness.executors.away.default_home", lambda: self.at.home)
        self.taken = list[int]()
        """Jobs that each driver took over."""

    def _go(self, number: int) -> None:
        self.at.home = self.nodes[number].folder / "home"

    def drive(self, dies_at: str = "", goes_on: bool = True) -> Outcome:
        """As one driver.

        Args:
            dies_at: the cell of which it hears an answer last of all.
            goes_on: whether jobs go on, rather than wait, until the next one drives.
        """
        options = self.driver.options
        prepared = prepare(self.driver.suite, options)
        assert prepared.shared is not None and options.store is not None
        packer = Packer(
            prepared.plan,
            prepared.artifacts.home,
            prepared.shared,
            options.store.identity(),
            {},
            60,
        )
        cluster = self.kept.driven()
        left = LeftJobs(cluster.join(self.kept.dead), prepared.to_do())
        self.taken.append(len(left))
        self.kept.gate.set()

        def heard(item: Any) -> None:
            if dies_at and isinstance(item, bytes) and f"{dies_at}/samples" in item.decode():
                if not goes_on:
                    self.kept.gate.clear()
                raise DriverDied

        cluster.heard = heard
        here = local_executor(prepared)
        executor = RayExecutor(cluster, lambda _: Need(), here, 60, {}, packer=packer, left=left)
        try:
            return run(prepared, replace(options, jobs=2), Quiet(), [], executor)
        finally:
            self.kept.dead = cluster.me.id


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Left:
    return Left(tmp_path, monkeypatch)


@pytest.mark.parametrize("goes_on", [True, False])
def test_what_a_driver_left_is_taken_over_and_nothing_is_done_twice(
    place: Left, goes_on: bool
) -> None:
    """It dies thrice, at an answer of each model; its jobs end meanwhile, or are still at it."""
    for dies_at in ("base/sentiment", "lora/sentiment", "merged/sentiment"):
        with pytest.raises(DriverDied):
            place.drive(dies_at, goes_on)
        if goes_on:
            place.kept.settle()
    outcome = place.drive()
    assert not outcome.failures and place.taken[0] == 0 and all(place.taken[1:])
    done = [of for node in place.nodes for of in node.done]
    assert sorted(done) == sorted(set(done)), "each answer was given once, and each file made once"
    begun = [of for node in place.nodes for of in node.begun]
    assert sorted(begun) == [(f"{of}/sentiment", 0) for of in ("base", "lora", "merged")]
    assert [(cell.status, cell.n) for cell in outcome.summary.cells] == [("ok", ANSWERS)] * 3
    for model in ("base", "lora", "merged"):
        cell = place.results.cell(model, "sentiment")
        assert cell.result(thoroughly=True) is not None
        assert len(cell.samples_file.read_text().splitlines()) == ANSWERS
    assert place.drive().unchanged


def test_results_have_one_name_on_every_cluster_and_others_another(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    assert run_name(tmp_path / "a") == run_name(tmp_path / "a") != run_name(tmp_path / "b")
    assert [file.name for file in (tmp_path / "a").iterdir()] == [".run-on-cluster"]


def test_whoever_writes_into_results_from_elsewhere_is_waited_for(tmp_path: Path) -> None:
    told = list[str]()
    assert is_idle(tmp_path)
    with writing(tmp_path):
        with writing(tmp_path):
            assert not is_idle(tmp_path)
        assert not is_idle(tmp_path)
        ends = writing(tmp_path)
        ends.__enter__()
    until_idle(tmp_path, lambda: told.append("waits"), lambda _: ends.__exit__(None, None, None))  # type: ignore[arg-type]
    assert told == ["waits"] and is_idle(tmp_path)
    until_idle(tmp_path, lambda: told.append("waits"))
    assert told == ["waits"]
