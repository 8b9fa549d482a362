"""What 1,000 models x 50 tasks x 10,000 examples would take on 100 GPUs: python -m tools.reckoning

Reckoned and not run. Each assumption is a line of `GIVEN` with where it comes from; docs/scaling.md holds what
this prints, and a test holds the two against each other.
"""

from __future__ import annotations

from dataclasses import dataclass

MODELS, TASKS, EXAMPLES, GPUS = 1000, 50, 10_000, 100
BASES = 50
"""Of the models, that are no fine-tuning of another."""
WRITTEN_TASKS = 20
"""Of the tasks, that are answered in free text."""


@dataclass(frozen=True)
class Given:
    """A number that the rest follows from."""

    name: str
    value: float
    unit: str
    source: str


GIVEN = (
    Given("sample, label", 326, "bytes", "quickstart, 600 samples of `sentiment`"),
    Given("sample, text", 447, "bytes", "quickstart, 100 samples of `dialogue`"),
    Given("result.json", 2_957, "bytes", "quickstart, mean of 22 cells"),
    Given("summary, a cell", 26_600, "bytes", "quickstart: 585 kB, 22 cells, comparisons included"),
    Given("page, a cell", 1_511, "bytes", "test_scale: 15.1 MB, 10,000 cells without answers"),
    Given("planning, a cell", 98.6e-6, "seconds", "test_scale: 0.986 s, 10,000 cells"),
    Given("driving, a cell", 1.73e-3, "seconds", "test_scale, stub engine, one machine"),
    Given("report, a cell", 1.11e-3, "seconds", "test_scale: 11.1 s, 10,000 cells"),
    Given("weights of a base", 16.06e9, "bytes", "Llama 3.1 8B, 8.03e9 weights of 2 bytes"),
    Given("adapter", 168e6, "bytes", "rank 16 on it, in float32 (docs/suites.md)"),
    Given("prompt", 300, "tokens", "assumed"),
    Given("answer, text", 64, "tokens", "assumed"),
    Given("prefill", 0.4 * 989e12, "FLOP/s", "assumed 40% of an H100 SXM's 989e12 (dense bfloat16, NVIDIA's data sheet)"),
    Given("decode", 0.3 * 3.35e12, "bytes/s", "assumed 30% of its 3.35e12 (the same sheet)"),
    Given("answers side by side", 256, "", "this engine's most on a GPU (`MOST_SLOTS`)"),
    Given("reading weights", 1e9, "bytes/s", "assumed, of the shared store, for each node"),
    Given("a GPU", 3, "USD/hour", "assumed; put in your own"),
)  # fmt: skip
OF = {one.name: one.value for one in GIVEN}


def reckoned() -> dict[str, float]:
    """What follows, in bytes, hours and dollars, by name."""
    cells, samples = MODELS * TASKS, MODELS * TASKS * EXAMPLES
    written = MODELS * WRITTEN_TASKS * EXAMPLES
    flops = 2 * OF["weights of a base"] / 2
    prefill = samples * OF["prompt"] * flops / OF["prefill"] / 3600
    steps = written * OF["answer, text"] / OF["answers side by side"]
    decode = steps * OF["weights of a base"] / OF["decode"] / 3600
    loads = MODELS * OF["weights of a base"]
    loading = loads / OF["reading weights"] / 3600
    busy = prefill + decode + loading
    return {
        "cells": cells,
        "samples": samples,
        "stored: samples": (samples - written) * OF["sample, label"] + written * OF["sample, text"],
        "stored: results of cells": cells * OF["result.json"],
        "stored: summary": cells * OF["summary, a cell"],
        "stored: page without answers": cells * OF["page, a cell"],
        "stored: weights and adapters": BASES * OF["weights of a base"]
        + (MODELS - BASES) * OF["adapter"],
        "stored: the same, each merged": loads,
        "travels: weights, each model read once": loads,
        "GPU hours: reading prompts": prefill,
        "GPU hours: writing answers": decode,
        "GPU hours: loading": loading,
        "GPU hours: all": busy,
        "hours on all GPUs, 90% busy": busy / GPUS / 0.9,
        "dollars": busy / 0.9 * OF["a GPU"],
        "hours of one core: planning": cells * OF["planning, a cell"] / 3600,
        "hours of one core: driving": cells * OF["driving, a cell"] / 3600,
        "hours of one core: report": cells * OF["report, a cell"] / 3600,
    }


def table() -> str:
    """Both as text: what is assumed, and what follows."""
    given = [f"{one.name:<24}{one.value:>12,.6g} {one.unit:<9} {one.source}" for one in GIVEN]
    follows = [f"{name:<42}{_words(name, value):>14}" for name, value in reckoned().items()]
    return "\n".join([*(line.rstrip() for line in given), "", *follows])


def _words(name: str, value: float) -> str:
    if name.startswith(("stored", "travels")):
        unit, size = ("TB", 1e12) if value >= 1e12 else ("GB", 1e9) if value >= 1e9 else ("MB", 1e6)
        return f"{value / size:,.1f} {unit}"
    return f"{value:,.0f}" if value >= 100 else f"{value:.2g}"


if __name__ == "__main__":
    print(table())
