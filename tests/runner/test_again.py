"""What is done anew, and what happens to what was there before."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.errors import InputError
from harness.plan.steps import Step
from harness.records import Cell
from harness.runner.again import EARLIER, makes_of, set_aside
from harness.runner.begin import walk_of
from harness.runner.claim import put_right
from harness.runner.jobs import Event, Job
from harness.runner.run import Options, Prepared, prepare
from harness.runner.walk import Quiet

SUITE = """\
name: small
forgetting: false
models:
  base: {source: starter}
  lora: {from: base, finetune: {method: lora, tasks: [sentiment]}}
  f16: {from: lora, gguf: F16}
  q8: {from: base, gguf: Q8_0}
tasks:
  sentiment: {type: classify, dataset: phrasebank-sample}
  speed: {type: speed, prompt_tokens: 8, new_tokens: 8}
"""


def prepared(folder: Path, again: str | None = None, only: str | None = None) -> Prepared:
    (folder / "suite.yaml").write_text(SUITE)
    options = Options(folder / "results", home=folder / "home", again=again, only=only)
    return prepare(folder / "suite.yaml", options)


def answer(of: Prepared, *cells: Step) -> None:
    """Writes results as if all cells had been answered."""
    for step in cells or of.cells:
        made = Cell(key=step.key, model=step.model, task=step.task, status="ok", seconds=1.0)
        folder = of.results.cell(step.model, step.task)
        folder.start([])
        folder.finish(made)


def labels(steps: list[Step]) -> list[str]:
    return [step.label for step in steps if not step.row.in_place]


@pytest.mark.parametrize(
    ("pattern", "asked"),
    [
        ("base/sentiment", ["base/sentiment"]),
        ("q8", ["q8/sentiment", "q8/speed"]),
        ("sentiment", ["base/sentiment", "lora/sentiment", "f16/sentiment", "q8/sentiment"]),
        ("fine-tune lora*", ["lora/sentiment", "f16/sentiment", "lora/speed", "f16/speed"]),
        ("convert base*", []),
    ],
)
def test_a_pattern_chooses_cells_or_steps_and_what_learns_other_weights(
    tmp_path: Path, pattern: str, asked: list[str]
) -> None:
    found = prepared(tmp_path, pattern)
    cells = [f"{step.model}/{step.task}" for step in found.again if step.kind == "cell"]
    assert cells == asked
    answer(found)
    assert {f"{step.model}/{step.task}" for step in found.open_cells()} == set(asked)
    made = labels([step for step in found.again if step.kind != "cell"])
    assert bool(made) == ("lora*" in pattern or "base*" in pattern)
    assert set(made) <= set(labels(found.to_do()))
    if pattern == "fine-tune lora*":
        assert {step.kind for step in found.again} >= {"finetune", "merge", "convert", "parity"}


def test_only_narrows_what_is_done_again(tmp_path: Path) -> None:
    found = prepared(tmp_path, again="sentiment", only="q8")
    assert [(step.model, step.task) for step in found.again] == [("q8", "sentiment")]


def test_a_pattern_that_fits_nothing_names_cells_and_steps(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--again nix") as caught:
        prepared(tmp_path, "nix")
    assert "base/sentiment" in caught.value.hint and "fine-tune lora" in caught.value.hint


def test_what_was_there_goes_when_the_new_is_there(tmp_path: Path) -> None:
    found = prepared(tmp_path, "base/sentiment")
    (step,) = found.again
    answer(found)
    note = found.results.cell("base", "sentiment").folder / "old"
    note.touch()
    with set_aside(found.again, found.results):
        assert not note.parent.exists()
        answer(found, step)
    assert note.parent.exists() and not note.exists()
    assert not (found.results.folder / EARLIER).exists()


@pytest.mark.parametrize("error", [None, KeyboardInterrupt])
def test_what_was_there_comes_back_where_nothing_new_is(
    tmp_path: Path, error: type[BaseException] | None
) -> None:
    found = prepared(tmp_path, "base/sentiment")
    answer(found)
    note = found.results.cell("base", "sentiment").folder / "old"
    note.touch()

    def failing() -> None:
        with set_aside(found.again, found.results):
            found.results.cell("base", "sentiment").start([])
            if error is not None:
                raise error

    if error is None:
        failing()
    else:
        with pytest.raises(error):
            failing()
    assert note.exists() and found.results.cell("base", "sentiment").is_done(found.again[0].key)
    assert not (found.results.folder / EARLIER).exists()


def test_what_a_killed_run_left_aside_is_back_before_the_next_is_planned(tmp_path: Path) -> None:
    found = prepared(tmp_path, "base/sentiment")
    answer(found)
    killed = set_aside(found.again, found.results)
    killed.__enter__()
    assert (found.results.folder / EARLIER / "base" / "sentiment").exists()
    assert prepared(tmp_path).open_cells() == []
    assert not (found.results.folder / EARLIER).exists()


def test_an_artifact_stays_for_others_until_another_make_of_it_is_whole(tmp_path: Path) -> None:
    found = prepared(tmp_path, "convert base*")
    (step,) = found.again
    for outcome in ({"made": 1}, {"made": 2}, None):
        before = found.artifacts.manifest(step)
        replaced = makes_of(found.again, found.artifacts)
        with found.artifacts.making(step, replaces=replaced[step.key]) as out:
            assert out is not None, "what is to be replaced does not count"
            assert found.artifacts.manifest(step) == before, "others use it meanwhile"
            if outcome is not None:
                found.artifacts.commit(
                    step, out, outcome, float(len(str(outcome))) + outcome["made"]
                )
        after = found.artifacts.manifest(step)
        assert after is not None
        assert after.outcome == outcome if outcome is not None else after == before


def test_a_make_that_another_run_put_there_meanwhile_counts(tmp_path: Path) -> None:
    found = prepared(tmp_path, "convert base*")
    (step,) = found.again
    replaced = makes_of(found.again, found.artifacts)
    with found.artifacts.making(step) as out:
        assert out is not None
        found.artifacts.commit(step, out, {}, 1.0)
    with found.artifacts.making(step, replaces=replaced[step.key]) as out:
        assert out is None


def test_the_job_of_a_step_that_is_done_again_names_the_make_that_it_replaces(
    tmp_path: Path,
) -> None:
    found = prepared(tmp_path, "convert base*")
    (step,) = found.again
    with found.artifacts.making(step) as out:
        assert out is not None
        found.artifacts.commit(step, out, {}, 1.5)
    jobs: list[Job] = []

    class Notes:
        one_machine = True

        def run(self, job: Job, hear: Callable[[Event], None], stop: threading.Event) -> None:
            jobs.append(job)
            for one in job.steps:
                hear(Event(one.step.key, "start"))
                hear(Event(one.step.key, "done"))

    options = Options(tmp_path / "results", home=tmp_path / "home", again="convert base*")
    walk_of(found, options, Quiet(), found.to_do(), Notes()).run()
    named = {one.step.key: one.replaces for job in jobs for one in job.steps if one.replaces}
    manifest = found.artifacts.manifest(step)
    assert manifest is not None and named == {step.key: manifest.make}
    assert Job.from_json(jobs[0].to_json()) == jobs[0]


def test_another_suite_that_uses_an_artifact_disturbs_none_that_makes_it_again(
    tmp_path: Path,
) -> None:
    found = prepared(tmp_path, "fine-tune lora*")
    step = next(step for step in found.again if step.kind == "finetune")
    with found.artifacts.making(step) as out:
        assert out is not None
        found.artifacts.commit(step, out, {}, 1.0)
    before = found.artifacts.manifest(step)
    assert before is not None
    work = found.artifacts.work(step)
    with found.artifacts.making(step, replaces=before.make):
        work.mkdir(parents=True)
        (work / "checkpoint").touch()
        put_right(found.plan, found.results, found.artifacts)
        assert (work / "checkpoint").exists(), "somebody is at work there"
        assert found.artifacts.manifest(step) == before
    put_right(found.plan, found.results, found.artifacts)
    assert not work.exists()
