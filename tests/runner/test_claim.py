"""Two runs of one suite: one works, the other waits for it, and what one that died has left is put right."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from harness.files import scratch_prefix
from harness.locks import held, holder_words
from harness.runner.claim import LOCK, claimed
from harness.runner.run import Options, Prepared, prepare, run
from harness.runner.walk import Quiet
from tests.pipeline.in_process import run_here

SUITE = """\
name: twice
defaults: {seed: 0, limit: 6}
models:
  base: {source: starter}
tasks:
  sentiment: {type: classify, dataset: phrasebank-sample}
"""


def prepared(folder: Path) -> tuple[Prepared, Options]:
    suite = folder / "suite.yaml"
    suite.write_text(SUITE)
    options = Options(results=folder / "results", home=folder / "home")
    return prepare(suite, options), options


def test_two_runs_at_once_ask_everything_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_here(monkeypatch)
    (first, options), (second, _) = prepared(tmp_path), prepared(tmp_path)
    waits, ran = threading.Event(), []
    told: list[str] = []

    def hear(who: str) -> None:
        told.append(who)
        waits.set()

    def other() -> None:
        with claimed(second, hear):
            ran.append(run(second, options, Quiet(), []).ran)

    with claimed(first):
        waiting = threading.Thread(target=other)
        waiting.start()
        assert waits.wait(20)
        assert "running suite.yaml" in holder_words(first.results.folder / LOCK)
        ran.append(run(first, options, Quiet(), []).ran)
    waiting.join(60)
    assert ran[0] > 0 and ran[1] == 0, "the second finds everything there"
    assert "(running suite.yaml, since " in told[0]
    lines = first.results.cell("base", "sentiment").samples_file.read_text().splitlines()
    assert len(lines) == 6


def test_whoever_looks_meanwhile_leaves_what_stands_aside(tmp_path: Path) -> None:
    first, options = prepared(tmp_path)
    aside = first.results.folder / "earlier" / "base" / "sentiment"
    aside.mkdir(parents=True)
    with claimed(first):
        aside.mkdir(parents=True, exist_ok=True)
        prepare(tmp_path / "suite.yaml", options)
        assert aside.is_dir(), "the run that set it aside brings it back"
    prepare(tmp_path / "suite.yaml", options)
    assert not aside.exists()


def test_a_run_clears_away_what_one_that_died_was_writing(tmp_path: Path) -> None:
    first, _ = prepared(tmp_path)
    cell = first.results.cell("base", "sentiment").folder
    cell.mkdir(parents=True)
    left = [cell / ".result.json.ab12cd_8", first.results.folder / ".summary.json.abcdefgh"]
    kept = [cell / "samples.jsonl", cell / ".hidden", first.results.folder / "run.jsonl"]
    for file in (*left, *kept):
        file.write_text("{")
    with claimed(first):
        assert not any(file.exists() for file in left)
        assert all(file.exists() for file in kept)


def test_what_stood_beside_an_artifact_when_its_maker_died_goes_with_the_next_run(
    tmp_path: Path,
) -> None:
    first, _ = prepared(tmp_path)
    store = first.artifacts
    step = next(one for one in first.plan.steps.values() if one.kind == "prompts")
    with store.making(step) as scratch:
        assert scratch is not None
        store.commit(step, scratch, {}, 0.0)
    folder = store.folder(step)
    left, others = (
        folder.with_name(f"{scratch_prefix(name)}ab12cd34") for name in (step.key, "f" * 64)
    )
    for one in (left, others):
        one.mkdir()
    with held(folder.with_suffix(".lock"), "working there"), claimed(first):
        assert left.is_dir()
    with claimed(first):
        assert not left.exists() and others.is_dir()
    assert store.manifest(step) is not None
