"""How long a run takes in all: likely, and at most, with starting processes and making files.

A likely time is what was measured here before, or else a share of the upper bound: prompts are shorter
than the longest, answers end before their limit, and libraries are faster than the probe. What a
process takes until it can begin, and what a file takes to be made, are rough figures of one machine
(docs/fit.md); downloads are left out, since nobody knows the line.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from harness.estimate.facts import UnknownError
from harness.estimate.steps import Needs
from harness.estimate.timing import TimeForecast
from harness.plan.steps import Step

SHARE = 0.5
"""Of the upper bound of what was probed, that is likely taken."""
TORCH_SECONDS, LIGHT_SECONDS = 6.0, 2.0
"""Until a process has imported what it needs: torch and Transformers, or llama.cpp and tokenizers."""
BYTES_PER_SECOND = 5e7
"""Of files that are merged, converted, quantized and read back."""
STEP_SECONDS = 1.0
"""Of any other step."""
MOST = 3.0
"""Times that what is rough may be longer."""
_TORCH = {"finetune", "merge", "merge-parity", "convert", "parity", "precision", "random"}
_FILES = {"merge", "convert", "quantize", "adapter-gguf", "parity", "merge-parity"}


@dataclass(frozen=True)
class Duration:
    """Seconds of a run."""

    likely: float
    most: float


def whole(todo: Iterable[Step], timing: TimeForecast, needs: Needs) -> Duration | None:
    """Of all that is to be done; None where the time of a part cannot be told.

    Args:
        todo: steps, of which those in place take no time.
        timing: of what is asked and fine-tuned.
        needs: of bytes.
    """
    likely = most = 0.0
    workers: dict[str, float] = {}
    for step in todo:
        if step.row.in_place or step.kind == "fetch":
            continue
        if step.kind in ("cell", "round", "finetune"):
            seconds, measured = timing.told(step)
            if seconds is None:
                return None
            likely += seconds if measured else SHARE * seconds
            most += seconds
        else:
            rough = STEP_SECONDS + _making(step, needs)
            likely, most = likely + rough, most + MOST * rough
        group = f"{step.group} {step.key}" * step.is_timing or step.group
        with_torch = step.kind in _TORCH or (step.kind == "cell" and "gguf" not in step.parents)
        start = TORCH_SECONDS if with_torch else LIGHT_SECONDS
        workers[group] = max(start, workers.get(group, 0.0))
    starting = sum(workers.values())
    return Duration(likely + starting, most + MOST * starting)


def _making(step: Step, needs: Needs) -> float:
    if step.kind not in _FILES:
        return 0.0
    try:
        parents = needs.shape(step).parameters * 2
        return (parents + needs.written(step)) / BYTES_PER_SECOND
    except UnknownError:
        return 0.0
