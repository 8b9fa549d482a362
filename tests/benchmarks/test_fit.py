"""Estimates of memory against measured peaks, for models of up to half a billion weights.

    python -m tests.benchmarks.test_fit [MODEL…]

measures all and prints the table of docs/fit.md; `make bench ONLY=fit` judges each row. Models have
random weights at true shape: nothing is downloaded. None takes more than 5 GB.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tabulate import tabulate

from harness.estimate.converting import merging_memory
from harness.estimate.shape import ModelShape, read_shape
from harness.models.gguf.convert import convert
from harness.models.gguf.quantize import quantize
from harness.models.random_weights import write_random_model
from harness.models.shapes import SHAPES, configuration
from harness.starter import MODEL_FOLDER
from tests.estimate.cases import MODELS, TOLERANCE
from tests.estimate.measured import measure

MB = 1_000_000


def make(name: str, folder: Path) -> tuple[Path, dict[str, Path]]:
    """The weights of a model, and its GGUF files."""
    weights = MODEL_FOLDER
    if name in SHAPES:
        weights = folder / "weights"
        weights.mkdir()
        write_random_model(weights, configuration(name, {}), seed=0)
    files = {kind: folder / f"{kind}.gguf" for kind in ("F16", "Q4_K_M")}
    convert(weights, files["F16"])
    quantize(files["F16"], files["Q4_K_M"], "Q4_K_M", 1)
    return weights, files


def shape_of(weights: Path) -> ModelShape:
    return read_shape(json.loads((weights / "config.json").read_text()))


@pytest.fixture(scope="module", params=MODELS)
def made(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Path, dict[str, Path]]]:
    folder = tmp_path_factory.mktemp(request.param)
    yield request.param, *make(request.param, folder)


@pytest.mark.parametrize("number", range(max(map(len, MODELS.values()))))
def test_a_process_takes_what_was_estimated(benchmark: Any, made: Any, number: int) -> None:
    name, weights, files = made
    if number >= len(MODELS[name]):
        pytest.skip("this model has fewer cases")
    case = MODELS[name][number]
    if case.varies:
        pytest.skip("what this takes differs from run to run; docs/fit.md has its range")
    peak = benchmark.pedantic(lambda: case.measure(weights, files), rounds=1)
    estimate = case.estimate(shape_of(weights)).resident.total
    benchmark.extra_info |= {"case": case.name, "estimate": estimate, "peak": peak.whole}
    assert estimate == pytest.approx(peak.whole, rel=TOLERANCE)


def rows(name: str, folder: Path) -> Iterator[tuple[str, str, float, float, str]]:
    """Model, work, estimate and peak in MB, and by how much the estimate is off."""
    weights, files = make(name, folder)
    shape = shape_of(weights)
    for case in MODELS[name]:
        estimate = case.estimate(shape).resident.total
        peak = case.measure(weights, files).whole
        yield _row(name, case.name, estimate, peak)
    adapter = folder / "adapter"
    tuning = {"examples": 2, "prompt_tokens": 20, "target_tokens": 4, "learning_rate": 1e-3}
    measure("finetune", weights=str(weights), adapter=str(folder), **tuning)
    peak = measure("merge", weights=str(weights), adapter=str(adapter), base_precision="full").whole
    yield _row(name, "merging", merging_memory(shape, 16).resident.total, peak)


def _row(name: str, work: str, estimate: int, peak: int) -> tuple[str, str, float, float, str]:
    return name, work, estimate / MB, peak / MB, f"{estimate / peak - 1:+.1%}"


def main() -> None:
    """Measures all cases, or those of the models that are named, and prints a Markdown table."""
    found = []
    for name in sys.argv[1:] or MODELS:
        with tempfile.TemporaryDirectory() as folder:
            for row in rows(name, Path(folder)):
                print(*row, file=sys.stderr, flush=True)
                found.append(row)
    heads = ("model", "work", "estimate, MB", "peak, MB", "difference")
    print(tabulate(found, heads, tablefmt="github", floatfmt=",.0f"))


if __name__ == "__main__":
    main()
