"""Data that cannot be read, or is too little for what a suite does with it: the suite's mistake, with its line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.runner.run import Options, Prepared, prepare
from harness.suite.problems import Problem, SuiteError

SUITE = """\
name: own
models:
  base: {source: starter}
%s
tasks:
%s
"""
TASK = '  %s: {type: classify, %sdataset: {%s, prompt: "{{ text }}", target: "{{ label }}"}}'
LORA = "  lora: {from: base, finetune: {method: lora, tasks: [good], epochs: 1}}"
GOOD = TASK % ("good", "", "file: good.jsonl")


def write_rows(file: Path, count: int, first: int = 0) -> None:
    rows = [{"text": f"Text {n}", "label": "ab"[n % 2]} for n in range(first, first + count)]
    file.write_text("".join(f"{json.dumps(row)}\n" for row in rows))


def ready(folder: Path, *tasks: str, models: str = "") -> Prepared:
    write_rows(folder / "good.jsonl", 40)
    file = folder / "own.yaml"
    file.write_text(SUITE % (models, "\n".join((GOOD, *tasks))))
    return prepare(file, Options(results=folder / "results", home=folder / "home"))


def problems(folder: Path, *tasks: str, models: str = "") -> tuple[Problem, ...]:
    with pytest.raises(SuiteError) as found:
        ready(folder, *tasks, models=models)
    assert found.value.exit_code == 2
    return found.value.problems


@pytest.mark.parametrize(
    ("name", "data", "said", "hint"),
    [
        ("x.csv", "text;label\na;b\n", "x.csv:1: the header 'text;label'", 'delimiter: ";"'),
        ("x.csv", "text,label\na,b,c\n", "x.csv:2: 3 fields where the header has 2", "quotes"),
        ("x.csv", 'text,label\n"a,b\n', "x.csv:2: not CSV", ""),
        ("x.csv", "", "x.csv: it is empty", "another"),
        ("x.csv", "text,label\n", "x.csv: it holds no rows", "another"),
        ("x.jsonl", '{"text": "a"\n', "x.jsonl:1: not JSON", ""),
        ("x.jsonl", '[{"text": "a", "label": "b"}]', "x.jsonl:1: this is an array", ".json"),
        ("x.json", '{"text": "a", "label": "b"}', "x.json: not an array of rows", ""),
        ("x.csv", "Text,Label\na,b\n", "no column 'text' in", "'Text'"),
        ("x.parquet", "PAR1", "x.parquet: not a Parquet file", ""),
        ("x.xlsx", "", "x.xlsx: a workbook", "CSV"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_is_a_mistake_of_the_suite(
    tmp_path: Path, name: str, data: str, said: str, hint: str
) -> None:
    (tmp_path / name).write_text(data)
    (problem,) = problems(tmp_path, TASK % ("bad", "", f"file: {name}"))
    assert problem.line == 7 and problem.key == "tasks.bad.dataset"
    assert said in problem.message and hint in f"{problem.message} {problem.hint}"


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "rows").mkdir()
    (problem,) = problems(tmp_path, TASK % ("bad", "", "file: rows"))
    assert "is a folder" in problem.message


def test_all_mistakes_are_named_together(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("text;label\n")
    (tmp_path / "y.jsonl").write_text("[")
    (tmp_path / "rows.jsonl").write_text('{"question": "x"}\n')
    tuned = "  lora: {from: base, finetune: {method: lora, instructions: [rows.jsonl]}}"
    tasks = (TASK % ("x", "", "file: x.csv"), TASK % ("y", "", "file: y.jsonl"))
    found = problems(tmp_path, *tasks, models=tuned)
    assert [problem.key for problem in found] == ["tasks.x.dataset", "tasks.y.dataset"]
    (problem,) = problems(tmp_path, models=tuned)
    assert problem.key == "models.lora.finetune.instructions.0" and problem.line == 4


def test_a_delimiter_of_the_suite_is_used_and_is_part_of_the_key(tmp_path: Path) -> None:
    lines = "".join(f"Text, {n};{'ab'[n % 2]}\n" for n in range(20))
    (tmp_path / "x.csv").write_text(f"text;label\n{lines}")
    found = ready(tmp_path, TASK % ("own", "", 'delimiter: ";", file: x.csv'))
    assert found.plan.readings["own"].rows == 20
    (problem,) = problems(tmp_path, TASK % ("own", "", 'delimiter: ";;", file: x.csv'))
    assert problem.key == "tasks.own.dataset.delimiter"
    (problem,) = problems(tmp_path, TASK % ("own", "", "encoding: utf-9, file: x.csv"))
    assert "`utf-9` is no encoding" in problem.message


def test_an_empty_test_part_is_refused_with_the_remedy(tmp_path: Path) -> None:
    write_rows(tmp_path / "few.jsonl", 1)
    (problem,) = problems(tmp_path, TASK % ("few", "", "file: few.jsonl, test_share: 0.01"))
    assert problem.message == "the test part of few.jsonl is empty (1 row read)"
    assert "Raise `test_share` (now 0.01)" in problem.hint
    (tmp_path / "none.jsonl").write_text('{"text": "", "label": "a"}\n')
    (problem,) = problems(tmp_path, TASK % ("few", "", "train: good.jsonl, test: none.jsonl"))
    assert "left out: 1, an empty prompt" in problem.message and "file with rows" in problem.hint


def test_shots_and_fine_tunings_need_a_train_part(tmp_path: Path) -> None:
    write_rows(tmp_path / "test.jsonl", 6)
    write_rows(tmp_path / "train.jsonl", 3, first=4)
    task = TASK % ("few", "shots: 2, ", "train: train.jsonl, test: test.jsonl")
    (problem,) = problems(tmp_path, task)
    assert problem.key == "tasks.few.shots"
    assert problem.message.startswith("2 shots, and the train part of test.jsonl has 1 row")
    tuned = LORA.replace("good", "few")
    write_rows(tmp_path / "train.jsonl", 3, first=3)
    (problem,) = problems(tmp_path, task.replace("shots: 2, ", ""), models=tuned)
    assert problem.key == "models.lora.finetune.tasks.0" and "is empty" in problem.message
    ready(tmp_path, task.replace("shots: 2, ", ""))


def test_what_all_is_tested_by_another_task_cannot_be_learned(tmp_path: Path) -> None:
    write_rows(tmp_path / "other.jsonl", 3, first=90)
    task = TASK % ("all", "", "train: other.jsonl, test: good.jsonl")
    (problem,) = problems(tmp_path, task, models=LORA)
    assert "all 29 rows that good would teach are tested" in problem.message


def test_what_was_read_is_remembered_by_its_contents(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "x.jsonl").write_text(
        '{"text": "a", "label": "x"}\n{"text": "A", "label": "y"}\n{"text": "b", "label": ""}\n'
        + "".join(f'{{"text": "Text {n}", "label": "{"xX"[n % 2]}"}}\n' for n in range(20))
    )
    task = TASK % ("own", "", "file: x.jsonl")
    reading = ready(tmp_path, task).plan.readings["own"]
    assert reading.rows == 23 and reading.parts["train"] + reading.parts["test"] == 20
    assert [(one.rows, one.reason) for one in reading.left_out] == [
        (1, "an empty target"),
        (2, "the same sentence carries two labels"),
    ]
    assert reading.left_out[1].places == ["x.jsonl:1", "x.jsonl:2"]
    assert reading.warnings == ["labels that differ in case only count as different ones: X, x"]
    monkeypatch.setattr("harness.resolve.lookups.reading_of", pytest.fail)
    assert ready(tmp_path, task).plan.readings["own"] == reading
