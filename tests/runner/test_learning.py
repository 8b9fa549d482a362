"""The step that encodes what is learned: which rows, in which words, and what it says of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.errors import BadDataError
from harness.plan.builder import make_plan
from harness.resolve.resolver import resolve
from harness.runner.jobs import StepJob
from harness.runner.known import known
from harness.runner.steps.examples import examples
from harness.starter import MODEL_FOLDER
from harness.suite.reader import parse_suite
from tests.data.copies import REAL, needs_real

SUITE = """\
name: s
models:
  base: {source: starter}
  lora: {from: base, finetune: {method: lora, %s}}
tasks:
  sentiment: {type: classify, dataset: phrasebank-sample}
"""
SHORT = [{"instruction": f"Count to {n}.", "output": str(n)} for n in range(20)]
LONG = {"instruction": "Count.", "input": "one two " * 2000, "output": "many"}


def encoded(folder: Path, learned: str) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The lines that the step writes for a suite, and what it says of them."""
    suite = parse_suite(SUITE % learned, folder / "suite.yaml", known())
    resolved = resolve(suite, folder / "home")
    made = make_plan(suite, resolved)
    (step,) = [step for step in made.steps.values() if step.kind == "examples"]
    out = folder / "out"
    out.mkdir(exist_ok=True)
    job = StepJob(step, {"tokenizer": str(MODEL_FOLDER)}, places=resolved.places)
    said = examples(job, out, 1, lambda *given, **more: None)
    lines = (out / "examples.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines], json.loads(json.dumps(said))


def write_rows(file: Path, rows: list[dict[str, str]]) -> None:
    file.write_text("".join(f"{json.dumps(row)}\n" for row in rows))


def test_rows_that_do_not_fit_the_model_are_left_out_and_counted(tmp_path: Path) -> None:
    write_rows(tmp_path / "rows.jsonl", [*SHORT, LONG, {**SHORT[0], "output": ""}])
    lines, said = encoded(tmp_path, "instructions: rows.jsonl")
    assert len(lines) == said["examples"] == 20
    (part,) = said["learned"]
    assert (part["name"], part["kind"], part["rows"], part["learned"]) == (
        "rows.jsonl",
        "instructions",
        22,
        20,
    )
    assert part["left_out"] == {"an empty answer": 1, "longer than the model's 1024 tokens": 1}


def test_a_limit_holds_for_each_file_and_a_smaller_one_draws_of_the_larger(tmp_path: Path) -> None:
    write_rows(tmp_path / "a.jsonl", SHORT)
    write_rows(tmp_path / "b.jsonl", [{**row, "instruction": "Again."} for row in SHORT])
    two = "instructions: [a.jsonl, b.jsonl]"
    five, said = encoded(tmp_path, f"{two}, limit: 5")
    three, _ = encoded(tmp_path, f"{two}, limit: 3")
    other, _ = encoded(tmp_path, f"{two}, limit: 5, seed: 1")
    assert [part["learned"] for part in said["learned"]] == [5, 5]
    assert len(three) == 6 and all(line in five for line in three)
    assert other != five


def test_tasks_and_instructions_are_learned_together(tmp_path: Path) -> None:
    write_rows(tmp_path / "rows.jsonl", SHORT)
    lines, said = encoded(tmp_path, "tasks: [sentiment], instructions: rows.jsonl, limit: 4")
    alone, _ = encoded(tmp_path, "tasks: [sentiment], limit: 4")
    assert lines[:4] == alone and len(lines) == 8
    assert [part["kind"] for part in said["learned"]] == ["task", "instructions"]


def test_where_nothing_is_left_to_learn_it_says_why(tmp_path: Path) -> None:
    write_rows(tmp_path / "rows.jsonl", [LONG])
    with pytest.raises(BadDataError, match=r"Nothing of rows\.jsonl .*longer than the model's"):
        encoded(tmp_path, "instructions: rows.jsonl")


def test_a_file_that_changed_since_it_was_planned_is_refused(tmp_path: Path) -> None:
    write_rows(tmp_path / "rows.jsonl", SHORT)
    suite = parse_suite(SUITE % "instructions: rows.jsonl", tmp_path / "suite.yaml", known())
    resolved = resolve(suite, tmp_path / "home")
    made = make_plan(suite, resolved)
    (step,) = [step for step in made.steps.values() if step.kind == "examples"]
    write_rows(tmp_path / "rows.jsonl", SHORT[1:])
    job = StepJob(step, {"tokenizer": str(MODEL_FOLDER)}, places=resolved.places)
    with pytest.raises(BadDataError, match="has changed since"):
        examples(job, tmp_path, 1, lambda *a, **b: None)


@needs_real
@pytest.mark.parametrize(
    ("name", "rows", "kept"), [("alpaca_5000.json", 5000, 4998), ("dolly_3k.json", 2996, 2994)]
)
def test_the_real_files_are_encoded(name: str, rows: int, kept: int, tmp_path: Path) -> None:
    lines, said = encoded(tmp_path, f"instructions: {REAL / 'instruct' / name}, limit: 60")
    (part,) = said["learned"]
    assert part["rows"] == rows and 50 <= part["learned"] == len(lines) <= 60
    dropped = {k: v for k, v in part["left_out"].items() if not k.startswith("longer")}
    assert sum(dropped.values()) == rows - kept
