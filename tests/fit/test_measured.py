"""Estimates against the peaks of fresh processes, for the starter; larger models: `make bench`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.fit.shape import read_shape
from harness.models.convert import convert
from harness.models.quantize import quantize
from harness.starter import MODEL_FOLDER
from tests.fit.cases import QUICK, TOLERANCE, Case


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("measured")
    found = {name: folder / f"{name}.gguf" for name in ("F16", "Q4_K_M")}
    convert(MODEL_FOLDER, found["F16"])
    quantize(found["F16"], found["Q4_K_M"], "Q4_K_M", 1)
    return found


@pytest.mark.parametrize("case", QUICK, ids=lambda case: case.name)
def test_a_process_takes_what_was_estimated(case: Case, files: dict[str, Path]) -> None:
    shape = read_shape(json.loads((MODEL_FOLDER / "config.json").read_text()))
    peak = case.measure(MODEL_FOLDER, files)
    assert case.estimate(shape).resident.total == pytest.approx(peak.whole, rel=TOLERANCE)
