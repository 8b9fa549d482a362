"""A fine-tuning on instructions, from the file to the report."""

from __future__ import annotations

import json
from pathlib import Path

from harness.reporting.markdown import markdown
from harness.reporting.sections import document
from harness.runner.run import Options, prepare, run
from harness.runner.walk import Quiet

SUITE = """\
name: instructed
forgetting: false
models:
  base: {source: starter}
  lora: {from: base, finetune: {method: lora, instructions: rows.jsonl, rank: 4, epochs: 1}}
tasks:
  sentiment: {type: classify, dataset: phrasebank-sample, limit: 4}
"""


def test_what_was_learned_stands_in_the_report(tmp_path: Path) -> None:
    rows = [{"instruction": f"Count to {n}.", "output": str(n)} for n in range(12)]
    text = "".join(f"{json.dumps(row)}\n" for row in [*rows, rows[0]])
    (tmp_path / "rows.jsonl").write_text(text)
    (tmp_path / "suite.yaml").write_text(SUITE)
    options = Options(results=tmp_path / "results", home=tmp_path / "home")
    outcome = run(prepare(tmp_path / "suite.yaml", options), options, Quiet(), [])
    assert [cell.status for cell in outcome.summary.cells] == ["ok", "ok"]
    training = outcome.summary.models["lora"].training
    assert training is not None and training.examples == 12
    (part,) = training.learned
    assert (part.rows, part.left_out, part.learned) == (13, {"a repetition of another row": 1}, 12)
    page = markdown(document(outcome.summary))
    (line,) = [line for line in page.splitlines() if "| rows.jsonl" in line]
    assert [field.strip() for field in line.split("|")[1:-1]] == [
        "`lora`",
        "rows.jsonl (instructions)",
        "13",
        "1: a repetition of another row",
        "12",
    ]
    again = run(prepare(tmp_path / "suite.yaml", options), options, Quiet(), [])
    assert again.ran == 0
