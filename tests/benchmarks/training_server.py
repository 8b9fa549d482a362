"""Our fine-tuning behind JSON lines, as a worker runs it: `python -m tests.benchmarks.training_server`."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from harness.models.finetune.examples import read_examples
from harness.models.finetune.order import plan_steps
from harness.models.finetune.recipe import Recipe
from harness.models.finetune.run import finetune
from harness.models.finetune.trainable import load_frozen, make_trainable
from harness.records import TrainingExample
from tests.benchmarks.lines import serve

Answer = dict[str, Any]
ANY = 1 << 30
"""Ids and lengths that no model has: examples were checked before."""


def run(
    weights: str,
    examples: str,
    recipe: dict[str, Any],
    steps: int,
    limit: int | None = None,
    threads: int = 0,
) -> Answer:
    """Trains once, with as many tokens a batch as make so many steps."""
    with tempfile.TemporaryDirectory() as scratch:
        lines = Path(examples).read_text().splitlines()[:limit]
        part = Path(scratch) / "examples.jsonl"
        part.write_text("".join(f"{line}\n" for line in lines))
        asked = with_steps(read_examples(part, ANY, ANY), Recipe(**recipe), steps)
        made = finetune(Path(weights), part, asked, Path(scratch) / "out", lambda _: None, threads)
    return {
        "seconds": made.seconds,
        "tokens": made.tokens,
        "tokens_per_second": made.tokens / made.seconds,
        "steps": made.steps,
        "peak_bytes": made.memory["training"],
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
