"""Data sets in a suite: known ones with their keys, and tables of a user's own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.errors import InputError
from harness.plan.builder import make_plan
from harness.plan.graph import Plan
from harness.plan.params import ExamplesParams
from harness.resolve.resolver import resolve
from harness.runner.known import known
from harness.runner.run import Options, prepare
from harness.suite.problems import SuiteError
from harness.suite.reader import parse_suite

HEAD = "name: s\nmodels:\n  base: {source: starter}\n"
TICKETS = """
  teams:
    type: classify
    dataset:
      file: tickets.csv
      prompt: "{{ subject }}\\n\\nTeam:"
      target: "{{ team }}"
"""


def write_tickets(folder: Path, count: int = 40, name: str = "tickets.csv") -> None:
    rows = [f'"Question {n}, about {t}",{t}' for n in range(count) for t in ("billing", "support")]
    (folder / name).write_text("subject,team\n" + "\n".join(rows) + "\n")


def plan(folder: Path, tasks: str, models: str = "") -> Plan:
    text = f"{HEAD}{models}tasks:{tasks}"
    suite = parse_suite(text, folder / "suite.yaml", known())
    return make_plan(suite, resolve(suite, folder / "home"))


def key_of(made: Plan, kind: str) -> str:
    (key,) = [step.key for step in made.steps.values() if step.kind == kind]
    return key


def mistakes(folder: Path, tasks: str) -> str:
    with pytest.raises(SuiteError) as caught:
        parse_suite(f"{HEAD}tasks:{tasks}", folder / "suite.yaml", known())
    return str(caught.value)


def test_contents_and_templates_make_the_key_and_paths_do_not(tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    for folder in (first, second):
        folder.mkdir()
        write_tickets(folder)
    before = key_of(plan(first, TICKETS), "prompts")
    assert key_of(plan(second, TICKETS), "prompts") == before
    assert key_of(plan(first, TICKETS.replace("Team:", "Who:")), "prompts") != before
    write_tickets(second, 41)
    assert key_of(plan(second, TICKETS), "prompts") != before


@pytest.mark.parametrize(
    ("tasks", "message"),
    [
        (TICKETS.replace("tickets.csv", "other.csv"), "there is no file"),
        (TICKETS.replace("file:", "train:"), "`train` and `test` go together"),
        (TICKETS.replace("      file: tickets.csv\n", ""), "a data set takes `file`"),
        (TICKETS.replace("file:", "fil:"), "dataset.fil: unknown key\n    Did you mean `file`?"),
        (TICKETS.replace("prompt:", "promt:"), "dataset.prompt: this key is missing"),
        (TICKETS.replace("file: tickets.csv", "hub: a/b/c"), "dataset.hub"),
        (TICKETS.replace("file: tickets.csv", "hub: a/b\n      confg: x"), "`config`"),
        (TICKETS.replace("file: tickets.csv", "hub: a/b\n      test: x"), "go together"),
        ("\n  t: {type: classify, dataset: [x]}", "t.dataset"),
        (
            "\n  t: {type: classify, dataset: phrasebank-sample, agreement: 66}",
            "has an `agreement`",
        ),
        ("\n  t: {type: classify, dataset: financial_phrasebank, agreement: 60}", "agreement"),
        ("\n  t: {type: classify, dataset: samsum}", "is made for `summarize`"),
        ("\n  t: {type: summarize, dataset: samsum, data_dir: nowhere}", "there is no folder"),
    ],
)
def test_mistakes_are_named_before_anything_runs(tmp_path: Path, tasks: str, message: str) -> None:
    write_tickets(tmp_path)
    assert message in mistakes(tmp_path, tasks)


@pytest.mark.parametrize(
    ("tasks", "message"),
    [
        (TICKETS.replace("{{ team }}", "{{ group }}"), "group"),
        ("\n  t: {type: classify, dataset: financial_phrasebank, data_dir: .}", "no files of"),
    ],
)
def test_data_that_is_not_there_is_wrong_input(
    tmp_path: Path, tasks: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HARNESS_DATA", raising=False)
    write_tickets(tmp_path)
    tuned = "  lora: {from: base, finetune: {method: lora, tasks: [%s]}}\n"
    name = tasks.split(":")[0].strip()
    (tmp_path / "suite.yaml").write_text(
        f"{HEAD}{tuned % name}tasks:{tasks}\n  u: {{type: classify, dataset: phrasebank-sample}}\n"
    )
    with pytest.raises(InputError, match=message):
        prepare(tmp_path / "suite.yaml", Options(results=tmp_path, home=tmp_path / "home"))


def test_what_one_task_tests_no_other_teaches(tmp_path: Path) -> None:
    """The same table, once split by us and once given as test: its rows leave the training set."""
    write_tickets(tmp_path)
    write_tickets(tmp_path, 5, "first.csv")
    write_tickets(tmp_path, 3, "second.csv")
    held = """
  held:
    type: classify
    dataset:
      train: second.csv
      test: first.csv
      prompt: "{{ subject | upper }}  Team:"
      target: "{{ team }}"
"""
    tuned = "  lora: {from: base, finetune: {method: lora, tasks: [teams]}}\n"
    (learned,) = [
        step
        for step in plan(tmp_path, TICKETS + held, tuned).steps.values()
        if step.kind == "examples"
    ]
    (alone,) = [
        step for step in plan(tmp_path, TICKETS, tuned).steps.values() if step.kind == "examples"
    ]
    left_out = learned.given(ExamplesParams).sets[0].left_out
    assert 0 < len(left_out) <= 10
    assert "left_out" not in json.dumps(alone.params.data())
