"""The machine that something was timed on: speed means nothing without it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

TIMING_TRAITS = ("processor", "cores", "architecture", "gpus")
"""Facts about a machine; where they differ, timings are another machine's."""


def is_same_machine(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether timings of the two are of machines alike."""
    return all(one.get(trait) == other.get(trait) for trait in TIMING_TRAITS)


def machine_words(machine: Mapping[str, Any]) -> str:
    """What timings were taken on: "Intel(R) Xeon(R) Processor, 2 cores, NVIDIA H100"."""
    words = [str(machine.get("processor") or "unknown processor")]
    if isinstance(machine.get("cores"), int):
        words.append(f"{machine['cores']} core{'s' * (machine['cores'] != 1)}")
    gpus = machine.get("gpus")
    names = gpus if isinstance(gpus, list) else []
    words += [str(gpu.get("name", gpu)) if isinstance(gpu, dict) else str(gpu) for gpu in names]
    return ", ".join(words)
