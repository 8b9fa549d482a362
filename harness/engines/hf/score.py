"""Scores contexts with a packed model: shared ids once, each question's prompt once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from harness.engines.contexts import (
    WORTHWHILE,
    Context,
    Scored,
    Target,
    neighbours,
    shared_prefix_length,
)
from harness.engines.hf.packed import PackedModel, Prefix, Segment
from harness.engines.trees import Node, tree


@dataclass(frozen=True)
class Budget:
    """Most that one pass may hold."""

    tokens: int
    rows: int
    """Positions whose logits are computed."""


@dataclass(frozen=True)
class ScoredPart:
    """Contexts that are run as one tree, and its tokens."""

    nodes: tuple[Node, ...]

    @property
    def rows(self) -> int:
        """How many positions are wanted."""
        return sum(1 for node in self.nodes if node.targets)

    @property
    def questions(self) -> set[int]:
        """Those that want something of it."""
        return {target.question for node in self.nodes for target in node.targets}


def shared_ids(contexts: Sequence[Context]) -> tuple[int, ...]:
    """What all contexts begin with, where it is worth running on its own."""
    length = shared_prefix_length(contexts)
    return contexts[0].ids[:length] if length >= WORTHWHILE else ()


def parts(contexts: Sequence[Context], shared: int) -> list[ScoredPart]:
    """Trees of neighbours that share more than half of what is new in them, the largest first.

    Args:
        contexts: in lexicographic order.
        shared: leading ids of all that are run already.
    """
    groups = neighbours(contexts, shared)
    found = [ScoredPart(tuple(tree(group, shared))) for group in groups]
    return sorted(found, key=lambda part: -len(part.nodes))


def batches(found: Sequence[ScoredPart], budget: Budget) -> Iterator[list[ScoredPart]]:
    """Neighbours, which are of like size, that fit a pass together; at least one."""
    batch: list[ScoredPart] = []
    tokens = rows = 0
    for part in found:
        tokens, rows = tokens + len(part.nodes), rows + part.rows
        if batch and (tokens > budget.tokens or rows > budget.rows):
            yield batch
            batch, tokens, rows = [], len(part.nodes), part.rows
        batch.append(part)
    if batch:
        yield batch


def score(model: PackedModel, prefix: Prefix, batch: Sequence[ScoredPart], wide: bool) -> Scored:
    """Log-probability (nats) of each target of some trees, run in one pass."""
    nodes = [node for part in batch for node in part.nodes]
    wanted = [place for place, node in enumerate(nodes) if node.targets]
    targets = [(row, target) for row, at in enumerate(wanted) for target in nodes[at].targets]
    logits = model.run([Segment.of_tree(part.nodes) for part in batch], wanted, prefix, wide=wide)
    return list(zip((target for _, target in targets), chosen(logits, targets), strict=True))


def log_probabilities(logits: Any) -> Any:
    """Those of each word of each row (rows, vocabulary), in nats.

    torch 2.13 adds a row of `log_softmax` up in float32 by few running sums on a processor: over 262,144 words it
    is 1e-5 too high, always. `logsumexp` is exact to the last digit or two.
    """
    return logits - logits.logsumexp(-1, keepdim=True)


def chosen(logits: Any, targets: Sequence[tuple[int, Target]]) -> list[float]:
    """The log-probability of each target's token in its row of logits (rows, vocabulary)."""
    with torch.inference_mode():
        rows = torch.tensor([row for row, _ in targets], device=logits.device)
        tokens = torch.tensor([target.token for _, target in targets], device=logits.device)
        values = logits[rows, tokens] - logits.logsumexp(-1)[rows]
        found: list[float] = values.tolist()
    return found
