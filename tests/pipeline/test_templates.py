"""Chat templates that lose what is asked: mended where a list of parts is wanted, refused in one message else."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
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
    told_apart = [check for check in outcome.summary.checks if check.name == "prompts"]
    assert {check.status for check in told_apart} == {"passed"}
    assert sorted(check.task for check in told_apart) == sorted(outcome.summary.tasks)


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


def test_what_a_tokenizer_cannot_tell_apart_fails_its_task_alone_or_is_allowed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def share(tokenizer: object, prompts: Iterable[Sequence[int]]) -> float:
        return 0.5 if max(map(len, prompts)) < 60 else 0.1

    monkeypatch.setattr("harness.models.parity.legible.unknown_share", share)
    (tmp_path / "own.jinja").write_text(LOOP % "{{ m.content }}")
    run_here(monkeypatch)
    file = tmp_path / "mine.yaml"
    file.write_text(SUITE.replace("  free: {", "  free: {models: [base], "))
    place = Place(tmp_path, file)
    outcome, _ = place.run()
    status = {cell.task: cell.status for cell in outcome.summary.cells}
    assert status == {"sentiment": "ok", "summary": "ok", "free": "failed", "fidelity": "ok"}
    (failed,) = [check for check in outcome.summary.checks if check.status == "failed"]
    assert (failed.name, failed.task) == (
        "prompts",
        "free",
    ) and "50% of the tokens" in failed.message
    (cell,) = [cell for cell in outcome.summary.cells if cell.error is not None]
    assert cell.error is not None and "mismatch: allow" in cell.error.hint
    assert outcome.summary.tasks["summary"].unknown_tokens == {"base": 0.1}
    place.rewrite("{seed: 0,", "{seed: 0, mismatch: allow,")
    outcome, _ = place.run()
    assert {cell.status for cell in outcome.summary.cells} == {"ok"}
    assert {c.task for c in outcome.summary.checks if c.status == "allowed"} == {"free"}
