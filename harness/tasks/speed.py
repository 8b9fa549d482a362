"""Speed: forward passes at stated shapes, and beside them sampling and the tokenizer.

One round of a timed cell, in a process of its own: each shape is warmed up at full size and then
measured as often as is this round's share. Token counts are counts of ids.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from harness.data import DATASETS
from harness.engines.protocol import Engine
from harness.engines.timing import SpeedShape, Timing
from harness.records import Sample
from harness.suite.schema import SpeedTask

TEXTS = "phrasebank-sample"
"""The data set whose sentences are encoded to time a tokenizer."""
SENTENCES = 200
ENCODINGS = 3


@dataclass(frozen=True)
class Round:
    """Which round of which cell; its samples are counted from `first_index`."""

    key: str
    number: int
    seed: int
    first_index: int


@dataclass(frozen=True)
class Encoding:
    """How long a tokenizer took for how many tokens."""

    tokens: int
    seconds: float


def shapes(task: SpeedTask) -> list[SpeedShape]:
    """All that is timed: first the prefill and the decode that make the cell's metrics."""
    prefills = [
        SpeedShape("prefill", tokens, 1, depth)
        for depth in task.depths
        for tokens in task.prompt_tokens
    ]
    decodes = [
        SpeedShape("decode", task.new_tokens, batch_size, depth)
        for depth in task.depths
        for batch_size in task.batch_sizes
    ]
    return [prefills[0], decodes[0], *prefills[1:], *decodes[1:]]


def measure(task: SpeedTask, engine: Engine, which: Round) -> Iterator[Sample]:
    """A sample for each repetition of each shape that falls to this round."""
    stopwatch = engine.stopwatch()
    index = which.first_index
    for place, shape in enumerate(shapes(task)):
        weights = stopwatch.weight_bytes(shape.batch_size)
        timings = stopwatch.time(shape, task.shares[which.number - 1], which.seed)
        for repetition, timing in enumerate(timings):
            name = f"{shape.phase}-{shape.tokens}x{shape.batch_size}@{shape.depth}"
            data = {
                "round": which.number,
                "headline": place < 2,
                "phase": shape.phase,
                "tokens": shape.tokens,
                "batch_size": shape.batch_size,
                "depth": shape.depth,
                "forward_seconds": _nanoseconds(timing.forward_seconds),
                "sampling_seconds": _nanoseconds(timing.sampling_seconds),
            }
            if shape.phase == "decode":
                data["step_bytes"] = weights + mean_cache_bytes(shape, timing)
            yield Sample(
                key=which.key,
                index=index,
                id=f"{name}, round {which.number}.{repetition + 1}",
                data=data,
            )
            index += 1


def mean_cache_bytes(shape: SpeedShape, timing: Timing) -> int:
    """Bytes of keys and values that a decode step reads, on average over the steps.

    In proportion to the tokens in the cache; of models with a sliding window it is an upper bound.
    """
    return round(timing.cache_bytes * shape.mean_length / shape.length)


def encode_texts(engine: Engine) -> Encoding:
    """Times the model's own tokenizer on sentences, one after the other, after a warm-up."""
    texts = [example.text for example in DATASETS[TEXTS].read().test[:SENTENCES]]
    for text in texts[:10]:
        engine.encode(text)
    tokens = 0
    started = time.perf_counter()
    for _ in range(ENCODINGS):
        tokens += sum(len(engine.encode(text)) for text in texts)
    return Encoding(tokens, time.perf_counter() - started)


def _nanoseconds(seconds: tuple[float, ...]) -> list[float]:
    """As exact as the clock is, so that files stay short."""
    return [round(value, 9) for value in seconds]
