"""A cluster that stands in, whose nodes have homes of their own and share nothing but a store with the driver."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from harness.appended import Appended
from harness.errors import CrashError
from harness.executors.keeping import LostError
from harness.executors.mending import Mender
from harness.executors.mirror import Mirror, Piece, Receiver
from harness.executors.nodes import Need, Node
from harness.executors.on_ray import RayExecutor
from harness.executors.packing import Packer
from harness.plan.cell_params import PartParams
from harness.plan.parts import Division
from harness.records import Cell
from harness.results.store import ResultsStore
from harness.runner.begin import local_executor
from harness.runner.jobs import Event, Job, JobBuilder, StepJob
from harness.runner.run import Outcome, prepare, run
from harness.runner.walk import Quiet
from harness.sealed import sealed_line
from tests.runner.test_sharing import RIGHT, Machine

ANSWERS = 4


class ANode(Machine):
    """A node: answers come one by one, and all that it reads lies in its own home."""

    is_node = True

    def __init__(self, folder: Path, store: str) -> None:
        super().__init__(folder, store)
        self.begun = list[tuple[str, int]]()
        """Cells, and how many answers they had when they were begun."""

    def do(self, job: Job, hear: Callable[[Event], None]) -> None:
        job = Job.from_json(job.to_json())
        for path in (job.home, *(one.work for one in job.steps), *(one.home for one in job.steps)):
            assert path.startswith(str(self.folder)), path
        assert "harness-away-" in job.results
        made = [one for one in job.steps if one.step.row.is_artifact]
        if made:
            super().do(replace(job, steps=tuple(made)), hear)
        for one in job.steps:
            if not one.step.row.is_artifact:
                hear(Event(one.step.key, "start"))
                self.answer(job, one, hear)
                hear(Event(one.step.key, "done"))

    def answer(self, job: Job, one: StepJob, hear: Callable[[Event], None]) -> None:
        step, key, params = one.step, one.step.answers_key, one.step.params
        model, task, asked = step.model, step.task, range(ANSWERS)
        if isinstance(params, PartParams):
            asked = range(params.part - 1, ANSWERS, params.parts)
        read = [self.read(Path(path), role) for role, path in sorted(one.inputs.items())]
        folder = ResultsStore(Path(job.results)).of(step)
        kept = folder.samples(key)
        folder.start(kept)
        self.begun.append((f"{model}/{task}", len(kept)))
        log = Path(job.results, "logs", f"{job.name}.log")
        log.parent.mkdir(exist_ok=True)
        with Appended(folder.samples_file) as lines, log.open("a") as said:
            for index in [of for of in asked if of not in {sample.index for sample in kept}]:
                self.done.append(f"{model}/{task} {index}")
                said.write(f"asked {index}\n")
                said.flush()
                sample = RIGHT.model_copy(update={"key": key, "index": index, "answer": read[-1]})
                lines.line(sealed_line(sample.model_dump_json()))
                hear(
                    Event(step.key, "progress", {"done": index + 1, "total": ANSWERS, "unit": "e"})
                )
        folder.write_samples(folder.samples(key))
        cell = Cell(
            key=step.key, model=model, task=task, status="ok", n=ANSWERS, alike=one.alike,
            engine={"parameters": 1}, footprint={"disk_bytes": 1},
            details={"confusion": {"labels": ["no", "yes"]}},
        )  # fmt: skip
        folder.finish(cell)


class StandIn:
    """A cluster in this process; each job goes to the next node, and nodes may be lost while they answer."""

    def __init__(self, homes: list[Path], at: threading.local) -> None:
        self.homes, self._at, self._next = homes, at, 0
        self.end: BaseException | None = None
        """What is raised once answers of a cell were told, once for each."""
        self.before: Callable[[], None] = lambda: None
        """Called before a job begins."""
        self.told = dict[str, int]()
        """By cell: how many had been told then."""

    def nodes(self) -> list[Node]:
        return [Node(str(number), home.name, cpus=1) for number, home in enumerate(self.homes)]

    def run(
        self,
        work: Callable[..., Iterator[Any]],
        arguments: tuple[Any, ...],
        need: Need,
        node: Node | None,
        stop: threading.Event,
        about: str = "",
    ) -> Iterator[Any]:
        self.before()
        home = self.homes[self._next % len(self.homes)]
        self._next += 1
        self._at.home = home / "home"
        told = work(*arguments)
        try:
            for one in told:
                yield one
                self._may_end(one)
        finally:
            told.close()  # type: ignore[attr-defined]

    def resume(self, name: str, stop: threading.Event) -> Iterator[Any]:
        raise AssertionError("nothing is left here")

    def _may_end(self, one: Any) -> None:
        piece = Piece.from_bytes(one) if isinstance(one, bytes) else None
        if self.end is None or piece is None or not piece.content.count(b"\n"):
            return
        if piece.file.endswith("samples.jsonl"):
            _, _, *cell, _ = piece.file.split("/")
            if "/".join(cell) not in self.told:
                self.told["/".join(cell)] = piece.content.count(b"\n")
                raise self.end


class Place:
    """A driver, two nodes, and the store between them."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (folder / "shared").mkdir()
        self.folder, at = folder, threading.local()
        url = f"file://{folder}/shared"
        self.driver = Machine(folder / "driver", url)
        self.driver.options = replace(self.driver.options, far=True)
        self.nodes = [ANode(folder / name, url) for name in ("node-1", "node-2")]
        self.cluster = StandIn([node.folder for node in self.nodes], at)
        machines = {of.folder.name: of for of in (self.driver, *self.nodes)}

        def do(job: Job, log: Path, timeout: float, hear: Any, stop: threading.Event) -> None:
            machines[Path(job.home).parent.name].do(job, hear)

        monkeypatch.setattr("harness.runner.local.run_job", do)
        monkeypatch.setattr("harness.executors.away.default_home", lambda: at.home)
        monkeypatch.setattr("harness.executors.mirror.LOOK_SECONDS", 0.0)
        monkeypatch.setattr("harness.runner.summarize.checks_of", lambda found, step: [])
        monkeypatch.setattr("harness.runner.summarize.Summarizer._training", lambda s, key: None)

    def run(self, identity: str = "", division: Division | None = None) -> Outcome:
        options = self.driver.options
        prepared = prepare(self.driver.suite, options)
        assert prepared.shared is not None and options.store is not None
        there = identity or options.store.identity()
        packer = Packer(prepared.plan, prepared.artifacts.home, prepared.shared, there, {}, 60)
        here = local_executor(prepared)
        of = (prepared.plan, prepared.artifacts, prepared.results.folder, 1, 1, prepared.lending)
        mender = Mender(packer, prepared.to_make, JobBuilder(*of).build)
        executor = RayExecutor(
            self.cluster, lambda _: Need(), here, 60, {}, packer=packer, mender=mender
        )
        return run(prepared, options, Quiet(), [], executor, division)

    @property
    def results(self) -> ResultsStore:
        return ResultsStore(self.driver.folder / "results" / "small")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    return Place(tmp_path, monkeypatch)


def test_nodes_that_share_no_folder_end_in_the_same_results(place: Place, tmp_path: Path) -> None:
    outcome = place.run()
    assert not outcome.failures and len(outcome.summary.cells) == 3
    assert all(cell.status == "ok" and cell.n == ANSWERS for cell in outcome.summary.cells)
    assert not place.driver.done, "the driver has done nothing of it itself"
    assert all(node.done for node in place.nodes)
    on_driver = {path.parent.name for path in (tmp_path / "driver/home/artifacts").glob("*/*/")}
    assert on_driver == {"prompts"}, "and has fetched nothing but what results keep"
    store = place.results
    for model in ("base", "lora", "merged"):
        cell = store.cell(model, "sentiment")
        assert [of.index for of in cell.samples(cell.result().key)] == list(range(ANSWERS))  # type: ignore[union-attr]
        assert cell.result(thoroughly=True) is not None
    logs = [file.read_text() for file in store.folder.glob("logs/*.log")]
    assert sum(log.count("asked") for log in logs) == 3 * ANSWERS
    assert not list(tmp_path.glob("node-*/results"))
    assert place.run().unchanged


@pytest.mark.parametrize("end", [LostError, KeyboardInterrupt])
def test_neither_a_lost_node_nor_a_lost_driver_loses_what_was_told(
    place: Place, end: type[BaseException]
) -> None:
    """Once answers of a cell were told, the node goes away, or the driver does, which is then started again."""
    place.cluster.end = end("gone")
    runs, outcome = 0, None
    while outcome is None:
        runs += 1
        with suppress(KeyboardInterrupt):
            outcome = place.run()
    assert runs == (1 if end is LostError else 4) and not outcome.failures
    told, begun = place.cluster.told, [of for node in place.nodes for of in node.begun]
    assert set(told) == {f"{model}/sentiment" for model in ("base", "lora", "merged")}
    for cell, count in told.items():
        assert count > 0 and sorted(kept for of, kept in begun if of == cell) == [0, count]
    made = [of for node in place.nodes for of in node.done if "/" not in of]
    assert len(made) == len(set(made)), "what was made lies in the store, and is made once"
    assert all(cell.n == ANSWERS for cell in outcome.summary.cells)


@pytest.mark.parametrize("fault", ["flipped", "cut", "gone", "another's"])
@pytest.mark.parametrize("kind", ["artifacts/finetune", "files"])
def test_what_is_damaged_in_the_store_is_had_again_within_the_run(
    place: Place, tmp_path: Path, kind: str, fault: str
) -> None:
    """Before a node fetches it for the first time; no node has a copy of its own."""
    damaged = list[Path]()

    def damage() -> None:
        files = sorted(of for of in tmp_path.glob(f"shared/{kind}/*/*/**/*") if of.is_file())
        if not files or damaged:
            return
        damaged.append(files[0])
        content = files[0].read_bytes()
        if fault == "gone":
            files[0].unlink()
        else:
            flipped = bytes([content[0] ^ 1]) + content[1:]
            other = {"flipped": flipped, "cut": content[:-1], "another's": b"another's"}
            files[0].write_bytes(other[fault])
        for node in place.nodes:
            shutil.rmtree(node.folder / "home" / kind, ignore_errors=True)

    place.cluster.before = damage
    outcome = place.run()
    assert damaged and not outcome.failures, outcome.failures
    assert [(cell.status, cell.n) for cell in outcome.summary.cells] == [("ok", ANSWERS)] * 3
    tuned = [of for node in place.nodes for of in node.done if of.startswith("fine-tune")]
    assert len(tuned) == (2 if kind != "files" else 1)
    assert len(list((tmp_path / "shared" / kind).glob("*/manifest.json.damaged-*"))) == 1


def test_a_node_that_sees_another_store_by_that_name_is_refused(place: Place) -> None:
    failed = place.run("of another store")
    assert failed.failures
    assert all("is another place on a node" in of.message for _, of in failed.failures)


def test_a_file_of_no_cell_of_the_job_is_refused(tmp_path: Path) -> None:
    receiver = Receiver(tmp_path, "small", frozenset({PurePosixPath("cells/base/sentiment")}))
    receiver.take(Piece("small/cells/base/sentiment/samples.jsonl", -1, content=b"{}\n"))
    receiver.take(Piece("small/cells/base/sentiment/samples.jsonl", 3, content=b"[]\n"))
    receiver.take(Piece("small/logs/base.log", 0, content=b"said"))
    assert (tmp_path / "small/cells/base/sentiment/samples.jsonl").read_bytes() == b"{}\n[]\n"
    for name in (
        "small/cells/lora/sentiment/samples.jsonl", "small/summary.json", "../x", "/etc/passwd",
        "small/cells/base/sentiment/../../../x", "small/cells/base/sentiment/part-1/samples.jsonl", "small/logs/../x", "other/logs/x.log",
    ):  # fmt: skip
        with pytest.raises(CrashError, match="no file of its job"):
            receiver.take(Piece(name, -1, content=b"x"))


def test_what_is_told_of_files_ends_in_the_same_files(tmp_path: Path) -> None:
    there, here = tmp_path / "there", tmp_path / "here"
    cell = there / "small" / "cells" / "base" / "sentiment"
    cell.mkdir(parents=True)
    mirror = Mirror(there, lambda: 0.0)
    receiver = Receiver(here, "small", frozenset({PurePosixPath("cells/base/sentiment")}))

    def look() -> list[Piece]:
        pieces = [Piece.from_bytes(of.to_bytes()) for of in mirror.pieces([cell], now=True)]
        for piece in pieces:
            receiver.take(piece)
        return pieces

    samples = cell / "samples.jsonl"
    samples.write_text("one\n")
    (cell / "parts.jsonl").write_text("1")
    look()
    with samples.open("a") as stream:
        stream.write("two\nthr")
        stream.flush()
        assert [of.content for of in look()] == [b"two\n"], "only what is new, and only whole lines"
        stream.write("ee\n")
    look()
    for text in ("four\nfive\nsix\nseven\n", "longer than all that was there before\n" * 3):
        aside = cell / "aside"
        aside.write_text(text)
        aside.replace(samples)
    (cell / "parts.jsonl").unlink()
    (cell / "result.json").write_text(json.dumps({"n": 1}))
    (cell / "other.txt").write_text("no business of the driver's")
    assert look()[-1].file.endswith("result.json"), "the result comes last"
    assert not look()
    mirror.close()
    copies = {file.name: file.read_bytes() for file in (here / cell.relative_to(there)).iterdir()}
    assert copies == {name: (cell / name).read_bytes() for name in ("samples.jsonl", "result.json")}
