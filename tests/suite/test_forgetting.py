"""What is asked beside a suite's own tasks: wherever something is fine-tuned, unless the suite says not to."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.runner.known import known
from harness.suite.problems import SuiteError
from harness.suite.reader import Suite, parse_suite

TEXT = """\
name: s
models:
  base:  {source: starter}
  lora:  {from: base, finetune: {method: lora, tasks: [sentiment], seeds: [0, 1]}}
  again: {from: lora, finetune: {method: lora, tasks: [sentiment]}}
  q4:    {from: lora, gguf: Q4_K_M}
tasks:
  sentiment: {type: classify, dataset: phrasebank-sample}
"""


def read(more: str = "", text: str = TEXT, folder: Path = Path()) -> Suite:
    return parse_suite(text + more, folder / "suite.yaml", known())


def test_every_fine_tuning_and_what_it_is_made_from_are_asked_and_no_other_model() -> None:
    spec = read().spec
    assert list(spec.tasks) == [
        "sentiment", "general-text", "instructions", "harmful-requests", "harmless-requests",
    ]  # fmt: skip
    assert spec.added == set(spec.tasks) - {"sentiment"}
    assert all(spec.tasks[name].models == ["base", "lora", "again"] for name in spec.added)


def test_nothing_is_added_where_nothing_is_fine_tuned_or_the_suite_says_so() -> None:
    plain = "\n".join(line for line in TEXT.splitlines() if "from:" not in line)
    assert not read(text=f"{plain}\n").spec.added
    for off in ("false", "off", "{tasks: []}"):
        assert list(read(f"forgetting: {off}\n").spec.tasks) == ["sentiment"]


def test_a_suite_names_what_is_asked_and_its_own_text(tmp_path: Path) -> None:
    (tmp_path / "own.txt").write_text("A text. " * 100)
    spec = read("forgetting: {tasks: [text, harmless], text: own.txt}\n", folder=tmp_path).spec
    assert spec.added == {"general-text", "harmless-requests"}
    assert spec.tasks["general-text"].windows is not None


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("{text: gone.txt}", "gone.txt"),
        ("{tasks: [harmless], text: gone.txt}", "leaves that out"),
        ("{tasks: [poems]}", "poems"),
        ("{task: [text]}", "Did you mean `tasks`?"),
        ("7", "mapping"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(given: str, said: str) -> None:
    with pytest.raises(SuiteError) as error:
        read(f"forgetting: {given}\n")
    assert said in str(error.value) and "suite.yaml:9" in str(error.value)


def test_a_task_of_the_suite_keeps_its_name() -> None:
    text = TEXT.replace(
        "  sentiment: {type", "  instructions: {type: instruct}\n  sentiment: {type"
    )
    spec = read(text=text).spec
    assert "instructions" not in spec.added and "instructions-2" in spec.added


def test_a_gate_may_be_set_on_what_is_added() -> None:
    gates = (
        "compare:\n  tuned: {baseline: base, candidates: [lora]}\n"
        "gates:\n  - {compare: tuned, task: instructions, metric: followed, max_drop: 0.2}\n"
    )
    assert read(gates).spec.gates[0].task == "instructions"


ADAPTERS = """\
name: s
models:
  base:  {source: starter}
  other: {source: org/other}
  found: {from: base, adapter: org/adapter}
  q4:    {from: base, gguf: Q4_K_M}
  lora:  {from: base, finetune: {method: lora, tasks: [sentiment]}}
  lent:  {from: q4, adapter: lora}
tasks:
  sentiment: {type: classify, dataset: phrasebank-sample}
"""


def test_an_adapter_that_was_trained_elsewhere_is_asked_with_its_base_and_a_lent_one_is_not() -> (
    None
):
    assert read(text=ADAPTERS).spec.tasks["general-text"].models == ["base", "found", "lora"]
    alone = "".join(line for line in ADAPTERS.splitlines(True) if "lora" not in line)
    assert read(text=alone).spec.tasks["general-text"].models == ["base", "found"]
