"""Summaries of older versions are read where nothing they say in words has to be understood."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from harness.cli import main
from harness.errors import InputError
from harness.records import (
    SUMMARY_SCHEMA,
    ConvertStep,
    FinetuneStep,
    MergeStep,
    Permission,
    QuantizeStep,
    SourceStep,
)
from harness.results.baselines import read_baseline
from harness.results.cell_folder import SAMPLES
from harness.results.store import ResultsStore, read_summary
from harness.sealed import SEAL
from tests.results.made import write_results

MODELS = {
    "base": {"source": "org/base", "trust_remote_code": True},
    "q4": {"from": "lora", "gguf": "Q4_K_M"},
    "lora": {"from": "base", "finetune": {"method": "lora", "tasks": ["sentiment"], "rank": 8}},
    "file": {"gguf": "org/repo/file.gguf"},
}


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """Results whose summary is of version 1, when nothing had a seal."""
    folder = write_results(tmp_path / "old", {name: [True, False] * 6 for name in MODELS})
    for file in folder.glob("cells/*/*/result.json"):
        data = json.loads(file.read_text())
        del data[SEAL], data[SAMPLES]
        file.write_text(json.dumps(data))
    rewrite(folder, first_version)
    return folder


def rewrite(folder: Path, change: Any) -> None:
    file = folder / "summary.json"
    changed = change(json.loads(file.read_text()))
    changed.pop(SEAL, None)  # which version 1 did not write
    file.write_text(json.dumps(changed))


def first_version(data: dict[str, Any]) -> dict[str, Any]:
    data["schema"] = "harness-summary/1"
    data["suite"]["spec"]["models"] = MODELS
    for name, model in data["models"].items():
        model |= {"description": f"what {name} is", "lineage": ["some", "words"]}
        model["permissions"] = ["base: trust_remote_code"]
    for task in data["tasks"].values():
        task["metrics"] = {}
    for cell in data["cells"]:
        if cell["model"] == "file":
            cell["engine"] = {"engine": "llamacpp", "dtype": "Q5_K_M"}
    return data


def test_how_models_came_about_is_told_from_the_suite(old: Path) -> None:
    summary = read_summary(old)
    assert summary.schema_ == SUMMARY_SCHEMA
    base = SourceStep(name="org/base")
    lora = FinetuneStep(model="lora", method="lora", rank=8, seed=0)
    assert summary.models["lora"].lineage == [base, lora]
    assert summary.models["q4"].lineage == [
        base,
        lora,
        MergeStep(base_precision="full", trained_on="full"),
        ConvertStep(type="F16"),
        QuantizeStep(type="Q4_K_M"),
    ]
    assert summary.models["file"].lineage == [SourceStep(name="org/repo/file.gguf", type="Q5_K_M")]
    assert summary.models["q4"].permissions == [Permission(model="base", allows="code")]
    assert summary.models["file"].permissions == []


def test_what_is_known_of_metrics_is_told_from_the_suite(old: Path) -> None:
    def named(data: dict[str, Any]) -> dict[str, Any]:
        own = {"python": "a.py:polite", "label": "Politeness", "better": "lower", "unit": "points"}
        data["suite"]["spec"]["tasks"]["sentiment"]["metrics"] = [own]
        data["tasks"]["sentiment"]["metrics"] = {
            "polite": {"label": "Politeness", "unit": "points", "higher_is_better": False}
        }
        return data

    rewrite(old, named)
    found = read_summary(old).tasks["sentiment"].metrics
    assert [(name, of.label, of.own) for name, of in found.items()] == [
        ("accuracy", "Accuracy", False),
        ("macro_f1", "Macro F1", False),
        ("unparsed", "Unparsed answers", False),
        ("polite", "Politeness", True),
    ]
    assert (found["polite"].unit, found["polite"].higher_is_better) == ("points", False)


def test_an_old_baseline_can_be_held_against(old: Path) -> None:
    summary, baseline = read_baseline(old)
    assert baseline.name == "baseline old" and set(summary.models) == set(MODELS)


def test_a_run_writes_an_old_summary_anew(old: Path) -> None:
    assert ResultsStore(old).summary() is None


def no_suite(data: dict[str, Any]) -> dict[str, Any]:
    del data["suite"]["spec"]
    return data


def unknown_model(data: dict[str, Any]) -> dict[str, Any]:
    data["models"]["other"] = data["models"]["base"]
    return data


def newer(data: dict[str, Any]) -> dict[str, Any]:
    return {**data, "schema": "harness-summary/99"}


@pytest.mark.parametrize("change", [no_suite, unknown_model, newer])
def test_what_cannot_be_upgraded_is_refused_with_the_remedy(
    old: Path,
    change: Any,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    rewrite(old, change)
    with pytest.raises(InputError, match="another version of harness") as caught:
        read_summary(old)
    assert "`harness run SUITE`" in caught.value.hint and "asks no model again" in caught.value.hint
    monkeypatch.setattr(sys, "argv", ["harness", "report", str(old)])
    with pytest.raises(SystemExit) as left:
        main()
    assert left.value.code == 2 and "harness run SUITE" in capsys.readouterr().err
