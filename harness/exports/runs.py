"""What a tracker of experiments is told of a model: one run, with parameters, figures and the training's curve."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from harness.exports.plain import finite, text
from harness.exports.results import Results
from harness.exports.tidy import doubts_of
from harness.records import Training
from harness.reporting.lineage import lineage_words


@dataclass(frozen=True)
class TrackedPoint:
    """A step of the training's curve."""

    step: int
    seconds: float
    """Since the training began."""
    figures: dict[str, float]


@dataclass(frozen=True)
class TrackedRun:
    """One model of a suite."""

    key: str
    """The same for the same results: by it a run is found again. 64 hexadecimal digits."""
    model: str
    params: dict[str, str | int | float | bool]
    figures: dict[str, float]
    """By task and metric; the ends of an interval as `.low` and `.high`."""
    curve: list[TrackedPoint]
    tags: dict[str, str]
    """What is no figure: failures, doubts, hashes."""
    failed: bool
    """Whether a cell of it failed."""


def tracked_runs(results: Results) -> Iterator[TrackedRun]:
    """A run for each model of the suite."""
    for model in results.summary.models:
        yield TrackedRun(
            key=_key(results, model),
            model=model,
            params=_params(results, model),
            figures=dict(_figures(results, model)),
            curve=list(_curve(results.summary.models[model].training)),
            tags=_tags(results, model),
            failed=any(
                cell.status == "failed" for cell in results.summary.cells if cell.model == model
            ),
        )


def _key(results: Results, model: str) -> str:
    """A hash of what a run holds: results of another day, or of a corrected analysis, are another run."""
    held = results.summary.model_dump(mode="json", by_alias=True, exclude={"commands", "seconds"})
    return hashlib.sha256(json.dumps([held, model], sort_keys=True).encode()).hexdigest()


def _params(results: Results, model: str) -> dict[str, str | int | float | bool]:
    of = results.summary.models[model]
    found: dict[str, Any] = {
        "lineage": lineage_words(of.lineage),
        "engine": of.engine,
        "parameters": of.parameters,
        "bytes": of.bytes,
        "bits_per_weight": of.bits_per_weight,
        "synthetic": of.synthetic,
        "processor": results.summary.machine.get("processor"),
    }
    if of.training is not None:
        found |= {"method": of.training.method, **of.training.hyperparameters}
    return {
        key: value if isinstance(value, bool | int | float) else text(str(value))
        for key, value in finite(found).items()
        if value is not None
    }


def _figures(results: Results, model: str) -> Iterator[tuple[str, float]]:
    of = results.summary.models[model]
    for cell in results.cells():
        if cell.model != model:
            continue
        for name, value in cell.metrics.items():
            ends = {"": value.value, ".low": value.low, ".high": value.high}
            yield from (
                (f"{cell.task}/{name}{end}", figure)
                for end, figure in ends.items()
                if figure is not None
            )
    if of.training is not None:
        yield "training/seconds", of.training.seconds
        yield "training/tokens", float(of.training.tokens)


def _curve(training: Training | None) -> Iterator[TrackedPoint]:
    for point in training.curve if training is not None else ():
        figures = {"training/loss": point.loss, "training/learning_rate": point.learning_rate}
        yield TrackedPoint(point.step, point.seconds, figures)


def _tags(results: Results, model: str) -> dict[str, str]:
    summary = results.summary
    found = {
        "harness.version": summary.software.get("harness", "unknown"),
        "harness.suite": results.suite,
        "harness.suite_sha256": str(summary.suite.get("sha256", "")),
        "harness.model_key": summary.models[model].key,
        "harness.created": summary.created,
    }
    for cell in summary.cells:
        if cell.model != model:
            continue
        if cell.status == "failed":
            found[f"failed.{cell.task}"] = cell.error.message if cell.error else "no reason is kept"
        elif doubts := doubts_of(cell):
            found[f"doubts.{cell.task}"] = doubts
    return {key: text(value) for key, value in found.items() if value}
