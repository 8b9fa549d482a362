"""What the names of a suite stand for, found out once and written down."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import pytest

from harness.errors import OfflineError
from harness.hub import client as hub
from harness.plan.builder import make_plan
from harness.plan.data import DataRef
from harness.plan.params import Params
from harness.plan.resolved import Resolved
from harness.resolve.resolver import resolve
from harness.runner.known import known
from harness.runner.run import Options, prepare
from harness.starter import MODEL_FOLDER
from harness.suite.problems import SuiteError
from harness.suite.reader import parse_suite

SUITE = """\
name: once
models:
  base: {source: starter}
  lora: {from: base, finetune: {method: lora, tasks: [sentiment, dialogue]}}
  f16:  {from: lora, gguf: F16}
  q4:   {from: lora, gguf: Q4_K_M}
tasks:
  sentiment: {type: classify, dataset: phrasebank-sample}
  dialogue:  {type: summarize, dataset: dialogue-sample}
"""


def test_what_is_tested_elsewhere_is_looked_for_once_for_each_data_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def looked(learned: DataRef, tested: Sequence[DataRef]) -> tuple[str, ...]:
        asked.append(learned["name"])
        return ()

    monkeypatch.setattr("harness.resolve.lookups.tested_elsewhere", looked)
    (tmp_path / "once.yaml").write_text(SUITE)
    prepare(tmp_path / "once.yaml", Options(home=tmp_path / "home"))
    assert sorted(asked) == ["dialogue-sample", "phrasebank-sample"]


def test_the_hub_is_asked_once_for_what_a_revision_stands_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def refused(repo: str, revision: str, home: Path, **more: object) -> None:
        asked.append(f"{repo} {revision}")
        raise OfflineError("There is no connection to the Hub.")

    monkeypatch.setattr(hub, "resolve", refused)
    (tmp_path / "once.yaml").write_text(SUITE.replace("starter", "org/tiny"))
    prepare(tmp_path / "once.yaml", Options(home=tmp_path / "home"))
    assert asked == ["org/tiny main"]


MANY = """\
name: many
models:
  base: {source: starter, chat_template: own.jinja}
  hub: {source: org/model}
  random: {source: {architecture: gemma-2-2b, hidden_size: 64}, weights: random}
  lora: {from: base, finetune: {method: lora, tasks: [sentiment], instructions: [rows.jsonl]}}
tasks:
  sentiment: {type: classify, dataset: phrasebank-sample}
  dialogue: {type: summarize, dataset: dialogue-sample, metrics: [{python: mine.py:score}]}
  text: {type: divergence, text: corpus.txt, window: 64, reference: base}
"""


def resolved(tmp_path: Path) -> Resolved:
    (tmp_path / "own.jinja").write_text("{{ messages }}")
    (tmp_path / "corpus.txt").write_text("Some words.")
    (tmp_path / "mine.py").write_text("def score(prediction, target): ...\n")
    (tmp_path / "rows.jsonl").write_text('{"instruction": "Say it.", "output": "It."}\n')
    return resolve(parse_suite(MANY, tmp_path / "suite.yaml", known()), tmp_path / "home")


def test_what_was_found_is_the_same_after_it_was_written_down(tmp_path: Path) -> None:
    found = resolved(tmp_path)
    suite = parse_suite(MANY, tmp_path / "suite.yaml", known())
    read = Resolved.from_json(found.to_json())
    assert read == found
    assert make_plan(suite, read) == make_plan(suite, found)
    assert set(found.sources) == {"base", "hub"}
    assert found.instructions["lora"][0].ref["name"] == "rows.jsonl"
    assert found.metrics["dialogue"][0].ref.names == ("score",)
    assert "harness gemma-2-2b" in found.software


def test_no_step_names_a_place_and_each_finds_its_own(tmp_path: Path) -> None:
    found = resolved(tmp_path)
    plan = make_plan(parse_suite(MANY, tmp_path / "suite.yaml", known()), found)
    steps = [*plan.steps.values(), *plan.rounds, *plan.cells]
    for home in (tmp_path, MODEL_FOLDER):
        assert not any(str(home) in json.dumps(asdict(step), default=Params.data) for step in steps)
    of = {step.label: found.places.of(step) for step in steps}
    assert list(of["encode text for base"].files.values()) == [str(tmp_path / "corpus.txt")]
    assert of["encode dialogue for base"].files == {
        found.templates["base"].contents: str(tmp_path / "own.jinja")
    }
    assert {ref["name"] for ref in of["encode what lora learns"].data.values()} == {
        "phrasebank-sample",
        "rows.jsonl",
    }
    (metric,) = of["ask base: dialogue"].code.values()
    assert metric.folder == str(tmp_path)


def test_a_chat_template_is_tried_before_anything_is_made(tmp_path: Path) -> None:
    (tmp_path / "own.jinja").write_text("{% for m in messages %}")
    suite = SUITE.replace("{source: starter}", "{source: starter, chat_template: own.jinja}")
    assert suite != SUITE
    with pytest.raises(SuiteError) as found:
        resolve(parse_suite(suite, tmp_path / "suite.yaml", known()), tmp_path / "home")
    (problem,) = found.value.problems
    assert problem.key == "models.base.chat_template"
    assert problem.message.startswith("own.jinja: it is not valid Jinja: line 1")
