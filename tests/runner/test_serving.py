"""Suites whose models a server is started for, from the file to the report."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from harness.errors import InputError
from harness.records import Cell
from harness.reporting.lineage import lineage_words
from harness.runner.run import Options, Outcome, has_nothing_to_do, prepare, run
from harness.runner.walk import Quiet
from harness.serving.answering import ServingAnswerer
from tests.pipeline.in_process import run_here

ROOT = Path(__file__).parents[2]
SUITE = """
name: served
models:
  base: {{source: starter}}
  served:
    from: base
    serve:
      command: "env PYTHONPATH={root} {{python}} -m tests.serving.toy {{model}} {{port}} {does}"
      ready: /health
      retries: 0
      timeout: 5{more}
tasks:
  one: {{type: summarize, dataset: dialogue-sample, limit: 3, max_new_tokens: 4, models: [served]}}
  two: {{type: summarize, dataset: dialogue-sample, limit: 4, max_new_tokens: 5, models: [served]}}
  three: {{type: classify, dataset: phrasebank-sample, limit: 3, models: [served]}}
"""


class Place:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.options = Options(results=folder / "results", home=folder / "home")

    def write(self, does: str = "", more: str = "") -> None:
        (self.folder / "suite.yaml").write_text(SUITE.format(root=ROOT, does=does, more=more))

    def run(self, **how: Any) -> Outcome:
        options = replace(self.options, **how)
        return run(prepare(self.folder / "suite.yaml", options), options, Quiet(), [])

    @property
    def log(self) -> str:
        return (self.folder / "results" / "served" / "logs" / "serve-served.log").read_text()


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    run_here(monkeypatch)
    return Place(tmp_path)


def cells(outcome: Outcome) -> dict[str, Cell]:
    return {cell.task: cell for cell in outcome.summary.cells}


def test_one_server_answers_all_cells_of_a_model_and_is_stopped(place: Place) -> None:
    place.write()
    before = {one.pid for one in psutil.Process().children(recursive=True)}
    found = place.run()
    assert {one.pid for one in psutil.Process().children(recursive=True)} == before
    assert {cell.status for cell in cells(found).values()} == {"ok"}
    assert place.log.count("toy: serving") == 1
    told = cells(found)["one"].details["served"]
    assert told["started"] == "command" and told["model"] == "toy" and told["rendered"]
    model = found.summary.models["served"]
    assert [step.kind for step in model.lineage] == ["source", "serve"]
    assert model.bytes and model.engine == "endpoint"
    assert lineage_words(model.lineage) == "starter → served"
    assert has_nothing_to_do(prepare(place.folder / "suite.yaml", place.options))


def test_a_server_that_dies_fails_its_cell_and_is_started_once_more(place: Place) -> None:
    place.write("die-after=9")
    found = cells(place.run())
    first, second = (found[name].error for name in ("one", "two"))
    assert first is not None and first.kind == "endpoint"
    assert "SIGKILL" in first.message and "I am about to die" in first.message
    assert second is not None and "died" in second.message
    third = found["three"].error
    assert third is not None and "not started for a third time" in third.message
    assert place.log.count("toy: serving") == 2
    place.write()
    healed = place.run()
    assert {cell.status for cell in cells(healed).values()} == {"ok"}


def test_a_run_that_is_resumed_asks_only_what_is_open(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server is killed while the second task is asked."""
    place.write(more="\n      concurrency: 1")
    ask = ServingAnswerer.generate
    asked: list[int] = []

    def deadly(self: ServingAnswerer, prompts: Any, limits: Any) -> Any:
        asked.append(len(prompts))
        for number, answer in enumerate(ask(self, prompts, limits)):
            yield answer
            if limits.max_new_tokens == 5 and number == 0 and len(asked) == 2:
                (process,) = self._server.process.processes()
                os.kill(process.pid, signal.SIGKILL)

    monkeypatch.setattr(ServingAnswerer, "generate", deadly)
    found = cells(place.run())
    assert [found[name].status for name in ("one", "two", "three")] == ["ok", "failed", "ok"]
    kept = found["two"].n
    assert kept >= 1 and place.log.count("toy: serving") == 2
    again = cells(place.run())
    assert again["two"].status == "ok" and again["two"].n == 4
    assert asked[-1] == 4 - kept


def test_a_server_that_is_not_installed_is_said_before_anything_runs(place: Place) -> None:
    place.write(more="\n      python: nowhere/bin/python")
    with pytest.raises(InputError, match="nowhere/bin/python"):
        place.run()
    planned = replace(place.options, provisional=True)
    assert len(prepare(place.folder / "suite.yaml", planned).cells) == 3


def test_what_changes_answers_is_in_the_key_and_what_does_not_is_not(place: Place) -> None:
    def keys() -> set[str]:
        planned = replace(place.options, provisional=True)
        return {cell.key for cell in prepare(place.folder / "suite.yaml", planned).cells}

    place.write()
    first = keys()
    place.write(more="\n      ports: 8000-8100\n      start_timeout: 5\n      concurrency: 2")
    assert keys() == first
    for more in ("arguments: [--quick]", "environment: {QUICK: 1}", "api: chat"):
        place.write(more=f"\n      {more}")
        assert not keys() & first, more


def test_a_server_that_is_started_can_be_put_under_load(place: Place) -> None:
    place.write()
    file = place.folder / "suite.yaml"
    load = "{type: load, models: [served], concurrency: [1, 2], requests: 4, prompt_tokens: 16}"
    file.write_text(file.read_text().partition("tasks:")[0] + f"tasks:\n  load: {load}\n")
    cell = cells(place.run())["load"]
    assert cell.status == "ok" and cell.n == 8
    assert cell.details["load"]["host"] == "command, started here"
    assert place.log.count("toy: serving") == 1
