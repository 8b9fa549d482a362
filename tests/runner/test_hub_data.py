"""Data sets and instructions on the Hub: a stand-in on this machine that speaks its protocol."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.data.opening import open_data
from harness.errors import InputError
from harness.plan.params import ExamplesParams, Params, PromptsParams
from harness.runner.run import Options, Prepared, prepare, run
from harness.runner.walk import Quiet
from tests.hub.hub_client import TOKEN, hub, point_at, waits
from tests.hub.stand_in import Fault, HubStandIn

__all__ = ["hub", "waits"]

SUITE = """\
name: hubdata
forgetting: false
defaults: {limit: 4}
models:
  base: {source: starter}
  lora: {from: base, finetune: {method: lora, %s, limit: 4, epochs: 1}}
tasks:
  teams:
    type: classify
    dataset: {hub: org/tickets, %sprompt: "{{ subject }}. Team:", target: "{{ team }}"}
"""
REPO = "datasets/org/tickets"
TEAMS = ("billing", "delivery")


def table(start: int, count: int) -> bytes:
    rows = [
        f'"Question {n}, about {TEAMS[n % 2]}",{TEAMS[n % 2]}' for n in range(start, start + count)
    ]
    return ("subject,team\n" + "\n".join(rows) + "\n").encode()


def files(folder: str = "") -> dict[str, bytes]:
    return {
        f"{folder}train.csv": table(0, 20),
        f"{folder}test.csv": table(18, 10),
        "README.md": b"#",
    }


def ready(
    folder: Path, given: str = "", learned: str = "tasks: [teams]", fetch: bool = True
) -> Prepared:
    (folder / "suite.yaml").write_text(SUITE % (learned, given))
    options = Options(results=folder / "results", home=folder / "home", may_fetch=fetch)
    return prepare(folder / "suite.yaml", options)


def key(prepared: Prepared, kind: str) -> str:
    (found,) = [step.key for step in prepared.plan.steps.values() if step.kind == kind]
    return found


@pytest.mark.usefixtures("forked")
def test_a_data_set_on_the_hub_is_fetched_once_then_asked_and_learned(
    hub: HubStandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = hub.commit(REPO, files())
    prepared = ready(tmp_path)
    (prompts,) = [step for step in prepared.plan.steps.values() if step.kind == "prompts"]
    dataset = open_data(
        prepared.artifacts.places.data[prompts.given(PromptsParams).contents]
    ).read()
    assert (len(dataset.train), len(dataset.test), dataset.labels) == (18, 10, TEAMS)
    fetched = len(hub.bodies())
    assert fetched == 2, "train.csv and test.csv, and nothing else"
    hub.stop()
    point_at("http://127.0.0.1:9", tmp_path / "hf", monkeypatch)
    options = Options(results=tmp_path / "results", home=tmp_path / "home")
    again = ready(tmp_path, fetch=False)
    summary = run(again, options, Quiet(), []).summary
    assert [cell.status for cell in summary.cells] == ["ok", "ok"]
    assert summary.tasks["teams"].dataset == "org/tickets"
    assert f"org/tickets on the Hub at {commit[:12]}: " in summary.tasks["teams"].description
    assert len(hub.bodies()) == fetched


def test_a_new_commit_with_other_rows_is_another_question(hub: HubStandIn, tmp_path: Path) -> None:
    first = hub.commit(REPO, files())
    before = ready(tmp_path)
    hub.commit(REPO, files() | {"test.csv": table(18, 11)})
    after = ready(tmp_path)
    assert key(after, "prompts") != key(before, "prompts")
    assert key(ready(tmp_path, f"revision: {first}, "), "prompts") == key(before, "prompts")


def test_a_configuration_is_chosen_or_asked_for(hub: HubStandIn, tmp_path: Path) -> None:
    hub.commit(REPO, files("en/") | files("de/"))
    with pytest.raises(InputError, match="several configurations: de, en") as raised:
        ready(tmp_path)
    assert "`config: de`" in raised.value.message and raised.value.exit_code == 2
    assert hub.bodies() == []
    ready(tmp_path, "config: en, ")
    assert len(hub.bodies()) == 2


def test_files_can_be_named_by_patterns(hub: HubStandIn, tmp_path: Path) -> None:
    contents = {f"rows/{n}.csv": table(10 * n, 10) for n in range(3)}
    hub.commit(REPO, contents | {"held.csv": table(30, 6)})
    given = ready(tmp_path, 'train: "rows/*.csv", test: held.csv, ')
    (prompts,) = [step for step in given.plan.steps.values() if step.kind == "prompts"]
    dataset = open_data(given.artifacts.places.data[prompts.given(PromptsParams).contents]).read()
    assert (len(dataset.train), len(dataset.test)) == (30, 6)


@pytest.mark.parametrize(
    ("there", "said", "hint"),
    [
        (False, "org/tickets", ""),
        (True, "terms|gated|access", "HF_TOKEN"),
    ],
)
def test_a_repo_that_is_not_given_has_its_own_message_and_nothing_runs(
    there: bool, said: str, hint: str, hub: HubStandIn, tmp_path: Path
) -> None:
    if there:
        hub.commit(REPO, files(), gated=True)
    with pytest.raises(InputError, match=said) as raised:
        ready(tmp_path)
    assert hint in raised.value.hint
    assert raised.value.message.startswith(str(tmp_path / "suite.yaml"))


def test_offline_and_never_fetched_is_said(
    hub: HubStandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    point_at("http://127.0.0.1:9", tmp_path / "hf", monkeypatch)
    with pytest.raises(InputError, match="org/tickets"):
        ready(tmp_path)


def test_a_plan_downloads_nothing_and_says_what_does(hub: HubStandIn, tmp_path: Path) -> None:
    hub.commit(REPO, files())
    hub.commit("datasets/org/talk", {"rows.jsonl": b'{"instruction": "Go.", "output": "Gone."}\n'})
    with pytest.raises(InputError, match="is not on this machine yet") as raised:
        ready(tmp_path, fetch=False)
    assert "`harness run` downloads it" in raised.value.hint
    for learned in ("tasks: [teams]", "instructions: [{hub: org/talk}]"):
        (tmp_path / "suite.yaml").write_text(SUITE % (learned, ""))
        options = Options(results=tmp_path, home=tmp_path / "home", provisional=True)
        assert "org/tickets" in prepare(tmp_path / "suite.yaml", options).to_fetch
    assert hub.bodies() == []


def test_a_download_that_is_damaged_is_not_used(
    hub: HubStandIn, tmp_path: Path, waits: list[float]
) -> None:
    hub.commit(REPO, files())
    hub.fail("test.csv", Fault("", times=9, flip=True))
    with pytest.raises(InputError):
        ready(tmp_path)
    hub.faults.clear()
    ready(tmp_path)


@pytest.mark.usefixtures("forked")
def test_instructions_on_the_hub_are_learned(hub: HubStandIn, tmp_path: Path) -> None:
    rows = [{"instruction": f"Count to {n}.", "output": str(n)} for n in range(9)]
    rows.append(
        {"instruction": "Team?", "input": "question 19 about DELIVERY; Team", "output": "x"}
    )
    lines = [json.dumps(row).encode() + b"\n" for row in rows]
    parts = {
        f"data/train-{n:05}-of-00002.jsonl": b"".join(lines[5 * n : 5 * n + 5]) for n in range(2)
    }
    hub.commit(REPO, files())
    hub.commit("datasets/org/talk", parts | {"data/test-00000-of-00001.jsonl": lines[0]})
    prepared = ready(tmp_path, learned="instructions: {hub: org/talk}")
    (step,) = [step for step in prepared.plan.steps.values() if step.kind == "examples"]
    assert len(step.given(ExamplesParams).instructions[0].left_out) == 1
    options = Options(results=tmp_path / "results", home=tmp_path / "home")
    training = run(prepared, options, Quiet(), []).summary.models["lora"].training
    assert training is not None
    (part,) = training.learned
    assert (part.name, part.rows, part.learned) == ("org/talk", 10, 4)
    named = ready(tmp_path, learned='instructions: [{hub: org/talk, file: "data/train-*"}]')
    assert key(named, "examples") == key(prepared, "examples")


def test_a_token_opens_a_gated_data_set_and_stands_nowhere(
    hub: HubStandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.commit(REPO, files(), gated=True)
    hub.tokens.add(TOKEN)
    hub.repos[REPO].readers.add(TOKEN)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    prepared = ready(tmp_path)
    steps = [vars(step) for step in prepared.plan.steps.values()]
    assert TOKEN not in json.dumps(steps, default=Params.data)
    written = [file for file in (tmp_path / "home").rglob("*") if file.is_file()]
    assert written and not any(TOKEN.encode() in file.read_bytes() for file in written)
