"""What would help most where a step finds no room: the same need with one thing changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from harness.estimate.disk import gguf_bytes
from harness.estimate.facts import Facts
from harness.estimate.machine import verdict_on_memory
from harness.estimate.memory import Memory
from harness.estimate.steps import Needs
from harness.estimate.training import tuning_memory
from harness.estimate.words import size
from harness.plan.steps import Step

WORTHWHILE = 0.9
"""Share of a need that a remedy has to bring it under, to be named."""
SMALLER = ("Q8_0", "Q6_K", "Q5_K_M", "Q4_K_M", "Q3_K_M", "Q2_K")
BATCHES = (1024, 512, 256)


def remedy(step: Step, needs: Needs, facts: Facts) -> str:
    """The mildest change that makes a step fit; else the one that saves most, and what it leaves.

    Args:
        step: one that does not fit.
    """
    now = needs.memory(step)
    assert now is not None
    found = list(_changes(step, needs, facts))
    for words, memory in found:
        if _short(memory, facts) <= 1:
            return f"{words}, which takes {_words(memory)}"
    best = min(found, key=lambda one: _short(one[1], facts), default=None)
    if best is not None and _short(best[1], facts) < WORTHWHILE * _short(now, facts):
        return f"{best[0]}, which still takes {_words(best[1])}; a smaller model fits"
    return _otherwise(step)


def _words(memory: Memory) -> str:
    device = f" and {size(memory.device.total)} of the GPU's" if memory.device.parts else ""
    return f"{size(memory.resident.total)}{device}"


def _short(memory: Memory, facts: Facts) -> float:
    """The larger of what is needed over what is there, in main memory and on the device."""
    return max(
        verdict.needed / max(1, verdict.free)
        for verdict in verdict_on_memory(memory, facts.machine.room)
    )


def _changes(step: Step, needs: Needs, facts: Facts) -> Iterator[tuple[str, Memory]]:
    if step.kind == "finetune":
        yield from _of_tuning(step, needs, facts)
    elif step.kind in ("cell", "round"):
        yield from _of_asking(step, needs)


def _of_tuning(step: Step, needs: Needs, facts: Facts) -> Iterator[tuple[str, Memory]]:
    tuning, device = needs.tuning(step), facts.machine.device
    shape = needs.shape(step)
    for tokens in BATCHES:
        if tuning.example_tokens <= tokens < tuning.batch_tokens:
            smaller = replace(tuning, batch_tokens=tokens)
            yield f"`batch_tokens: {tokens}`", tuning_memory(shape, smaller, device)
    few = [tokens for tokens in BATCHES if tuning.example_tokens <= tokens]
    if tuning.method != "qlora":
        packed = replace(tuning, method="qlora")
        yield "`method: qlora`", tuning_memory(shape, packed, device)
        if few and few[-1] < tuning.batch_tokens:
            both = replace(packed, batch_tokens=few[-1])
            words = f"`method: qlora` with `batch_tokens: {few[-1]}`"
            yield words, tuning_memory(shape, both, device)


def _of_asking(step: Step, needs: Needs) -> Iterator[tuple[str, Memory]]:
    options = step.params["options"]
    if "gguf" in step.parents:
        shape = needs.shape(step)
        now = needs.file_bytes(step)
        for kind in SMALLER:
            size = gguf_bytes(shape, kind)
            if size < now:
                yield f"`gguf: {kind}`", needs.as_gguf(step, kind)
        return
    for key, value in (("dtype", "bfloat16"), ("quantize", "int8"), ("quantize", "nf4")):
        if options.get(key) != value:
            changed = replace(step, params={**step.params, "options": {**options, key: value}})
            memory = needs.memory(changed)
            assert memory is not None
            yield f"`{key}: {value}`", memory
    for kind in ("Q8_0", "Q4_K_M"):
        yield f"a GGUF (`gguf: {kind}`)", needs.as_gguf(step, kind)


def _otherwise(step: Step) -> str:
    """Where nothing that a suite can say changes enough."""
    if step.kind in ("merge", "merge-parity", "parity", "convert", "quantize"):
        return "more memory or a smaller model, since this wants all weights in float32"
    return "more memory, or a smaller model"
