"""What every engine can do: take token ids, give numbers.

Batching, prefix reuse and memory are the engine's own business. One conformance suite
(`tests/engines/conformance.py`) runs against every implementation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

from harness.engines.portion import WHOLE, Portion
from harness.engines.spread import ONE_DEVICE, Spread
from harness.engines.timing import Stopwatch

LogProbs = npt.NDArray[np.float32]


@dataclass(frozen=True)
class EngineSpec:
    """Plain data that says which weights to run and how; it can travel to another machine.

    Exactly one of `weights` (a Transformers folder) and `gguf` (a file) is set, and it decides
    the engine. `quantize` is bitsandbytes on load. `threads` 0 means all physical cores.
    `dtype` "auto" is the engine's choice. `context` 0 means: as long as what is asked needs.
    """

    weights: str | None = None
    gguf: str | None = None
    adapter: str | None = None
    quantize: Literal["nf4", "int8"] | None = None
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    device: str = "auto"
    threads: int = 0
    context: int = 0
    spread: Spread = ONE_DEVICE
    halvings: int = 0
    """How often batches are halved before the first is run: after a process that ran out of memory."""
    timed: bool = False
    """Load the model as its runtime does by default, for `Engine.stopwatch`. llama.cpp then
    rearranges weights in memory, and scores depend on how many tokens are run together."""


@dataclass(frozen=True)
class EngineInfo:
    """What is running, as recorded in every result. "" and 0 where it is not known."""

    engine: str
    version: str
    dtype: str = ""
    device: str = ""
    threads: int = 0
    vocab_size: int = 0
    context_length: int = 0
    parameters: int = 0
    """Number of weights of the model, counted on unpacked shapes, tied weights once."""
    batch: dict[str, int] = field(default_factory=dict)
    beside: tuple[str, ...] = ()
    """Parts in the model's files that no text passes through, and their tensors: "vision_tower (386)"."""


@dataclass(frozen=True)
class ChoiceQuestion:
    """A prompt and the continuations to be compared, all as token ids."""

    prompt: tuple[int, ...]
    choices: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Limits:
    """When a generation ends."""

    max_new_tokens: int
    stop_ids: frozenset[int] = frozenset()
    """Ids that end the text; the one that did is not part of the answer's `ids`."""
    stops: tuple[str, ...] = ()
    """Texts that end an answer. Whoever answers in text stops there; engines, which know ids, are told
    by `ended`."""
    ended: Callable[[Sequence[int]], bool] | None = None
    """Whether what was written, all ids so far, holds the end of the answer: asked after each id."""


@dataclass(frozen=True)
class Sampling:
    """How the next token is drawn (`harness.engines.sampling`); as it stands here, the likeliest one is
    taken."""

    temperature: float = 0.0
    """Logits are divided by it; 0 takes the likeliest token."""
    top_p: float = 1.0
    """The fewest of the likeliest tokens that have this share together may be drawn."""
    top_k: int = 0
    """So many of the likeliest tokens may be drawn; 0: all."""
    repetition_penalty: float = 1.0
    """What makes tokens less likely that stand in the prompt or the answer already; 1 changes nothing."""
    seed: int = 0


@dataclass(frozen=True)
class Generation:
    """The greedy continuation of one prompt."""

    ids: tuple[int, ...]
    finish_reason: Literal["stop", "length"]
    token_seconds: tuple[float, ...]
    """For each id in `ids`: seconds from the moment the engine started on this prompt's batch
    until the id was known. `token_seconds[0]` is the time to first token."""
    highest: float = 0.0
    """The last step's highest logit where that is NaN or infinite, which ended it: no answer."""


@dataclass
class Work:
    """Tokens that went through the model since it was opened; padding does not count."""

    prompt_tokens: int = 0
    """Ids that were given (prompts, choices, texts), counted as often as they were computed."""
    new_tokens: int = 0
    """Ids that the model wrote."""

    @property
    def tokens(self) -> int:
        """Both together."""
        return self.prompt_tokens + self.new_tokens


@dataclass(frozen=True)
class Footprint:
    """Bytes that the model takes up: on disk, in this process's memory (peak), on the device."""

    disk_bytes: int
    peak_resident_bytes: int
    peak_device_bytes: int


class Engine(Protocol):
    """Runs one model. Iterators yield answers as they come, in any order, with their index.

    One call at a time: an iterator is used up, or dropped, before the next call.
    """

    info: EngineInfo
    load_seconds: float
    work: Work
    """What was computed so far; grows while answers are being asked for."""

    def encode(self, text: str) -> list[int]:
        """Token ids of a text by the model's own tokenizer, BOS first where the model wants it."""

    def choose(
        self, questions: Sequence[ChoiceQuestion], portion: Portion = WHOLE
    ) -> Iterator[tuple[int, list[float]]]:
        """For each question of a portion: the summed log-probability (nats) of each choice after the prompt.

        An empty choice has log-probability 0. Questions beyond the portion are given for what they share with it.

        Raises:
            PromptTooLongError: prompt and choice exceed the context.
            NotFiniteError: a token's is NaN or infinite.
        """

    def generate(
        self, prompts: Sequence[Sequence[int]], limits: Limits, portion: Portion = WHOLE
    ) -> Iterator[tuple[int, Generation]]:
        """The greedy continuation of each prompt of a portion.

        Raises:
            PromptTooLongError: prompt and answer exceed the context.
            NotFiniteError: there are no probabilities to choose by.
        """

    def sample(self, prompt: Sequence[int], limits: Limits, sampling: Sampling) -> Iterator[int]:
        """One continuation of one prompt, drawn id by id, each given as soon as it is known.

        An id that ends the text is not given.

        Raises:
            PromptTooLongError: prompt and answer exceed the context.
            NotFiniteError: there are no probabilities to draw by.
        """

    def distributions(self, ids: Sequence[int], rows: int = 256) -> Iterator[LogProbs]:
        """Next-token log-probabilities after each id of one sequence, streamed.

        Yields blocks of shape (at most `rows`, vocabulary); row t of all the blocks together is
        the distribution after `ids[: t + 1]`. Every block but the last has `rows` rows.

        Raises:
            PromptTooLongError: the sequence exceeds the context.
            NotFiniteError: a row holds NaN.
        """

    def stopwatch(self) -> Stopwatch:
        """What times this model's forward passes."""

    def footprint(self) -> Footprint:
        """Bytes on disk, resident and on the device (peaks so far)."""

    def close(self) -> None:
        """Frees the model; the engine cannot be used afterwards."""
