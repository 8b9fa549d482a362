"""Scores one batch of contexts, behind leading tokens that were run once for all of them."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer

from harness.engines.contexts import Context, shared_prefix_length
from harness.engines.hf_forward import Forward

WORTHWHILE = 16
"""Fewest shared tokens for which copying a cache is cheaper than running them again."""


@dataclass(frozen=True)
class Prefix:
    """Leading ids of every context, and the KV cache after them (batch size 1)."""

    length: int = 0
    cache: Any = None

    def copies(self, count: int) -> Any:
        """The cache for a batch of `count`; None where there is no prefix."""
        if self.cache is None:
            return None
        copied = copy.deepcopy(self.cache)
        copied.batch_repeat_interleave(count)
        return copied


def run_prefix(forward: Forward, contexts: Sequence[Context]) -> Prefix:
    """Runs what all contexts begin with.

    Gives an empty prefix where that is not worthwhile, or where the model keeps another state
    than keys and values, which cannot be copied to a batch.
    """
    length = shared_prefix_length(contexts)
    if length < WORTHWHILE:
        return Prefix()
    none = torch.empty(0, dtype=torch.long, device=forward.device)
    with torch.inference_mode():
        ids = torch.tensor([contexts[0].ids[:length]], device=forward.device)
        _, cache = forward(ids, none, none, use_cache=True)
    if not isinstance(cache, DynamicCache) or not all(
        isinstance(layer, DynamicLayer) for layer in cache.layers
    ):
        return Prefix()
    return Prefix(length, cache)


def score_batch(forward: Forward, prefix: Prefix, contexts: Sequence[Context]) -> list[list[float]]:
    """Log-probability (nats) of each target of each context, from one right-padded batch.

    A causal model never looks right, so padding there needs no mask.
    """
    bodies = [context.ids[prefix.length :] for context in contexts]
    width = max(map(len, bodies))
    picked = [
        (row, position - prefix.length)
        for row, context in enumerate(contexts)
        for position in context.positions
    ]
    place = {pick: number for number, pick in enumerate(picked)}
    wanted = [
        (place[row, target.position - prefix.length], target.token)
        for row, context in enumerate(contexts)
        for target in context.targets
    ]
    with torch.inference_mode():
        ids = torch.tensor(
            [[*body, *[0] * (width - len(body))] for body in bodies], device=forward.device
        )
        rows, columns = torch.tensor(picked, device=forward.device).unbind(1)
        cache = prefix.copies(len(contexts))
        logits, _ = forward(ids, rows, columns, past=cache, use_cache=cache is not None)
        at, tokens = torch.tensor(wanted, device=forward.device).unbind(1)
        values = iter(logits.log_softmax(-1)[at, tokens].tolist())
    return [[next(values) for _ in context.targets] for context in contexts]
