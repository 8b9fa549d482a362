"""Every suite in `suites/` can be planned: without a network and without data, and with data at hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.assignment.templates import built_in
from harness.cli.init import write_suite
from harness.errors import InputError
from harness.runner.run import Options, prepare
from tests.cli.test_commands import ROOT, run
from tests.data.copies import REAL, needs_real
from tests.hub.hub_client import point_at

SUITES = [
    suite
    for suite in sorted((ROOT / "suites").glob("*.yaml"))
    if "../.real/" not in suite.read_text()
]
"""All but what runs on the models that `make demo-real` gets, which `tests/real` runs."""
ASSIGNMENTS = [(name, model) for name in built_in() for model in (None, "starter", "org/repo")]
"""The suites that `harness init --template` writes, by template and model."""
NAMES = [suite.stem for suite in SUITES]


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that has fetched nothing, and a Hub that does not answer."""
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    point_at("http://127.0.0.1:9", tmp_path / "hf", monkeypatch)
    monkeypatch.setenv("HARNESS_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("HARNESS_DATA", raising=False)


LONG_WAIT = "Looking up what the suite names, and at this machine …\n"


def planned(
    *words: object, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> dict[str, Any]:
    code, out, err = run("plan", *words, "--json", monkeypatch=monkeypatch, capsys=capsys)
    assert code == 0
    assert err in ("", LONG_WAIT)
    found: dict[str, Any] = json.loads(out)
    return found


@pytest.mark.usefixtures("nowhere")
@pytest.mark.parametrize("suite", SUITES, ids=NAMES)
def test_a_suite_plans_before_anything_was_fetched(
    suite: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = planned(suite, monkeypatch=monkeypatch, capsys=capsys)
    text = suite.read_text()
    expected = [name for name in ("financial_phrasebank", "samsum") if f"dataset: {name}" in text]
    assert sorted(plan["to_fetch"]) == expected
    assert any(step["kind"] == "cell" for step in plan["steps"])


@pytest.mark.usefixtures("nowhere")
@pytest.mark.parametrize(("template", "model"), ASSIGNMENTS)
def test_the_suite_of_an_assignment_plans_before_anything_was_fetched(
    template: str,
    model: str | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_suite(tmp_path / "homework.yaml", model, template)
    capsys.readouterr()
    test_a_suite_plans_before_anything_was_fetched(tmp_path / "homework.yaml", monkeypatch, capsys)


@needs_real
@pytest.mark.usefixtures("nowhere")
@pytest.mark.parametrize("suite", SUITES, ids=NAMES)
def test_a_suite_plans_with_the_data_at_hand(
    suite: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = planned(suite, "--data-dir", REAL, monkeypatch=monkeypatch, capsys=capsys)
    assert plan["to_fetch"] == []


SUITE = """\
name: absent
models:
  base: {source: starter}
  lora: {from: base, finetune: {method: lora, tasks: [sentiment, dialogue]}}
tasks:
  sentiment: {type: classify, dataset: financial_phrasebank}
  dialogue:  {type: summarize, dataset: samsum}
  sample:    {type: classify, dataset: phrasebank-sample}
"""


@pytest.mark.usefixtures("nowhere")
def test_a_plan_names_the_data_that_is_still_to_be_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    suite = tmp_path / "absent.yaml"
    suite.write_text(SUITE)
    code, out, _ = run("plan", suite, monkeypatch=monkeypatch, capsys=capsys)
    assert code == 0
    assert "Not on this machine yet: financial_phrasebank, samsum." in out
    assert "harness data get" in out and "provisional" in out
    steps = out.partition("What is made")[2]
    assert "ask lora" not in steps and "fine-tune lora" in steps, (
        "the tables stand there all the same"
    )


@needs_real
@pytest.mark.usefixtures("nowhere")
def test_only_keys_of_what_reads_absent_data_are_provisional(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    suite = tmp_path / "absent.yaml"
    suite.write_text(SUITE)
    before = planned(suite, monkeypatch=monkeypatch, capsys=capsys)
    after = planned(suite, "--data-dir", REAL, monkeypatch=monkeypatch, capsys=capsys)
    keys = [{step["label"]: step["key"] for step in plan["steps"]} for plan in (before, after)]
    assert keys[0].keys() == keys[1].keys()
    same = {label for label, key in keys[0].items() if keys[1][label] == key}
    assert {"encode sample for base", "ask base: sample"} <= same
    assert same.isdisjoint(
        {"encode sentiment for base", "encode what lora learns", "ask lora: sample"}
    )


@pytest.mark.usefixtures("nowhere")
def test_a_named_folder_without_the_data_is_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "absent.yaml").write_text(SUITE)
    (tmp_path / "data").mkdir()
    with pytest.raises(InputError, match="no files of financial_phrasebank"):
        prepare(tmp_path / "absent.yaml", Options(data_dir=tmp_path / "data", provisional=True))


@pytest.mark.usefixtures("nowhere")
def test_what_is_to_be_run_takes_no_provisional_keys(tmp_path: Path) -> None:
    (tmp_path / "absent.yaml").write_text(SUITE)
    with pytest.raises(InputError, match="its files are not here"):
        prepare(tmp_path / "absent.yaml", Options())
