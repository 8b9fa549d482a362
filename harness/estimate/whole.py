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


@dataclass(frozen=True)
class StepTime:
    """Seconds of one step, and of the process that does it until it can begin."""

    likely: float
    most: float
    starting: float
    threads: int = 0
    """That it was reckoned for; 0: it was measured, or is rough, and nothing is known of more of them."""


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
        if is_free(step):
            continue
        time = time_of(step, timing, needs)
        if time is None:
            return None
        likely, most = likely + time.likely, most + time.most
        group = f"{step.group} {step.key}" * step.is_timing or step.group
        workers[group] = max(time.starting, workers.get(group, 0.0))
    starting = sum(workers.values())
    return Duration(likely + starting, most + MOST * starting)


def is_free(step: Step) -> bool:
    """Whether it takes no time, or, as a download, one that nobody knows."""
    return step.row.in_place or step.kind == "fetch"


def time_of(step: Step, timing: TimeForecast, needs: Needs) -> StepTime | None:
    """Of one step; None where it cannot be told."""
    with_torch = step.kind in _TORCH or (step.kind == "cell" and "gguf" not in step.parents)
    starting = TORCH_SECONDS if with_torch else LIGHT_SECONDS
    if step.kind not in ("cell", "round", "finetune"):
        rough = STEP_SECONDS + making_seconds(step, needs)
        return StepTime(rough, MOST * rough, starting)
    seconds, measured = timing.told(step)
    if seconds is None:
        return None
    if measured:
        return StepTime(seconds, seconds, starting)
    return StepTime(SHARE * seconds, seconds, starting, timing.threads(step))


def making_seconds(step: Step, needs: Needs) -> float:
    if step.kind not in _FILES:
        return 0.0
    try:
        parents = needs.shape(step).parameters * 2
        return (parents + needs.written(step)) / BYTES_PER_SECOND
    except UnknownError:
        return 0.0
