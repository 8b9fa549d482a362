"""Instruction data in a suite: which keys it changes, and which mistakes are named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.errors import InputError
from harness.plan.builder import make_plan
from harness.plan.graph import Plan
from harness.plan.params import ExamplesParams
from harness.plan.steps import Step
from harness.resolve.resolver import resolve
from harness.runner.known import known
from harness.runner.run import Options, prepare
from harness.suite.problems import SuiteError
from harness.suite.reader import parse_suite

SUITE = """\
name: s
models:
  base: {source: starter}
  lora: {from: base, finetune: {method: lora, %s}}
tasks:
  sentiment: {type: classify, dataset: phrasebank-sample}
  %s
"""
ROWS = [{"instruction": f"Count to {n}.", "output": str(n)} for n in range(30)]


def write_rows(file: Path, rows: list[dict[str, str]]) -> Path:
    file.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return file


def plan(folder: Path, learned: str, tasks: str = "") -> Plan:
    text = SUITE % (learned, tasks)
    suite = parse_suite(text, folder / "suite.yaml", known())
    return make_plan(suite, resolve(suite, folder / "home"))


def examples(made: Plan) -> Step:
    (step,) = [step for step in made.steps.values() if step.kind == "examples"]
    return step


def test_contents_make_the_key_and_paths_do_not(tmp_path: Path) -> None:
    first = write_rows(tmp_path / "first.jsonl", ROWS)
    write_rows(tmp_path / "second.jsonl", ROWS)
    one = examples(plan(tmp_path, "instructions: first.jsonl"))
    assert examples(plan(tmp_path, "instructions: [second.jsonl]")).key == one.key
    assert examples(plan(tmp_path, "instructions: first.jsonl, limit: 3")).key != one.key
    both = "tasks: [sentiment], instructions: first.jsonl"
    assert examples(plan(tmp_path, both)).key != one.key
    write_rows(first, ROWS[1:])
    assert examples(plan(tmp_path, "instructions: first.jsonl")).key != one.key


def test_without_instructions_keys_are_as_they_were(tmp_path: Path) -> None:
    made = plan(tmp_path, "tasks: [sentiment]")
    assert "instructions" not in examples(made).params.data()
    (trained,) = [step for step in made.steps.values() if step.kind == "finetune"]
    assert "instructions" not in trained.params.data()


def test_what_any_task_tests_is_left_out_whether_or_not_it_is_learned(tmp_path: Path) -> None:
    (tmp_path / "tested.csv").write_text("q,a\ncount to 7,7\nWhat else is there to be counted?,x\n")
    (tmp_path / "train.csv").write_text("q,a\nsome,thing\n")
    write_rows(tmp_path / "rows.jsonl", ROWS)
    own = (
        "own: {type: summarize, dataset: {train: train.csv, test: tested.csv, "
        'prompt: "{{ q }}", target: "{{ a }}"}}'
    )
    step = examples(plan(tmp_path, "instructions: rows.jsonl", own))
    assert len(step.given(ExamplesParams).instructions[0].left_out) == 1
    alone = examples(plan(tmp_path, "instructions: rows.jsonl"))
    assert alone.params.data()["instructions"][0]["left_out"] == ()


def test_what_is_left_out_is_looked_for_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_rows(tmp_path / "rows.jsonl", ROWS)
    before = examples(plan(tmp_path, "instructions: rows.jsonl"))

    def never(*given: object) -> None:
        raise AssertionError("looked again")

    monkeypatch.setattr("harness.resolve.lookups.without_tested", never)
    assert examples(plan(tmp_path, "instructions: rows.jsonl")).key == before.key


@pytest.mark.parametrize(
    ("learned", "message"),
    [
        ("instructions: nowhere.json", "there is no file"),
        ("instructions: [rows.jsonl, nowhere.json]", "finetune.instructions.1: there is no file"),
        ("instructions: []", "instructions"),
        ("rank: 4", "a fine-tuning takes `tasks`, `instructions`, or both"),
        ("tasks: []", "a fine-tuning takes `tasks`, `instructions`, or both"),
        ("instructions: rows.jsonl, tasks: [other]", "there is no task `other`"),
    ],
)
def test_mistakes_are_named_before_anything_runs(
    tmp_path: Path, learned: str, message: str
) -> None:
    write_rows(tmp_path / "rows.jsonl", ROWS)
    with pytest.raises(SuiteError) as caught:
        plan(tmp_path, learned)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([{"question": "x", "answer": "y"}], r"rows\.jsonl:1: neither messages nor instruction"),
        ([{"instruction": "Go.", "output": ""}], r"rows\.jsonl: no row has an answer"),
    ],
)
def test_rows_of_no_known_form_are_wrong_input(
    tmp_path: Path, rows: list[dict[str, str]], message: str
) -> None:
    write_rows(tmp_path / "rows.jsonl", rows)
    (tmp_path / "suite.yaml").write_text(SUITE % ("instructions: rows.jsonl", ""))
    with pytest.raises(InputError, match=message) as caught:
        prepare(tmp_path / "suite.yaml", Options(results=tmp_path, home=tmp_path / "home"))
    assert caught.value.exit_code == 2 and isinstance(caught.value, SuiteError)
    (problem,) = caught.value.problems
    assert problem.key.endswith(".finetune.instructions.0") and problem.line > 1
