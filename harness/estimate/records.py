"""What a plan says about fitting: plain data, which `harness plan --json` prints under `fit`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from harness.estimate.need import Need

What = Literal["ask", "fine-tune", "merge", "check", "convert", "quantize", "draw"]
Fits = Literal["yes", "tight", "no", "not known"]
WHAT: Mapping[str, What] = {
    "cell": "ask",
    "round": "ask",
    "precision": "check",
    "finetune": "fine-tune",
    "merge": "merge",
    "merge-parity": "check",
    "parity": "check",
    "convert": "convert",
    "quantize": "quantize",
    "random": "draw",
}
"""What a step does with a model, by its kind."""


@dataclass(frozen=True)
class StepNeed:
    """What one step needs at its peak."""

    what: What
    step: str
    """The step's label."""
    key: str
    resident: Need
    device: Need
    done: bool
    """Whether it is there already, and so needs nothing more."""
    fits: Fits
    remedy: str = ""
    """What would help most, in a suite's words; empty where it fits."""

    @property
    def bytes(self) -> int:
        """In main memory and on the device together: how large it is beside others."""
        return self.resident.total + self.device.total


@dataclass(frozen=True)
class ModelForecast:
    """What one model of the suite needs. What two models share counts with the first."""

    name: str
    parameters: int | None
    """None where the shape is not known."""
    bytes_by_bits: Mapping[int, float]
    """Of all weights at 32, 16, 8 and 4 bits each."""
    download_bytes: int
    """That are still to come."""
    disk_bytes: int
    """Of all that is fetched or made for it and kept."""
    to_write_bytes: int
    """Of these, what is not there yet."""
    needs: tuple[StepNeed, ...]
    """Of its steps, largest first."""
    asking_seconds: float | None
    """Of what is not answered yet; None where that cannot be told."""
    tuning_seconds: float | None
    fits: Fits
    problem: str = ""
    """Why something is not known, and how to mend it."""
    note: str = ""
    """Where shape and sizes are known from, if not from the files."""

    def largest(self, *what: What) -> StepNeed | None:
        """The largest need of these kinds."""
        return next((need for need in self.needs if need.what in what), None)


@dataclass(frozen=True)
class Totals:
    """All models of the suite together."""

    download_bytes: int
    disk_bytes: int
    to_write_bytes: int
    disk_fits: Fits
    seconds: float | None
    """Of all that would be asked and fine-tuned; None where the time of a part cannot be told."""
    uncounted: tuple[str, ...]
    """Models whose needs are not known, and so not in these sums."""
    largest: StepNeed | None
    """The largest need of a step that would run."""


@dataclass(frozen=True)
class Free:
    """What this machine has free."""

    disk_bytes: int
    resident_bytes: int
    device_bytes: int
    device: str
    """The GPU's name; empty where models run on the processor."""
    operations_per_second: float | None
    read_bytes_per_second: float | None


@dataclass(frozen=True)
class Forecast:
    """Will it fit?"""

    free: Free
    models: tuple[ModelForecast, ...]
    totals: Totals
    assumptions: tuple[str, ...]

    @property
    def misfits(self) -> list[tuple[str, StepNeed]]:
        """Steps that would run and find no room, with their models."""
        return [
            (model.name, need)
            for model in self.models
            for need in model.needs
            if need.fits == "no" and not need.done
        ]
