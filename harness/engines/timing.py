"""What an engine measures of its own speed: the same quantities, meant the same way, everywhere.

They are llama-bench's, so that figures can be held against it: forward passes over token ids and
nothing else. A prefill reads `tokens` at once, a decode writes them one by one in each of
`batch_size` sequences, and both do so behind `depth` tokens that the cache holds already. Picking
the next token is timed beside the pass; text is no part of either.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np

from harness.errors import PromptTooLongError

Phase = Literal["prefill", "decode"]


@dataclass(frozen=True)
class SpeedShape:
    """One thing to be timed, in tokens. A prefill has one sequence."""

    phase: Phase
    tokens: int
    batch_size: int = 1
    depth: int = 0

    @property
    def length(self) -> int:
        """Tokens of each sequence at the end."""
        return self.depth + self.tokens

    @property
    def mean_length(self) -> float:
        """Tokens that a decode step finds in the cache of a sequence, its own included; the mean."""
        return self.depth + (self.tokens + 1) / 2


@dataclass(frozen=True)
class Timing:
    """One repetition of a shape.

    `forward_seconds` holds one figure for a prefill and one a step for a decode;
    `sampling_seconds` says for each how long it then took to pick the likeliest token of every
    sequence, the logits' way to where they are looked at included. `cache_bytes` is what the
    cache held of all sequences at the end.
    """

    forward_seconds: tuple[float, ...]
    sampling_seconds: tuple[float, ...]
    cache_bytes: int


@dataclass(frozen=True)
class MemorySpeed:
    """Bytes per second that can be read where the weights lie, and the cache in front of it.

    `cache_bytes` is the last-level cache of the processor or the device. Either is 0 where it is
    not known.
    """

    bytes_per_second: float
    cache_bytes: int


class Stopwatch(Protocol):
    """Times one loaded model."""

    settings: dict[str, Any]
    """What was set for timing, as the report names it: the cache's type, batch sizes."""

    def time(self, shape: SpeedShape, repetitions: int, seed: int = 0) -> Iterator[Timing]:
        """So many repetitions of a shape, after one that warms up and is not given.

        The tokens are random; every repetition reads the same ones.

        Raises:
            PromptTooLongError: the shape does not fit the model's context.
            OutOfMemoryError: there is no room for its cache.
        """

    def weight_bytes(self, batch_size: int) -> int:
        """Bytes of weights that one decode step of so many sequences has to read.

        All but tables that are looked up by row. Of a mixture of experts, the experts that so
        many tokens are expected to go to if each picks at random.
        """

    def memory(self) -> MemorySpeed:
        """Measured by the threads, or on the device, that the model runs on."""


def check_shape(shape: SpeedShape, context_length: int) -> None:
    """Raises PromptTooLongError if a sequence of this shape is longer than the model's context."""
    if shape.length > context_length:
        behind = f" behind {shape.depth}" if shape.depth else ""
        raise PromptTooLongError(
            f"A {shape.phase} of {shape.tokens} tokens{behind} is to be timed: more than the "
            f"model's context of {context_length}.",
            "Lower `prompt_tokens`, `new_tokens` or `depths`.",
        )


def random_ids(count: int, vocab_size: int, seed: int) -> list[int]:
    """Ids from the whole vocabulary, as llama-bench takes them."""
    ids: list[int] = np.random.default_rng(seed).integers(vocab_size, size=count).tolist()
    return ids


def share_of_experts(experts: int, used: int, tokens: int) -> float:
    """Expected share of experts that at least one of so many tokens goes to.

    Each token goes to `used` of `experts`, at random and for itself: 1 - (1 - used / experts) ^
    tokens.
    """
    return 1.0 - (1.0 - used / experts) ** tokens if experts else 1.0
