"""Estimates against the peaks that docs/fit.md records; `make bench ONLY=fit` measures them anew."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness.estimate.converting import merging_memory
from harness.estimate.shape import ModelShape, read_shape
from harness.models.shapes import SHAPES
from harness.starter import MODEL_FOLDER
from tests.estimate.cases import MODELS, TOLERANCE

PAGE = Path(__file__).parents[2] / "docs" / "fit.md"
MERGING = "merging"


@dataclass(frozen=True)
class Row:
    """A line of the table, in MB."""

    model: str
    work: str
    estimate: float
    peak: float


def rows() -> list[Row]:
    found = []
    for line in PAGE.read_text(encoding="utf-8").split("\n"):
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 5 and cells[0] in MODELS:
            figures = (float(cell.replace(",", "")) for cell in cells[2:4])
            found.append(Row(cells[0], cells[1], *figures))
    return found


def shape_of(model: str) -> ModelShape:
    own = json.loads((MODEL_FOLDER / "config.json").read_text())
    return read_shape(own if model == "starter" else SHAPES[model])


def estimate(row: Row) -> float:
    if row.work == MERGING:
        return merging_memory(shape_of(row.model), 16).resident.total / 1e6
    case = next(case for case in MODELS[row.model] if case.name == row.work)
    return case.estimate(shape_of(row.model)).resident.total / 1e6


def varies(row: Row) -> bool:
    return any(case.varies for case in MODELS[row.model] if case.name == row.work)


def test_every_case_is_recorded() -> None:
    recorded = {(row.model, row.work) for row in rows()}
    cases = {(model, case.name) for model, cases in MODELS.items() for case in cases}
    assert recorded == cases | {(model, MERGING) for model in MODELS}


@pytest.mark.parametrize("row", rows(), ids=lambda row: f"{row.model}: {row.work}")
def test_estimates_are_those_of_the_page_and_within_15_percent_of_the_peaks(row: Row) -> None:
    found = estimate(row)
    assert found == pytest.approx(row.estimate, abs=0.6)
    if not varies(row):
        assert found == pytest.approx(row.peak, rel=TOLERANCE)
