"""What a step of LoRA has to compute, in multiplications and additions, whoever computes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Operations:
    """Of one step: forward and backward.

    Attributes:
        matrices: frozen linear layers: 2 a weight and token forward, 2 back to their inputs, none for the weights.
            Nothing goes back to the embeddings.
        head: the output head, the same at the positions that are learned.
        adapters: 2 forward, 2 back to the inputs and 2 for the weights.
        attention: scores and their sums, of each token with those up to it; backward twice as much.
    """

    matrices: float
    head: float
    adapters: float
    attention: float

    @property
    def total(self) -> float:
        """What cannot be left out."""
        return self.matrices + self.head + self.adapters + self.attention

    @property
    def again(self) -> float:
        """What checkpointing computes a second time: the forward pass of the layers."""
        return self.matrices / 2 + self.adapters / 3 + self.attention / 3


def step_operations(config: Mapping[str, Any], tokens: int, learned: int, rank: int) -> Operations:
    """Of a step on one row of so many tokens.

    Args:
        config: of a Llama.
        learned: positions that get logits.
        rank: of the adapters, which are on all linear layers.
    """
    width, inner, layers = (
        config[key] for key in ("hidden_size", "intermediate_size", "num_hidden_layers")
    )
    heads = config["num_attention_heads"]
    keys = width // heads * config["num_key_value_heads"]
    pairs = [(width, width), (width, keys), (width, keys), (width, width)]
    pairs += [(width, inner), (width, inner), (inner, width)]
    weights = layers * sum(a * b for a, b in pairs)
    adapters = layers * rank * sum(a + b for a, b in pairs)
    first = sum(a * b for a, b in pairs[:3])
    return Operations(
        matrices=4.0 * tokens * weights - 2.0 * tokens * first,
        head=4.0 * learned * width * config["vocab_size"],
        adapters=6.0 * tokens * adapters - 2.0 * tokens * rank * 3 * width,
        attention=3 * 4.0 * layers * width * tokens * (tokens + 1) / 2,
    )
