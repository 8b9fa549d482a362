"""Our fine-tuning behind JSON lines, as a worker runs it: `python -m tests.benchmarks.training_server`."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import torch

from harness.models.finetune import run as trainer
from harness.models.finetune.examples import read_examples
from harness.models.finetune.loop import Loop
from harness.models.finetune.order import plan_steps
from harness.models.finetune.recipe import Recipe
from harness.models.finetune.trainable import load_frozen, make_trainable
from harness.records import TrainingExample, TrainingPoint
from tests.benchmarks.lines import serve
from tests.benchmarks.peaks import give_back

Answer = dict[str, Any]
ANY = 1 << 30
"""Ids and lengths that no model has: examples were checked before."""


class Timed(Loop):
    """The loop, timed from the beginning of its first step to its end, as TRL's is; by the clock and by processors."""

    seconds = processor_seconds = 0.0

    def run(self) -> Iterator[TrainingPoint]:
        began, used = time.perf_counter(), time.process_time()
        yield from super().run()
        Timed.seconds = time.perf_counter() - began
        Timed.processor_seconds = time.process_time() - used


def run(
    weights: str,
    examples: str,
    recipe: dict[str, Any],
    steps: int | None = None,
    limit: int | None = None,
    threads: int = 0,
) -> Answer:
    """Trains once; where `steps` is given, with as many tokens a batch as make so many steps."""
    with tempfile.TemporaryDirectory() as scratch:
        lines = Path(examples).read_text().splitlines()[:limit]
        part = Path(scratch) / "examples.jsonl"
        part.write_text("".join(f"{line}\n" for line in lines))
        asked = Recipe(**recipe)
        if steps is not None:
            asked = with_steps(read_examples(part, ANY, ANY), asked, steps)
        out = Path(scratch) / "out"
        with patch.object(trainer, "Loop", Timed):
            made = trainer.finetune(Path(weights), part, asked, out, lambda _: None, threads)
    give_back()
    return {
        "seconds": Timed.seconds,
        "processor_seconds": Timed.processor_seconds,
        "tokens": made.tokens,
        "tokens_per_second": made.tokens / Timed.seconds,
        "tokens_per_processor_second": made.tokens / Timed.processor_seconds,
        "steps": made.steps,
        "peak_bytes": made.memory["training"],
        "memory": made.memory,
        "trained": made.trainable_parameters,
        "optimizer": made.hyperparameters["optimizer"],
        "reached": [[point.tokens, point.seconds] for point in made.curve],
        "batch_tokens": asked.batch_tokens,
        "losses": [point.loss for point in made.curve],
    }


def begin(weights: str, examples: str, recipe: dict[str, Any], out: str) -> Answer:
    """What another trainer needs to do just the same: the adapter as it begins, and the batches of each step."""
    asked = Recipe(**recipe)
    torch.manual_seed(asked.seed)
    model = load_frozen(Path(weights), asked, torch.device("cpu"), torch.float32)
    with tempfile.TemporaryDirectory() as work:
        make_trainable(model, asked, Path(work)).save_pretrained(out, save_embedding_layers=False)
    return {"batches": batches(read_examples(Path(examples), ANY, ANY), asked)}


def batches(rows: list[TrainingExample], recipe: Recipe) -> list[list[int]]:
    """Indices of the examples of each step."""
    lengths = [len(row) for row in rows]
    rng = np.random.default_rng(recipe.seed)
    planned = plan_steps(lengths, recipe.batch_tokens, recipe.epochs, rng, recipe.accumulate)
    return [[index for batch in step for index in batch] for step in planned]


def with_steps(rows: list[TrainingExample], recipe: Recipe, steps: int) -> Recipe:
    """The recipe with the least tokens a batch that need no more than so many steps."""
    low, high = 1, max(map(len, rows)) * len(rows)
    while low < high:
        middle = (low + high) // 2
        enough = len(batches(rows, replace(recipe, batch_tokens=middle))) <= steps
        low, high = (low, middle) if enough else (middle + 1, high)
    return replace(recipe, batch_tokens=low)


if __name__ == "__main__":
    serve({"run": run, "begin": begin})
