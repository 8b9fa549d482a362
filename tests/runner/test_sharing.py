"""Two machines with homes of their own and one store: what one has made, the other has, checked by its hash."""

from __future__ import annotations

import errno
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.errors import StoreError
from harness.plan.steps import Step
from harness.records import Cell, Sample
from harness.results.artifacts import ArtifactStore
from harness.results.store import ResultsStore
from harness.runner.jobs import Event, Job
from harness.runner.run import Options, Outcome, Prepared, prepare, run
from harness.runner.shared import is_shared
from harness.runner.walk import Quiet
from harness.stores.store import SharedStore

SUITE = """\
name: small
forgetting: false
defaults: {limit: 20}
models:
  base: {source: starter}
  lora: {from: base, finetune: {method: lora, tasks: [sentiment]}}
  merged: {from: lora, merge: full}
tasks:
  sentiment: {type: classify, dataset: phrasebank-sample}
"""
RIGHT = Sample(key="", index=0, id="e", prompt="p", target="yes", answer="yes")


class Machine:
    """Does steps without a worker: an artifact's file says who made it, and of what."""

    is_node = False
    """Whether all that it reads has to lie in its own home."""

    def __init__(self, folder: Path, store: str | None) -> None:
        folder.mkdir()
        self.folder, self.done = folder, list[str]()
        self.suite = folder / "suite.yaml"
        self.suite.write_text(SUITE)
        shared = SharedStore(store) if store else None
        self.options = Options(folder / "results", home=folder / "home", store=shared)

    def prepare(self) -> Prepared:
        return prepare(self.suite, self.options)

    def run(self) -> Outcome:
        self.done.clear()
        return run(self.prepare(), self.options, Quiet(), [])

    def do(self, job: Job, hear: Callable[[Event], None]) -> None:
        for task in Job.from_json(job.to_json()).steps:
            step = task.step
            hear(Event(step.key, "start"))
            self.done.append(step.label)
            read = [self.read(Path(path), role) for role, path in sorted(task.inputs.items())]
            if step.kind == "cell":
                folder = ResultsStore(Path(job.results)).cell(step.model, step.task)
                folder.start([RIGHT.model_copy(update={"key": step.key, "answer": read[-1]})])
                cell = Cell(
                    key=step.key, model=step.model, task=step.task, status="ok", n=1,
                    alike=task.alike, engine={"parameters": 1}, footprint={"disk_bytes": 1},
                    details={"confusion": {"labels": ["no", "yes"]}},
                )  # fmt: skip
                folder.finish(cell)
            else:
                store = ArtifactStore(Path(job.home))
                with store.making(step) as out:
                    if out is not None:
                        (out / "deep").mkdir()
                        text = f"{step.kind} of {read} by {self.folder.name}"
                        (out / "deep" / "made.txt").write_text(text)
                        (out / "prompts.json").write_text("{}")
                        found = {"sha256": "p", "n": 1, "available": 600}
                        store.commit(step, out, found if step.kind == "prompts" else {}, 1.0)
            hear(Event(step.key, "done"))

    def read(self, place: Path, role: str) -> str:
        """What a step reads lies in the home of the machine that does it, or came with the harness."""
        came = not self.is_node and "starter" in place.parts
        assert came or place.is_relative_to(self.folder), f"{role}: {place}"
        assert place.exists() or (place.parent / "deep").exists(), f"{role}: {place}"
        file = (place if place.is_dir() else place.parent) / "deep" / "made.txt"
        return file.read_text() if file.is_file() else role

    def made(self) -> dict[str, str]:
        home = self.folder / "home" / "artifacts"
        return {
            f"{file.parts[-4]}/{file.parts[-3]}": file.read_text()
            for file in home.glob("*/*/deep/made.txt")
        }


@pytest.fixture
def machines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Machine]:
    (tmp_path / "shared").mkdir()
    here = dict[str, Machine]()

    def do(job: Job, log: Path, timeout: float, hear: Any, stop: threading.Event) -> None:
        here[Path(job.home).parent.name].do(job, hear)

    monkeypatch.setattr("harness.runner.local.run_job", do)
    monkeypatch.setattr("harness.runner.summarize.checks_of", lambda found, step: [])
    monkeypatch.setattr("harness.runner.summarize.Summarizer._training", lambda self, key: None)

    def machine(name: str, shares: bool = True) -> Machine:
        here[name] = Machine(tmp_path / name, f"file://{tmp_path}/shared" if shares else None)
        return here[name]

    return machine


def stored(tmp_path: Path, pattern: str) -> list[Path]:
    return sorted((tmp_path / "shared").glob(pattern))


def test_what_one_machine_has_made_another_only_fetches(
    machines: Callable[..., Machine],
) -> None:
    one, other = machines("one"), machines("other")
    one.run()
    made = {label for label in one.done if not label.startswith("ask")}
    assert any("lora" in label for label in made)
    other.run()
    assert other.done == [label for label in one.done if label.startswith("ask")]
    assert other.made().items() <= one.made().items() and other.made()
    cells = [
        ResultsStore(of.folder / "results" / "small").cell("merged", "sentiment")
        for of in (one, other)
    ]
    assert cells[0].samples_file.read_text() == cells[1].samples_file.read_text()


def test_what_was_made_before_there_was_a_store_is_put_there(
    machines: Callable[..., Machine], tmp_path: Path
) -> None:
    alone = machines("alone", shares=False)
    alone.run()
    assert not stored(tmp_path, "**/manifest.json")
    alone.options = Options(
        alone.options.results, home=alone.options.home, store=SharedStore(str(tmp_path / "shared"))
    )
    assert alone.run().ran == 0
    shared = [step for step in alone.prepare().plan.steps.values() if is_shared(step)]
    assert len(stored(tmp_path, "artifacts/*/*/manifest.json")) == len(shared)


def test_what_is_damaged_in_the_store_is_said_by_name_and_made_again_in_the_same_run(
    machines: Callable[..., Machine], tmp_path: Path
) -> None:
    machines("one").run()
    (file,) = stored(tmp_path, "artifacts/finetune/*/*/deep/made.txt")
    file.write_text(file.read_text().replace("one", "two"))
    other = machines("other")
    prepared = other.prepare()
    prepared.look_through()
    (line,) = prepared.damaged()
    assert "deep/made.txt is not what was put there: it was set aside, and is made again" in line
    other.run()
    assert [label for label in other.done if "fine-tune" in label]
    assert machines("third").run().ran and stored(tmp_path, "artifacts/finetune/*/manifest.json")


def test_of_two_makes_of_the_same_the_one_in_the_store_counts(
    machines: Callable[..., Machine],
) -> None:
    """Two machines have fine-tuned before they shared a store: from then on both go by the first one's."""
    one, other = machines("one"), machines("other", shares=False)
    one.run()
    other.run()
    assert any("other" in text for text in other.made().values())
    other.options = Options(other.options.results, home=other.options.home, store=one.options.store)
    shutil.rmtree(other.folder / "results")
    other.run()
    answers = ResultsStore(other.folder / "results" / "small").cell("merged", "sentiment")
    assert "other" not in answers.samples_file.read_text()


def full(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_store_fails_what_goes_there_and_the_next_run_goes_on(
    machines: Callable[..., Machine], monkeypatch: pytest.MonkeyPatch
) -> None:
    one = machines("one")
    assert one.options.store is not None
    with monkeypatch.context() as patch:
        patch.setattr(one.options.store._fs, "open", full)
        failed = one.run()
    assert failed.failures and {failure.kind for _, failure in failed.failures} == {"store"}
    assert all("the store is full" in failure.message for _, failure in failed.failures)
    before = one.made()
    assert before, "what was made stays here"
    again = one.run()
    assert not again.failures and before.items() <= one.made().items()


def test_a_store_that_goes_away_is_one_message_and_the_run_goes_on_when_it_is_back(
    machines: Callable[..., Machine], tmp_path: Path
) -> None:
    one = machines("one")
    do, away = one.do, tmp_path / "unmounted"

    def unplugged(job: Job, hear: Callable[[Event], None]) -> None:
        if (tmp_path / "shared").exists():
            (tmp_path / "shared").rename(away)
        do(job, hear)

    one.do = unplugged  # type: ignore[method-assign]
    failed = one.run()
    assert {failure.kind for _, failure in failed.failures} == {"store"}
    assert all("there is no such folder" in failure.message for _, failure in failed.failures)
    with pytest.raises(StoreError, match="there is no such folder"):
        one.run()
    away.rename(tmp_path / "shared")
    one.do = do  # type: ignore[method-assign]
    assert not one.run().failures


def test_what_is_done_again_takes_the_place_of_what_the_store_has(
    machines: Callable[..., Machine],
) -> None:
    machines("one").run()
    other = machines("other")
    other.options = Options(
        other.options.results,
        again="finetune",
        home=other.options.home,
        store=other.options.store,
    )
    other.run()
    assert any("fine-tune" in label for label in other.done)
    third = machines("third")
    third.run()
    tuned = [text for name, text in third.made().items() if name.startswith("finetune")]
    assert tuned and "by other" in tuned[0] and not any("fine-tune" in of for of in third.done)


def steps_of(prepared: Prepared, kind: str) -> list[Step]:
    return [step for step in prepared.plan.steps.values() if step.kind == kind]


def test_what_the_store_has_is_not_evicted_while_a_job_reads_it(
    machines: Callable[..., Machine], monkeypatch: pytest.MonkeyPatch
) -> None:
    machines("one").run()
    monkeypatch.setenv("HARNESS_CACHE_LIMIT", "1 kB")
    other = machines("other")
    assert not other.run().failures
    assert other.run().ran == 0
