"""Runs of a part of a suite beside the whole: what they leave alone, and what they take over."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from harness.plan.steps import Step
from harness.records import Cell, Partial, Sample
from harness.results.artifacts import ArtifactStore
from harness.results.store import ResultsStore
from harness.runner.jobs import Event, Job
from harness.runner.run import Options, Outcome, Prepared, has_nothing_to_do, prepare, run
from harness.runner.walk import Quiet

SUITE = """\
name: small
forgetting: false
defaults: {limit: 20}
models:
  base: {source: starter}
  lora: {from: base, finetune: {method: lora, tasks: [sentiment]}}
tasks:
  sentiment: {type: classify, dataset: phrasebank-sample}
  speed: {type: speed, prompt_tokens: 8, new_tokens: 8, rounds: 1}
compare:
  tuning: {baseline: base, candidates: [lora], tasks: [sentiment]}
gates:
  - {compare: tuning, task: sentiment, metric: accuracy, must: improve}
"""


RIGHT = Sample(
    key="",
    index=0,
    id="e",
    prompt="p",
    target="yes",
    answer="yes",
    scores={"accuracy": 1.0, "unparsed": 0.0},
)


class Place:
    """A suite whose steps are done by no worker: cells of one right answer, empty artifacts."""

    def __init__(self, folder: Path) -> None:
        self.suite, self.done = folder / "suite.yaml", list[Step]()
        self.suite.write_text(SUITE)
        self.options = Options(folder / "results", home=folder / "home")

    def prepare(
        self, limit: int | None = None, only: str | None = None, again: str = ""
    ) -> Prepared:
        options = replace(self.options, limit=limit, only=only, again=again or None)
        return prepare(self.suite, options)

    def run(self, limit: int | None = None, only: str | None = None, again: str = "") -> Outcome:
        self.done.clear()
        prepared = self.prepare(limit, only, again)
        return run(prepared, self.options, Quiet(), [])

    def do(
        self,
        job: Job,
        log: Path,
        timeout: float,
        hear: Callable[[Event], None],
        stop: threading.Event,
    ) -> None:
        job = Job.from_json(job.to_json())
        store = ArtifactStore(Path(job.home))
        for task in job.steps:
            step = task.step
            self.done.append(step)
            if step.kind == "cell":
                folder = ResultsStore(Path(job.results)).cell(step.model, step.task)
                folder.start([RIGHT.model_copy(update={"key": step.key})])
                folder.finish(
                    Cell(
                        key=step.key,
                        alike=task.alike,
                        model=step.model,
                        task=step.task,
                        status="ok",
                        n=1,
                        engine={"parameters": 1},
                        footprint={"disk_bytes": 1},
                        details={"confusion": {"labels": ["no", "yes"]}},
                    )
                )
            else:
                with store.making(step) as out:
                    if out is not None:
                        found = (
                            {"sha256": "p", "n": 1, "available": 600}
                            if step.kind == "prompts"
                            else {}
                        )
                        store.commit(step, out, found, 1.0)
            hear(Event(step.key, "done"))

    def asked(self) -> list[str]:
        return [f"{step.model}/{step.task}" for step in self.done if step.kind == "cell"]

    def files(self, results: str) -> dict[str, bytes]:
        folder = self.options.results / results
        return {str(file): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    made = Place(tmp_path)
    monkeypatch.setattr("harness.runner.local.run_job", made.do)
    monkeypatch.setattr("harness.runner.summarize.checks_of", lambda found, step: [])
    monkeypatch.setattr("harness.runner.summarize.Summarizer._training", lambda self, key: None)
    return made


def test_a_smaller_and_partial_run_leaves_the_whole_as_it_was(place: Place) -> None:
    whole = place.run()
    assert whole.summary.partial is None and whole.summary.limit is None
    assert len(whole.summary.cells) == 4 and len(whole.summary.gates) == 1
    before = place.files("small")
    part = place.run(limit=10, only="base/sentiment")
    assert place.files("small") == before
    assert place.asked() == ["base/sentiment"]
    assert part.summary.place == "small@limit-10" and place.files("small@limit-10")
    missing = [("lora", "sentiment"), ("base", "speed"), ("lora", "speed")]
    assert part.summary.partial is not None
    assert part.summary.partial.limit == 10 and part.summary.partial.gates == 1
    assert sorted(part.summary.partial.missing) == sorted(missing)
    assert place.run().unchanged and place.files("small") == before


def test_only_fills_cells_of_the_same_results_and_tells_all_that_is_known(place: Place) -> None:
    first = place.run(only="base").summary
    assert {cell.task for cell in first.cells} == {"sentiment", "speed"}
    missing = [("lora", "sentiment"), ("lora", "speed")]
    assert first.partial == Partial(missing=missing, gates=1) and first.place == "small"
    second = place.run(only="lora/sentiment").summary
    assert place.asked() == ["lora/sentiment"] and len(second.cells) == 3
    assert second.partial == Partial(missing=[("lora", "speed")])
    assert place.run().summary.partial is None and place.asked() == ["lora/speed"]
    whole = place.files("small")
    assert place.run(only="base").unchanged and place.files("small") == whole


def test_a_limit_that_changes_nothing_is_the_whole(place: Place) -> None:
    assert place.prepare(limit=20).results.folder == place.prepare().results.folder
    assert place.prepare(limit=21).results.folder.name == "small@limit-21"


def test_what_a_limit_does_not_change_is_taken_over_and_not_timed_again(place: Place) -> None:
    place.run()
    prepared = place.prepare(limit=5)
    assert not {step.task for step in prepared.open_cells()} - {"sentiment"}
    assert not place.options.results.joinpath("small@limit-5").exists()
    part = place.run(limit=5).summary
    assert {step.task for step in place.done if step.kind == "cell"} == {"sentiment"}
    assert len(part.cells) == 4 and part.partial == Partial(limit=5)
    assert has_nothing_to_do(place.prepare(limit=5))


def test_a_cell_that_stands_elsewhere_alone_is_still_to_be_taken_over(place: Place) -> None:
    place.run(limit=5, only="sentiment")
    assert has_nothing_to_do(place.prepare(limit=5, only="sentiment"))
    place.run()
    assert not has_nothing_to_do(place.prepare(limit=5))
    assert len(place.run(limit=5).summary.cells) == 4 and not place.done


def test_what_is_done_again_is_taken_from_nowhere(place: Place) -> None:
    place.run()
    place.run(limit=5, only="base")
    place.run(limit=5, only="base", again="base/*")
    assert set(place.asked()) == {"base/sentiment", "base/speed"}


def test_a_fine_tuning_that_was_done_again_shares_no_answer_with_the_first(place: Place) -> None:
    place.run()

    def alike(model: str) -> str:
        prepared = place.prepare(limit=5)
        (cell,) = (c for c in prepared.plan.cells if (c.model, c.task) == (model, "sentiment"))
        return prepared.lending.alike(cell)

    before = alike("base"), alike("lora")
    (file,) = (place.options.home or Path()).glob("artifacts/finetune/*/manifest.json")
    made = json.loads(file.read_text())
    file.write_text(json.dumps(made | {"created": "2030-01-01T00:00:00+00:00"}))
    assert alike("base") == before[0] and alike("lora") != before[1]
    place.run(limit=5)
    assert "lora/speed" in place.asked() and "base/speed" not in place.asked()


def test_another_word_in_the_suite_shares_nothing_of_what_it_changes(place: Place) -> None:
    place.run()
    place.suite.write_text(SUITE.replace("new_tokens: 8", "new_tokens: 9"))
    place.run(limit=5)
    assert {"base/speed", "lora/speed"} <= set(place.asked())


def test_results_of_an_older_summary_say_what_is_missing_once_they_are_looked_at(
    place: Place,
) -> None:
    place.run(only="base")
    file = place.options.results / "small" / "summary.json"
    older = {k: v for k, v in json.loads(file.read_text()).items() if k not in ("partial", "limit")}
    file.write_text(json.dumps(older))
    again = place.run(only="base")
    assert not again.unchanged and not place.done
    assert again.summary.partial is not None and again.summary.partial.gates == 1
