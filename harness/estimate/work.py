"""How long it takes: what has to be computed, over what a short probe measured.

A token costs two operations for each weight that it is multiplied with (Kaplan et al. 2020, arXiv
2001.08361, section 2.1), and a backward pass once more for the activations and, where weights are
learned, again for these. Prefill and training are bound by how fast matrices are multiplied;
decoding by how fast the weights can be read (Williams et al. 2009, the roofline model).
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.estimate.inference import Ask, GgufModel, HfModel
from harness.estimate.machine import Free
from harness.estimate.shape import ModelShape
from harness.estimate.tuning import Tuning

LAYER_SECONDS = 1e-3
"""Of a layer's bookkeeping in Transformers: what decoding with the starter takes, whose products take
next to nothing. llama.cpp takes less."""


@dataclass(frozen=True)
class Computation:
    """What is to be computed."""

    operations: float = 0.0
    """In large products."""
    read_bytes: float = 0.0
    """Of weights and cache, in decoding steps."""
    layers: float = 0.0
    """Layers that are run, however few tokens go through them."""

    def __add__(self, other: Computation) -> Computation:
        return Computation(
            self.operations + other.operations,
            self.read_bytes + other.read_bytes,
            self.layers + other.layers,
        )

    def seconds(self, free: Free) -> float | None:
        """How long it takes at the rates that were probed; None without them."""
        if not free.operations_per_second or not free.read_bytes_per_second:
            return None
        computing = self.operations / free.operations_per_second
        reading = self.read_bytes / free.read_bytes_per_second
        return computing + reading + self.layers * LAYER_SECONDS


def asking_work(model: HfModel | GgufModel, ask: Ask, slots: int = 0) -> Computation:
    """Of answering all that is asked.

    Args:
        ask: whose prompts are all as long as the longest.
        slots: answers that are written side by side, and so share the reading; 0: as the engine does.
    """
    shape = model.shape
    own = ask.prompts * ask.own_tokens + ask.shared_tokens
    rows = ask.prompts * (ask.prompt_tokens if ask.kind == "distributions" else ask.scored)
    head = shape.vocabulary * shape.hidden
    attended = own * ask.prompt_tokens / 2 * 2 * shape.layers * shape.queries
    operations = 2.0 * (own * shape.linear_weights + rows * head + attended)
    if ask.kind != "generate":
        return Computation(operations)
    operations += 2.0 * ask.prompts * ask.new_tokens * (shape.linear_weights + head)
    steps = -(-ask.prompts // (slots or model.answers)) * ask.new_tokens
    return Computation(operations, steps * model.read_bytes, steps * shape.layers)


def tuning_work(shape: ModelShape, tuning: Tuning, tokens: int) -> Computation:
    """Of fine-tuning on so many tokens, counted as often as they are seen.

    Forward 2, backward 2 for activations and 2 more where all weights are learned; checkpointing
    runs forward again.
    """
    passes = 2 + 2 + 2 * tuning.all_weights + 2 * tuning.gradient_checkpointing
    head = tuning.label_share * shape.vocabulary * shape.hidden
    return Computation(float(passes * tokens) * (shape.linear_weights + head))
