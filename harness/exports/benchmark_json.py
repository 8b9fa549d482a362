"""pytest-benchmark's JSON, so that `pytest-benchmark compare` shows timings and their changes.

A benchmark is a model at a shape. Its unit of work is a token: times are seconds a token, "OPS" are tokens
per second, a round is a repetition. The machine is told by what it is, not by its name.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import mean, median, stdev
from typing import Any

from harness.errors import InputError
from harness.exports.plain import finite
from harness.exports.results import Exported, Results
from harness.files import write_json
from harness.records import Cell, SpeedDetails, SpeedFigures

VERSION = "5.1.0"
"""The version of pytest-benchmark whose form this is."""


def export_benchmarks(results: Results, out: Path) -> Exported:
    """Writes one JSON file.

    Raises:
        InputError: nothing was timed.
    """
    cells = [cell for cell in results.cells(timed=True) if "speed" in cell.details]
    if not cells:
        raise InputError(
            f"{results.suite}: no model was timed, and pytest-benchmark compares only times",
            "A task of the type `speed` times models; `--to csv` writes every other figure.",
        )
    file = out if out.suffix == ".json" else out / "pytest-benchmark.json"
    write_json(file, finite(as_session(results, cells)))
    left = "only the type `speed` is in this format: all other figures are left out"
    others = [left] if len(cells) < len(results.cells()) else []
    return Exported((file,), (*results.failures(), *others))


def as_session(results: Results, cells: Sequence[Cell]) -> dict[str, Any]:
    """What a session of pytest-benchmark would have saved."""
    summary = results.summary
    machine = summary.machine_of(cells[0])
    system, _, release = str(machine.get("system", "")).partition(" ")
    return {
        "machine_info": {
            "node": "",
            "processor": machine.get("architecture", ""),
            "machine": machine.get("architecture", ""),
            "python_version": summary.software.get("python", ""),
            "system": system,
            "release": release,
            "cpu": {
                "brand_raw": machine.get("processor", ""),
                "count": machine.get("logical_cores"),
            },
        },
        "commit_info": {
            "id": "unversioned",
            "time": None,
            "author_time": None,
            "dirty": False,
            "project": results.suite,
            "branch": "(unknown)",
        },
        "benchmarks": [one for cell in cells for one in _benchmarks(results, cell)],
        "datetime": summary.created,
        "version": VERSION,
    }


def _benchmarks(results: Results, cell: Cell) -> Iterator[dict[str, Any]]:
    details = SpeedDetails.model_validate(cell.details["speed"])
    for shape in details.shapes:
        tokens = shape.tokens * shape.batch_size
        seconds = [1 / rate for round in shape.repetitions for rate in round if rate > 0]
        if not seconds:
            continue
        name = f"{cell.task} {_title(shape)}"
        yield {
            "group": name,
            "name": f"{name}[{cell.model}]",
            "fullname": f"{results.suite}::{name}[{cell.model}]",
            "params": {"model": cell.model},
            "param": cell.model,
            "extra_info": {
                "tokens_per_second": shape.tokens_per_second.model_dump(),
                "confidence": results.summary.confidence,
                "doubts": [f"{one.kind}: {one.message}" for one in details.warnings],
                "engine": dict(cell.engine),
            },
            "options": {
                "disable_gc": False,
                "timer": "perf_counter",
                "min_rounds": len(seconds),
                "max_time": 0.0,
                "min_time": 0.0,
                "warmup": True,
            },
            "stats": {**statistics(seconds), "data": seconds, "iterations": tokens},
        }


def _title(shape: SpeedFigures) -> str:
    many = f"x{shape.batch_size}" * (shape.batch_size > 1)
    behind = f"@{shape.depth}" * (shape.depth > 0)
    return f"{shape.phase}-{shape.tokens}{many}{behind}"


def statistics(seconds: Sequence[float]) -> dict[str, Any]:
    """The statistics that pytest-benchmark keeps, as it defines them."""
    ordered = sorted(seconds)
    total, middle = sum(seconds), mean(seconds)
    spread = stdev(seconds) if len(seconds) > 1 else 0
    first, third = _quartiles(ordered)
    fence = 1.5 * (third - first)
    inside = [x for x in ordered if first - fence <= x <= third + fence]
    by_spread = sum(abs(x - middle) > spread for x in seconds)
    by_fence = len(ordered) - len(inside)
    return {
        "min": ordered[0],
        "max": ordered[-1],
        "mean": middle,
        "stddev": spread,
        "rounds": len(seconds),
        "median": median(seconds),
        "iqr": third - first,
        "q1": first,
        "q3": third,
        "iqr_outliers": by_fence,
        "stddev_outliers": by_spread,
        "outliers": f"{by_spread};{by_fence}",
        "ld15iqr": inside[0],
        "hd15iqr": inside[-1],
        "ops": len(seconds) / total,
        "total": total,
    }


def _quartiles(ordered: Sequence[float]) -> tuple[float, float]:
    """First and third quartile: of an even number the medians of the halves, of an odd one the weighted
    mean of neighbours."""
    n = len(ordered)
    if n == 1:
        return ordered[0], ordered[0]
    if n % 2 == 0:
        return median(ordered[: n // 2]), median(ordered[n // 2 :])
    k = n // 4
    if n % 4 == 1:
        first, third = (k - 1, 0.25), (3 * k, 0.75)
    else:
        first, third = (k, 0.75), (3 * k + 1, 0.25)
    return _between(ordered, *first), _between(ordered, *third)


def _between(ordered: Sequence[float], index: int, weight: float) -> float:
    return weight * ordered[index] + (1 - weight) * ordered[index + 1]
