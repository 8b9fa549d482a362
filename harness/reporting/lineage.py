"""How a model came about, in words."""

from __future__ import annotations

from collections.abc import Sequence

from harness.finetuning import METHODS
from harness.records import (
    AdapterStep,
    ConvertStep,
    FinetuneStep,
    LineageStep,
    LoadStep,
    MergeStep,
    QuantizeStep,
    ServedStep,
    ServeStep,
    SourceStep,
)


def lineage_words(steps: Sequence[LineageStep]) -> str:
    """The steps from the source on, such as "starter → LoRA, rank 16 → merged → F16 GGUF → Q4_K_M"."""
    return " → ".join(step_words(step) for step in steps)


def step_words(step: LineageStep) -> str:
    """One step as a reader would say it, such as "QLoRA, rank 16"."""
    match step:
        case SourceStep(random=True):
            changed = ", ".join(f"{key} {value}" for key, value in step.changed.items())
            shape = f"{step.name} ({changed})" if changed else step.name
            return f"random weights in the shape of {shape}"
        case SourceStep():
            return step.name
        case ServedStep():
            return f"{step.name}, served by {step.host}"
        case ServeStep(server="command"):
            return "served"
        case ServeStep():
            return f"served by {step.server}"
        case LoadStep():
            return f"{step.type} on load"
        case FinetuneStep():
            method = method_words(step.method)
            return method if step.rank is None else f"{method}, rank {step.rank}"
        case AdapterStep():
            return f"adapter {step.name}" + (" at run time" if step.at_run_time else "")
        case MergeStep():
            return _merge_words(step)
        case ConvertStep():
            return f"{step.type} GGUF"
        case QuantizeStep():
            return step.type


def method_words(name: str) -> str:
    """A method of fine-tuning; one of another version as it calls itself."""
    return METHODS[name].label if name in METHODS else name


def _merge_words(step: MergeStep) -> str:
    if step.trained_on == "full":
        return "merged"
    return f"merged into the {'full-precision' if step.base_precision == 'full' else 'dequantized'} base"
