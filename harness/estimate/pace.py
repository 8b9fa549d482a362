"""How long it takes: what has to be computed, over what a short probe measured.

A token costs two operations for each weight that it is multiplied with (Kaplan et al. 2020, arXiv
2001.08361, section 2.1), and a backward pass once more for the activations and, where weights are
learned, again for these. Prefill and training are bound by how fast matrices are multiplied;
decoding by how fast the weights can be read (Williams et al. 2009, the roofline model).
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from harness.engines.bandwidth import measure_memory
from harness.errors import InputError
from harness.estimate.inference import Ask
from harness.estimate.shape import Shape
from harness.estimate.training import Tuning

LAYER_SECONDS = 1e-3
"""Of a layer's bookkeeping in Transformers: what decoding with the starter takes, whose products take
next to nothing. llama.cpp takes less."""
SIDE = 1024
"""Of the matrices that the probe multiplies."""


@dataclass(frozen=True)
class Pace:
    """What this machine does, measured."""

    operations_per_second: float
    """Floating-point operations, multiplications and additions both, of large products."""
    read_bytes_per_second: float
    """Memory bandwidth."""


@dataclass(frozen=True)
class Work:
    """What is to be computed."""

    operations: float
    """In large products."""
    read_bytes: float = 0.0
    """Of weights and cache, in decoding steps."""
    layers: float = 0.0
    """Layers that are run, however few tokens go through them."""

    def __add__(self, other: Work) -> Work:
        return Work(
            self.operations + other.operations,
            self.read_bytes + other.read_bytes,
            self.layers + other.layers,
        )


def product_weights(shape: Shape) -> int:
    """Weights that every token is multiplied with: all matrices of the layers, not the tables."""
    return shape.linear_weights


def asking_work(shape: Shape, ask: Ask, weight_bytes: float, slots: int) -> Work:
    """Of answering.

    Args:
        ask: all that is asked.
        weight_bytes: that one decoding step reads.
        slots: answers that are written side by side, and so share the reading.
    """
    own = ask.prompts * ask.own_tokens + ask.shared_tokens
    rows = ask.prompts * (ask.prompt_tokens if ask.kind == "distributions" else ask.scored)
    head = shape.vocabulary * shape.hidden
    attended = own * ask.prompt_tokens / 2 * 2 * shape.layers * shape.queries
    operations = 2.0 * (own * product_weights(shape) + rows * head + attended)
    if ask.kind != "generate":
        return Work(operations)
    operations += 2.0 * ask.prompts * ask.new_tokens * (product_weights(shape) + head)
    steps = -(-ask.prompts // max(1, slots)) * ask.new_tokens
    return Work(operations, steps * weight_bytes, steps * shape.layers)


def tuning_work(shape: Shape, tuning: Tuning, tokens: int) -> Work:
    """Of fine-tuning on so many tokens, counted as often as they are seen.

    Forward 2, backward 2 for activations and 2 more where all weights are learned; checkpointing
    runs forward again.
    """
    passes = 2 + 2 + 2 * (tuning.method == "full") + 2 * tuning.gradient_checkpointing
    head = tuning.label_share * shape.vocabulary * shape.hidden
    return Work(float(passes * tokens) * (product_weights(shape) + head))


def seconds(work: Work, pace: Pace) -> float:
    """How long the work takes at that pace.

    Raises:
        InputError: a rate is not positive.
    """
    if pace.operations_per_second <= 0 or pace.read_bytes_per_second <= 0:
        raise InputError(
            "A measured pace has to be more than nothing.", "Measure it again: `measure_pace`."
        )
    computing = work.operations / pace.operations_per_second
    reading = work.read_bytes / pace.read_bytes_per_second
    return computing + reading + work.layers * LAYER_SECONDS


def seconds_at(tokens: float, tokens_per_second: float) -> float:
    """How long so many tokens take at a rate that a short run of the very step has shown.

    Raises:
        InputError: the rate is not positive.
    """
    if tokens_per_second <= 0:
        raise InputError("A rate has to be more than nothing.", "Let the probe run longer.")
    return tokens / tokens_per_second


def measure_pace(threads: int, passes: int = 20) -> Pace:
    """Multiplies float32 matrices and reads memory for a second or two, without torch.

    The products are numpy's: a lower bound for libraries that know more of the processor, such as
    oneDNN with AVX-512 and bfloat16. The best of many passes counts, with all threads or with one:
    where other programs want the same cores, threads that wait for each other do less than one.
    """
    generator = np.random.default_rng(0)
    left, right = (generator.standard_normal((SIDE, SIDE), np.float32) for _ in range(2))
    best = float("inf")
    for count in {1, threads}:
        with threadpool_limits(count):
            for _ in range(passes):
                started = time.perf_counter()
                np.matmul(left, right)
                best = min(best, time.perf_counter() - started)
    return Pace(2.0 * SIDE**3 / best, measure_memory(threads).bytes_per_second)
