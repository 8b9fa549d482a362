"""Suites as text, forecast for a machine that is made up."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from harness.estimate.facts import Facts
from harness.estimate.forecast import Forecast, ModelForecast, Reckoning
from harness.estimate.machine import Free, Machine
from harness.runner.run import Options, Prepared, prepare

GB = 10**9
LARGE = Machine(Free(1000 * GB, 1000 * GB, 0, "", 1e12, 1e11), cores=8)
EIGHT = "  base: {source: {architecture: llama-3.1-8b}, weights: random}\n"
SENTIMENT = "  sentiment: {type: classify, dataset: phrasebank-sample}\n"
SENTENCES = "Explain to a ten-year-old why the sky is blue, and why it turns red at night. "
WRITING = f"  writing: {{type: write, prompts: ['{3 * SENTENCES}', '{4 * SENTENCES}']}}\n"
DIALOGUE = "  dialogue: {type: summarize, dataset: dialogue-sample}\n"


def with_free(disk: int, resident: int, device: int = 0) -> Machine:
    """The large machine with so many bytes free; with a GPU where some of them are a device's."""
    free = replace(LARGE.free, disk_bytes=disk, resident_bytes=resident, device_bytes=device)
    return replace(LARGE, free=free, device="cuda" if device else "cpu")


def planned(folder: Path, models: str, tasks: str = SENTIMENT, only: str | None = None) -> Prepared:
    """A suite of these models and tasks, in a folder of its own."""
    file = folder / "suite.yaml"
    file.write_text(f"name: made-up\nmodels:\n{models}tasks:\n{tasks}")
    options = Options(results=folder / "results", home=folder / "home", only=only)
    return prepare(file, options)


def forecasted(
    folder: Path, models: str, tasks: str = SENTIMENT, machine: Machine = LARGE
) -> Forecast:
    """What such a suite needs."""
    prepared = planned(folder, models, tasks)
    return Reckoning(prepared, Facts(prepared, machine)).forecast()


def by_name(found: Forecast) -> dict[str, ModelForecast]:
    """Its models."""
    return {model.name: model for model in found.models}
