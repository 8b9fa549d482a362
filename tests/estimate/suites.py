"""Suites as text, forecast for a machine that is made up."""

from __future__ import annotations

from pathlib import Path

from harness.estimate.facts import Machine
from harness.estimate.forecast import forecast
from harness.estimate.machine import Room
from harness.estimate.pace import Pace
from harness.estimate.records import Forecast, ModelForecast
from harness.runner.run import Options, Prepared, prepare

GB = 10**9
LARGE = Machine(Room(1000 * GB, 1000 * GB), cores=8, pace=Pace(1e12, 1e11))
EIGHT = "  base: {source: {architecture: llama-3.1-8b}, weights: random}\n"
SENTIMENT = "  sentiment: {type: classify, dataset: phrasebank-sample}\n"
SENTENCES = "Explain to a ten-year-old why the sky is blue, and why it turns red at night. "
WRITING = f"  writing: {{type: write, prompts: ['{3 * SENTENCES}', '{4 * SENTENCES}']}}\n"
DIALOGUE = "  dialogue: {type: summarize, dataset: dialogue-sample}\n"


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
    return forecast(planned(folder, models, tasks), machine)


def by_name(found: Forecast) -> dict[str, ModelForecast]:
    """Its models."""
    return {model.name: model for model in found.models}
