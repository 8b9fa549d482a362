"""What a fine-tuning broke is measured in every run, and at the cost of nothing that was there before."""

from __future__ import annotations

from pathlib import Path

from harness.plan.steps import Step
from harness.reporting.write import write_report
from harness.runner.run import Options, prepare, run
from harness.runner.walk import Quiet

SUITE = """\
name: tuned
defaults: {limit: 4}
models:
  bare: {source: starter, chat_template: none}
  lora: {from: bare, finetune: {method: lora, tasks: [sentiment], rank: 4, limit: 8, epochs: 1}}
tasks:
  sentiment: {type: classify, dataset: phrasebank-sample}
"""


class Started(Quiet):
    """Writes down the kinds of the steps that were started."""

    def __init__(self) -> None:
        self.kinds: list[str] = []

    def started(self, step: Step) -> None:
        self.kinds.append(step.kind)


def test_it_is_asked_before_and_after_and_makes_nothing_anew(tmp_path: Path) -> None:
    suite = tmp_path / "suite.yaml"
    options = Options(results=tmp_path / "results", home=tmp_path / "home")
    suite.write_text(f"{SUITE}forgetting: false\n")
    assert run(prepare(suite, options), options, Quiet(), []).summary.forgetting == []
    suite.write_text(f"{SUITE}forgetting: {{tasks: [text, harmless]}}\n")
    started = Started()
    summary = run(prepare(suite, options), options, started, []).summary
    assert sorted(started.kinds) == ["cell"] * 4 + ["check"] + ["prompts"] * 2

    (found,) = summary.forgetting
    assert [(row.task, row.n) for row in found.rows] == [("sentiment", 4), ("general-text", 24)]
    assert all(row.low is not None for row in found.rows) and found.learned == ["sentiment"]
    assert "without a chat template" in found.left_out["harmless-requests"]
    empty = [cell for cell in summary.cells if cell.n == 0]
    assert [(cell.model, cell.task) for cell in empty] == [
        ("bare", "harmless-requests"), ("lora", "harmless-requests"),
    ]  # fmt: skip
    assert {cell.status for cell in summary.cells} == {"ok"}
    assert not [check for check in summary.checks if check.status == "failed"]
    read = tmp_path / "results" / "tuned" / "cells" / "lora" / "general-text" / "samples.jsonl"
    assert len(read.read_text().splitlines()) == 24
    assert prepare(suite, options).to_do() == []

    write_report(summary, tmp_path / "reports")
    (page,) = (tmp_path / "reports").rglob("index.html")
    assert "Gains and losses of lora against bare" in page.read_text(encoding="utf-8")
