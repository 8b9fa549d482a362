"""Chat templates that lose what is asked: mended where a list of parts is wanted, refused in one message else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.runner.run import Outcome
from tests.pipeline.conftest import Notes, Place
from tests.pipeline.in_process import run_here

LOOP = (
    "{{ bos_token }}{%% for m in messages %%}<|{{ m.role }}|>%s<|end|>{%% endfor %%}<|assistant|>"
)
PARTS = (
    LOOP % "{% for p in m.content %}{% if p.type == 'text' %}{{ p.text }}{% endif %}{% endfor %}"
)
SUITE = """\
name: mine
defaults: {seed: 0, limit: 3}
models:
  base: {source: starter, chat_template: own.jinja}
tasks:
  sentiment: {type: classify, dataset: phrasebank-sample, shots: 1, system: Be brief.}
  summary: {type: summarize, dataset: dialogue-sample, max_new_tokens: 2}
  free: {type: write, prompts: [Tell me a story.], max_new_tokens: 2}
  fidelity: {type: divergence, dataset: dialogue-sample, reference: base}
"""


def ran(folder: Path, template: str, monkeypatch: pytest.MonkeyPatch) -> tuple[Outcome, Notes]:
    run_here(monkeypatch)
    (folder / "own.jinja").write_text(template)
    (folder / "mine.yaml").write_text(SUITE)
    return Place(folder, folder / "mine.yaml").run()


def test_a_template_that_takes_lists_of_parts_is_given_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcome, notes = ran(tmp_path, PARTS, monkeypatch)
    assert notes.failures == {}
    prompts = list((tmp_path / "home" / "artifacts" / "prompts").glob("*/prompts.jsonl"))
    rows = [json.loads(line) for file in prompts for line in file.open()]
    assert len(rows) == len({row["text"] for row in rows if row["id"]}) == 7
    for row in rows:
        assert all(turn["content"] in row["text"] for turn in row["messages"])
    (told_apart,) = [check for check in outcome.summary.checks if check.name == "prompts"]
    assert told_apart.status == "passed"


def test_a_template_that_leaves_the_text_out_is_refused_in_one_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcome, _ = ran(tmp_path, LOOP % "{{ m.content | lower if loop.first }}", monkeypatch)
    errors = {cell.error for cell in outcome.summary.cells}
    assert len(outcome.summary.cells) == 4 and len(errors) == 1
    (error,) = errors
    assert error is not None and error.kind == "bad-model"
    assert error.message.startswith("could not prepare base: The model's chat template ")
    assert "`chat_template: FILE.jinja`" in error.hint
