"""How a model came about is told by its suite, without a word that someone would have to read."""

from __future__ import annotations

from typing import Any

import pytest

from harness.plan.lineage import lineage_of, permissions_of, with_type
from harness.records import (
    AdapterStep,
    Cell,
    ConvertStep,
    FinetuneStep,
    LineageStep,
    LoadStep,
    MergeStep,
    Permission,
    QuantizeStep,
    SourceStep,
)
from harness.suite.schema import SuiteSpec

BASE = SourceStep(name="org/base")
MODELS: dict[str, dict[str, Any]] = {
    "base": {"source": "org/base", "trust_remote_code": True},
    "small": {"source": "org/base", "quantize": "nf4"},
    "drawn": {"source": {"architecture": "llama", "layers": 2}, "weights": "random"},
    "file": {"gguf": "org/repo/file.gguf"},
    "guest": {"from": "base", "adapter": "org/adapter", "pickle": True},
    "qlora": {"from": "base", "finetune": {"method": "qlora", "tasks": ["s"], "seeds": [5, 6]}},
    "further": {"from": "qlora", "finetune": {"method": "full", "tasks": ["s"]}},
    "q4": {"from": "qlora", "gguf": "Q4_K_M"},
}
QLORA = FinetuneStep(model="qlora", method="qlora", rank=16, seed=5)
MERGED = MergeStep(base_precision="dequantized", trained_on="nf4")


def spec() -> SuiteSpec:
    tasks = {"s": {"type": "classify", "dataset": "d"}}
    data = {"name": "x", "defaults": {"seed": 3}, "models": MODELS, "tasks": tasks}
    return SuiteSpec.model_validate(data)


@pytest.mark.parametrize(
    ("model", "steps"),
    [
        ("base", [BASE]),
        ("small", [BASE, LoadStep(type="nf4")]),
        ("drawn", [SourceStep(name="llama", random=True, changed={"layers": 2})]),
        ("file", [SourceStep(name="org/repo/file.gguf")]),
        ("guest", [BASE, AdapterStep(name="org/adapter")]),
        ("qlora", [BASE, QLORA]),
        ("further", [BASE, QLORA, MERGED, FinetuneStep(model="further", method="full", seed=3)]),
        ("q4", [BASE, QLORA, MERGED, ConvertStep(type="F16"), QuantizeStep(type="Q4_K_M")]),
    ],
)
def test_the_steps_follow_from_the_suite(model: str, steps: list[LineageStep]) -> None:
    assert list(lineage_of(spec(), model)) == steps


def test_permissions_come_from_all_that_a_model_descends_from() -> None:
    code, pickle = (
        Permission(model="base", allows="code"),
        Permission(model="guest", allows="pickle"),
    )
    assert permissions_of(spec().models, "guest") == (code, pickle)
    assert permissions_of(spec().models, "q4") == (code,)


def test_a_gguf_that_was_asked_says_its_type_and_nothing_else_does() -> None:
    engine = {"engine": "llamacpp", "dtype": "Q5_K_M"}
    cell = Cell(key="k", model="file", task="s", status="ok", engine=engine)
    (source,) = with_type(lineage_of(spec(), "file"), [cell])
    assert isinstance(source, SourceStep) and source.type == "Q5_K_M"
    assert with_type(lineage_of(spec(), "file"), []) == [SourceStep(name="org/repo/file.gguf")]
    assert with_type(lineage_of(spec(), "q4"), [cell]) == list(lineage_of(spec(), "q4"))
