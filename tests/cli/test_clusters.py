"""`harness plan --executor ray` says how long a suite takes on a cluster, which need not be there."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pytest

from tests.cli.test_commands import ROOT, run
from tests.estimate.suites import GB, with_free

QUICKSTART = ROOT / "suites" / "quickstart.yaml"
Plan = Callable[..., tuple[int, str, str]]


@pytest.fixture
def plan(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Plan:
    """The command, on a machine of 12 GB that was timed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HARNESS_HOME", str(tmp_path / "home"))
    made = with_free(100 * GB, 12 * GB)
    monkeypatch.setattr(import_module("harness.cli.plan"), "this_machine", lambda *_, **__: made)

    def said(*words: str) -> tuple[int, str, str]:
        return run(
            "plan", QUICKSTART, "--limit", "6", *words, monkeypatch=monkeypatch, capsys=capsys
        )

    return said


def test_more_nodes_take_less_time_until_the_longest_chain_is_left(plan: Plan) -> None:
    found = []
    for nodes in ("1x1cpu,4GB", "2x1cpu,4GB", "64x1cpu,4GB"):
        code, out, _ = plan("--executor", "ray", "--nodes", nodes, "--json")
        assert code == 0
        found.append(json.loads(out)["cluster"])
    one, two, many = (of["seconds"] for of in found)
    assert one == pytest.approx(found[0]["alone"]) and one > two > many
    assert many >= found[2]["chain_seconds"] >= 0.9 * many and found[2]["limit"] == "chain"
    steps = [key for job in found[1]["jobs"] for key in job["steps"]]
    planned = json.loads(plan("--json")[1])["steps"]
    assert sorted(steps) == sorted(s["key"] for s in planned if s["state"] == "would run")


def test_what_limits_it_and_what_lies_idle_is_said_in_words(plan: Plan) -> None:
    code, out, _ = plan("--executor", "ray", "--nodes", "2x1cpu,4GB", "--nodes", "8cpu,64GB,1gpu")
    said = " ".join(out.split())
    assert code == 0
    assert (
        "On a cluster of 3 nodes: 2 with 1 core, 4.00 GB of memory; 1 with 8 cores, 1 GPU" in said
    )
    assert "What limits it is" in said and "of GPUs" in said and "of cores" in said
    assert "a cluster" not in plan()[1]


def test_a_cluster_without_room_is_refused_and_named(plan: Plan) -> None:
    code, _, told = plan("--executor", "ray", "--nodes", "2x1cpu,100MB")
    assert code == 2
    said = " ".join(told.split())
    assert "no node of the cluster has 1 core," in said and "each of 2x1cpu,100MB" in said


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--nodes", "1x1cpu,4GB"), "--nodes belongs to --executor ray"),
        (("--executor", "ray", "--nodes", "1cpu,1GB", "--address", "auto"), "each name a cluster"),
        (("--executor", "ray", "--nodes", "many"), "--nodes many:"),
    ],
)
def test_words_that_name_no_cluster_are_refused(
    plan: Plan, words: tuple[str, ...], why: str
) -> None:
    code, _, told = plan(*words)
    assert code == 2 and why in " ".join(told.split())


def test_without_a_probe_the_steps_whose_time_nobody_knows_are_named(
    plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    of = import_module("harness.cli.plan")
    machine = of.this_machine()
    free = replace(machine.free, operations_per_second=None)
    monkeypatch.setattr(of, "this_machine", lambda *_, **__: replace(machine, free=free))
    code, out, _ = plan("--executor", "ray", "--nodes", "2x1cpu,4GB")
    assert code == 0 and "How long it takes is not known" in out and "fine-tune lora" in out
    data = json.loads(plan("--executor", "ray", "--nodes", "2x1cpu,4GB", "--json")[1])["cluster"]
    assert data["seconds"] is None and len(data["unknown"]) > 10


def test_a_plan_shows_which_cells_several_workers_ask(plan: Plan) -> None:
    code, out, _ = plan("--executor", "ray", "--nodes", "4x1cpu,4GB", "--parts", "3", "--json")
    data = json.loads(out)
    assert code == 0 and {"model": "base", "task": "sentiment", "parts": 3} in data["parts"]
    assert not any(of["task"] in ("speed", "load") for of in data["parts"])
    known = {step["key"] for step in data["steps"]}
    placed = [key for job in data["cluster"]["jobs"] for key in job["steps"]]
    assert sum(key not in known for key in placed) == sum(of["parts"] for of in data["parts"])
    assert "would run, in 3 parts" in " ".join(plan("--jobs", "3", "--parts", "3")[1].split())
    assert json.loads(plan("--jobs", "3", "--parts", "1", "--json")[1])["parts"] == []
    assert json.loads(plan("--json")[1])["parts"] == []


def test_more_parts_than_workers_are_refused(plan: Plan) -> None:
    code, _, said = plan("--parts", "2")
    assert code == 2 and "--parts 2" in said and "--jobs 2" in said
