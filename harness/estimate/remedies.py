"""What would help most where a step finds no room: the same need with one thing changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from harness.estimate.files import gguf_bytes
from harness.estimate.inference import GgufModel
from harness.estimate.machine import Free
from harness.estimate.need import Memory
from harness.estimate.steps import Needs
from harness.estimate.words import size
from harness.finetuning import LEANEST
from harness.plan.steps import Step

WORTHWHILE = 0.9
"""Share of a need that a remedy has to bring it under, to be named."""
SMALLER = ("Q8_0", "Q6_K", "Q5_K_M", "Q4_K_M", "Q3_K_M", "Q2_K")
BATCHES = (1024, 512, 256)


def remedy(step: Step, now: Memory, needs: Needs, free: Free) -> str:
    """The mildest change that makes a step fit; else the one that saves most, and what it leaves.

    Args:
        step: one that does not fit.
        now: what it needs.
    """
    if now.devices > max(1, len(free.devices)):
        return f"a machine or a cluster's node with {now.devices} GPUs, or fewer `devices`"
    changes: list[tuple[str, Memory]] = []
    if step.kind == "finetune":
        changes = list(_of_tuning(step, needs))
    elif step.kind in ("cell", "round"):
        changes = list(_of_asking(step, needs))
    for words, memory in changes:
        if free.shortage(memory) <= 1:
            return f"{words}, which takes {_words(memory)}"
    best = min(changes, key=lambda one: free.shortage(one[1]), default=None)
    if best is not None and free.shortage(best[1]) < WORTHWHILE * free.shortage(now):
        return f"{best[0]}, which still takes {_words(best[1])}; a smaller model fits"
    if step.kind in ("merge", "merge-parity", "parity", "convert", "quantize"):
        return "more memory or a smaller model, since this wants all weights in float32"
    return "more memory, or a smaller model"


def _words(memory: Memory) -> str:
    device = f" and {size(memory.device.total)} of the GPU's" if memory.device.parts else ""
    return f"{size(memory.resident.total)}{device}"


def _of_tuning(step: Step, needs: Needs) -> Iterator[tuple[str, Memory]]:
    tuning = needs.tuning(step)
    fewer = [n for n in BATCHES if tuning.example_tokens <= n < tuning.batch_tokens]
    for tokens in fewer:
        smaller = replace(tuning, batch_tokens=tokens)
        yield f"`batch_tokens: {tokens}`", needs.tuning_memory(step, smaller)
    if tuning.method != LEANEST:
        packed, named = replace(tuning, method=LEANEST), f"`method: {LEANEST.name}`"
        yield named, needs.tuning_memory(step, packed)
        for tokens in fewer[-1:]:
            words = f"{named} with `batch_tokens: {tokens}`"
            yield words, needs.tuning_memory(step, replace(packed, batch_tokens=tokens))


def _of_asking(step: Step, needs: Needs) -> Iterator[tuple[str, Memory]]:
    asked, *reference = needs.models(step)
    if isinstance(asked, GgufModel):
        for kind in SMALLER:
            if gguf_bytes(asked.shape, kind) < asked.read_bytes:
                smaller = needs.as_gguf(step, kind)
                yield f"`gguf: {kind}`", needs.together(step, [smaller, *reference])
        return
    changes = {"`dtype: bfloat16`": replace(asked, dtype="bfloat16")}
    changes |= {f"`quantize: {bits}`": replace(asked, quantize=bits) for bits in ("int8", "nf4")}
    for words, changed in changes.items():
        if changed != asked:
            yield words, needs.together(step, [changed, *reference])
    for kind in ("Q8_0", "Q4_K_M"):
        other = needs.as_gguf(step, kind)
        yield f"a GGUF (`gguf: {kind}`)", needs.together(step, [other, *reference])
