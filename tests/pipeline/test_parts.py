"""Cells that several workers ask, by the starter itself: what comes out is what one worker gives."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.engines import portion
from harness.plan.parts import Division
from harness.records import Cell, Sample
from harness.results.cell_folder import CellFolder
from harness.runner.cells.asked import AskedWork
from harness.runner.run import Options, prepare, run
from tests.pipeline.conftest import Notes, noted
from tests.pipeline.in_process import run_here

SUITE = """\
name: divided
forgetting: false
defaults: {seed: 0, limit: 40}
models:
  base: {source: starter}
  f16: {from: base, gguf: F16}
tasks:
  sentiment: {type: classify, dataset: phrasebank-sample, shots: 1}
  dialogue: {type: summarize, dataset: dialogue-sample, max_new_tokens: 8, limit: 12}
  text: {type: perplexity, text: text.txt, window: 32, limit: 9}
  fidelity: {type: divergence, dataset: dialogue-sample, reference: base, limit: 6}
"""
TIMES = ("seconds", "answered", "tokens", "load_seconds", "footprint")


class Place:
    """A suite, and the results of its runs, each with the artifacts of all."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.suite = folder, folder / "divided.yaml"
        self.suite.write_text(SUITE)
        lines = (
            f"In year {n} the company sold {7 * n} ships and made a profit." for n in range(60)
        )
        (folder / "text.txt").write_text("\n".join(lines))

    def run(self, at: str, division: Division, **options: Any) -> Notes:
        given = Options(results=self.folder / at, home=self.folder / "home", **options)
        notes = Notes()
        outcome = run(prepare(self.suite, given), given, notes, ["harness run"], None, division)
        assert not outcome.failures
        return notes

    def cell(self, at: str, model: str, task: str) -> Path:
        return self.folder / at / "divided" / "cells" / model / task


def samples(folder: Path) -> list[Sample]:
    return CellFolder(folder).samples(noted(folder).samples_key)


def figures(cell: Cell) -> dict[str, Any]:
    """All of a cell but its times."""
    return cell.model_dump(exclude=set(TIMES))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    found = Place(tmp_path_factory.mktemp("divided"))
    with pytest.MonkeyPatch.context() as patch:
        run_here(patch)
        patch.setitem(portion.TOGETHER, "cpu", 5)
        found.run("one", {})
        yield found


CELLS = [
    (model, task)
    for model in ("base", "f16")
    for task in ("sentiment", "dialogue", "text", "fidelity")
]


def check(place: Place, at: str) -> None:
    """That all cells are what they are in one go."""
    for model, task in CELLS:
        there, here = (place.cell(of, model, task) for of in ("one", at))
        assert samples(here) == samples(there), (model, task)
        assert figures(noted(here)) == figures(noted(there))
        assert noted(here).answered is None and noted(here).seconds > 0
        assert noted(here).tokens >= noted(there).tokens > 0
        assert sorted(of.name for of in here.iterdir()) == ["result.json", "samples.jsonl"]


def test_all_cells_in_parts_are_what_they_are_in_one_go(place: Place) -> None:
    notes = place.run("parts", {cell: 2 for cell in CELLS})
    check(place, "parts")
    asked = [label for label in notes.labels if label.startswith("ask ")]
    assert len(asked) == len(set(asked)) == len(CELLS), "each is one step to whoever looks"
    summaries = [
        json.loads((place.folder / at / "divided" / "summary.json").read_text())
        for at in ("one", "parts")
    ]
    for name in ("comparisons", "gates", "tasks", "models"):
        assert summaries[0][name] == summaries[1][name]


def test_parts_that_are_killed_are_gone_on_with_and_joined_to_the_same(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = list[str]()

    def killed_midway(work: Any) -> Iterator[Sample]:
        begun.append(work.key)
        found = iter_samples(work)
        for _ in range(2):
            yield next(found)
        if len(begun) < 4:
            raise KeyboardInterrupt
        yield from found

    iter_samples = AskedWork.samples
    monkeypatch.setattr(AskedWork, "samples", killed_midway)
    only = "base/sentiment"
    for parts in (2, 3, 3):
        with pytest.raises(KeyboardInterrupt):
            place.run("killed", {("base", "sentiment"): parts}, only=only)
    folder = place.cell("killed", "base", "sentiment")
    assert sorted(of.name for of in folder.iterdir()) == ["part-1"]
    place.run("killed", {("base", "sentiment"): 2}, only=only)
    place.run("killed", {cell: 3 for cell in CELLS})
    check(place, "killed")


def test_a_cell_in_parts_is_there_for_an_undivided_run_and_can_be_asked_again(place: Place) -> None:
    place.run("there", {("base", "text"): 2}, only="base/text")
    before = (place.cell("there", "base", "text") / "result.json").read_bytes()
    assert not place.run("there", {}, only="base/text").labels
    assert not place.run("one", {cell: 2 for cell in CELLS}).labels
    notes = place.run("there", {("base", "text"): 2}, only="base/text", again="base/text")
    assert [of for of in notes.labels if of.startswith("ask ")] == ["ask base: text"]
    after = place.cell("there", "base", "text")
    assert (after / "result.json").read_bytes() != before
    assert samples(after) == samples(place.cell("one", "base", "text"))
