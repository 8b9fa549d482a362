"""`harness plan` answers whether a suite fits, and `harness run` warns where it does not."""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from harness.cli import fitting
from harness.estimate.facts import Facts
from harness.estimate.forecast import Reckoning
from harness.estimate.machine import Machine
from harness.estimate.words import duration, size, weights
from tests.cli.test_commands import ROOT, run
from tests.estimate.suites import EIGHT, GB, SENTIMENT, forecasted, planned, with_free

QUICKSTART = ROOT / "suites" / "quickstart.yaml"


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Machine:
    """A machine of 12 GB without a GPU, whatever this one has, and where nothing was run yet."""
    monkeypatch.chdir(tmp_path)
    made = with_free(100 * GB, 12 * GB)
    monkeypatch.setenv("HARNESS_HOME", str(tmp_path / "home"))
    for module in (import_module("harness.cli.plan"), fitting):
        monkeypatch.setattr(module, "this_machine", lambda home, probe: made)
    return made


def big(folder: Path) -> Path:
    planned(folder, EIGHT)
    return folder / "suite.yaml"


def test_plan_shows_what_each_model_needs_and_what_it_adds_up_to(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = run("plan", QUICKSTART, monkeypatch=monkeypatch, capsys=capsys)
    assert code == 0
    after = out.partition("Will it fit?")[2]
    assert all(name in after for name in ("base", "lora-f16", "answer", "fine-tune", "time"))
    assert "Free: 100 GB of disk, 12.0 GB of memory; no GPU." in after
    assert "Together: nothing to download" in after
    _, told, _ = run("plan", QUICKSTART, "--json", monkeypatch=monkeypatch, capsys=capsys)
    needs = [need for model in json.loads(told)["fit"]["models"] for need in model["needs"]]
    sizes = {need["step"]: sum(p["bytes"] for p in need["resident"]["parts"]) for need in needs}
    (named,) = (step for step in sizes if f"The largest need: {step}, " in after)
    assert sizes[named] >= 0.95 * max(sizes.values()) and "activations" in after
    assert "Does not fit" not in after


def test_plan_names_what_does_not_fit_and_what_would_help(
    machine: Machine,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, out, _ = run("plan", big(tmp_path), monkeypatch=monkeypatch, capsys=capsys)
    assert code == 0
    assert "NO" in out
    assert "12.0 GB are free. Would help: a GGUF (`gguf: Q8_0`)" in out


def test_one_model_is_shown_part_by_part(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("plan", QUICKSTART, "--fit", "lora")
    code, out, _ = run(*words, monkeypatch=monkeypatch, capsys=capsys)
    assert code == 0
    assert "17.8 MB at 32, 8.9 MB at 16, 4.5 MB at 8, 2.2 MB at 4 bits" in out
    assert "optimizer" in out and "What is made" not in out
    code, _, err = run("plan", QUICKSTART, "--fit", "nix", monkeypatch=monkeypatch, capsys=capsys)
    assert code == 2
    assert "nix" in err and "lora-f16" in err


def test_json_carries_every_need_with_its_parts(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("plan", QUICKSTART, "--json")
    _, out, _ = run(*words, monkeypatch=monkeypatch, capsys=capsys)
    fit: dict[str, Any] = json.loads(out)["fit"]
    assert set(fit) == {"free", "models", "totals", "assumptions", "duration"}
    lora = next(model for model in fit["models"] if model["name"] == "lora")
    need = next(need for need in lora["needs"] if need["what"] == "fine-tune")
    assert {part["name"] for part in need["resident"]["parts"]} >= {"activations", "optimizer"}
    assert lora["bytes_by_bits"]["16"] == 2 * lora["parameters"]
    made = sum(model["disk_bytes"] for model in fit["models"])
    assert fit["totals"]["disk_bytes"] == made


def test_a_run_is_warned_and_goes_on_where_memory_may_not_do(
    machine: Machine, tmp_path: Path
) -> None:
    lines = fitting.unfit(planned(tmp_path, EIGHT), jobs=1)
    assert len(lines) == 1
    assert "base" in lines[0] and "needs" in lines[0] and "Would help" in lines[0]


def test_a_run_is_refused_where_the_disk_has_certainly_no_room(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    machine: Machine,
) -> None:
    small = with_free(10 * GB, 100 * GB)
    monkeypatch.setattr(fitting, "this_machine", lambda home, probe: small)
    results = tmp_path / "results"
    words = ("run", big(tmp_path), "--results", results)
    code, _, err = run(*words, monkeypatch=monkeypatch, capsys=capsys)
    assert code == 2
    assert "16.1 GB have to be written, and 10.0 GB are free" in err
    assert "HARNESS_HOME" in err and not results.exists()
    results.mkdir()
    assert run(*words, monkeypatch=monkeypatch, capsys=capsys)[0] == 2
    assert results.is_dir() and not list(results.iterdir()), "whose it is it stays"


def test_two_at_a_time_are_warned_of_where_one_would_fit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, machine: Machine
) -> None:
    models = EIGHT + "  q8: {from: base, gguf: Q8_0}\n"
    roomy = with_free(1000 * GB, 50 * GB)
    monkeypatch.setattr(fitting, "this_machine", lambda home, probe: roomy)
    prepared = planned(tmp_path, models)
    assert fitting.unfit(prepared, jobs=1) == []
    assert "`--jobs 1`" in fitting.unfit(prepared, jobs=2)[0]


def test_what_is_done_is_needed_no_more(tmp_path: Path) -> None:
    prepared = planned(tmp_path, EIGHT)
    found = Reckoning(prepared, Facts(prepared, with_free(GB, GB))).forecast()
    assert all(not need.done for need in found.models[0].needs)
    assert found.totals.largest is not None
    assert forecasted(tmp_path, EIGHT, SENTIMENT).totals.disk_fits == "yes"


def test_bytes_times_and_counts_read_well() -> None:
    assert [size(n) for n in (0, 900, 4.92e9, 1.4e11, 33e6)] == [
        "-", "900 B", "4.9 GB", "140 GB", "33.0 MB",
    ]  # fmt: skip
    assert [duration(s) for s in (None, 0, 0.3, 20, 400, 9000, 400_000)] == [
        "?", "-", "< 1 s", "20 s", "6.7 min", "2.5 h", "4.6 d",
    ]  # fmt: skip
    assert [weights(n) for n in (None, 134_515_008, 8_030_261_248)] == ["?", "134.5M", "8.0B"]
