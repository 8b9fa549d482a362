"""Fine-tuning: examples in, a PEFT adapter folder or one of weights out, and a record of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from harness.engines.hf.load import count_parameters
from harness.engines.oom import reports_out_of_memory
from harness.engines.process import has_bfloat16
from harness.errors import OutOfMemoryError
from harness.finetuning import LEANEST
from harness.models.finetune.base_model import context_length
from harness.models.finetune.examples import plan_batches, read_examples
from harness.models.finetune.loop import StepResult, train
from harness.models.finetune.recipe import Recipe
from harness.models.finetune.record import record_of
from harness.models.finetune.saving import save_tuned
from harness.models.finetune.trainable import load_frozen, make_trainable
from harness.records import Training, TrainingPoint

LOSSES = 10
"""Steps whose mean loss is told while it trains: one step's jumps with what is in its batch."""


@dataclass(frozen=True)
class TrainingProgress:
    """How far a training is: its last step, and the mean loss of the last steps, in nats."""

    point: TrainingPoint
    examples: int
    total_tokens: int
    loss: float


Progress = Callable[[TrainingProgress], None]


def finetune(
    base: Path,
    examples: Path,
    recipe: Recipe,
    out: Path,
    progress: Progress,
    threads: int = 0,
) -> Training:
    """Trains as the recipe says, and saves what comes out: a PEFT folder, or one of whole weights.

    `examples` is JSON lines of `prompt_ids` and `target_ids`, encoded already; the loss is the
    mean cross-entropy (nats) of the target ids. `progress` is told after each step. `threads` 0 leaves the
    number to torch. The same seed on the same machine and thread count gives the same bytes.
    Where other processes want the same cores, start the process with GOMP_SPINCOUNT=600:
    two threads that spin while they wait trained 1,500 tokens/s, two that sleep 7,900.

    QLoRA trains against the weights that NF4 stands for. They never change, so while they fit
    `UNPACKED_LIMIT_BYTES` they are dequantized once, which is the same arithmetic and faster;
    above, the base stays packed in bitsandbytes layers (7,000 tokens/s instead of 8,300 on the
    starter, the losses equal to three digits).

    Raises:
        BadModelError: the base is damaged, or the loss is not finite.
        BadDataError: the examples cannot be read.
        PromptTooLongError: examples exceed the context.
        InputError: `target_modules` names no layer of this model.
        OutOfMemoryError: memory has no room for the base or a batch.
    """
    if threads > 0:
        torch.set_num_threads(threads)
    torch.manual_seed(recipe.seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    dtype = compute_dtype(recipe, device)
    model = load_frozen(base, recipe, device, dtype)
    total_parameters = count_parameters(model)
    known_ids = model.get_input_embeddings().num_embeddings
    rows = read_examples(examples, known_ids, context_length(model))
    tuned = make_trainable(model, recipe)
    lengths = [len(row) for row in rows]
    steps = plan_batches(
        lengths, recipe.batch_tokens, recipe.epochs, np.random.default_rng(recipe.seed)
    )
    total_tokens = sum(lengths[index] for step in steps for index in step)
    started = time.perf_counter()
    results: list[StepResult] = []
    points: list[TrainingPoint] = []
    seen = 0
    try:
        for result in train(tuned, [[rows[i] for i in step] for step in steps], recipe, dtype):
            results.append(result)
            seen += result.examples
            points.append(
                TrainingPoint(
                    step=len(results),
                    epoch=seen / len(rows),
                    loss=result.loss,
                    learning_rate=result.learning_rate,
                    tokens=result.tokens + (points[-1].tokens if points else 0),
                    seconds=result.seconds,
                )
            )
            losses = [last.loss for last in results[-LOSSES:]]
            loss = sum(losses) / len(losses)
            progress(TrainingProgress(points[-1], seen, total_tokens, loss))
    except (MemoryError, RuntimeError) as error:
        if not reports_out_of_memory(error):
            raise
        raise OutOfMemoryError(
            f"Fine-tuning ran out of memory on {device} at step {len(results) + 1}: {error}",
            "Lower `batch_tokens`, set `gradient_checkpointing: true`, or use "
            f"`method: {LEANEST.name}`.",
        ) from error
    seconds = time.perf_counter() - started
    save_tuned(tuned, recipe, base, out)
    return record_of(recipe, rows, results, points, seconds, tuned, total_parameters, dtype)


def compute_dtype(recipe: Recipe, device: torch.device) -> torch.dtype:
    """The type of the matrix products: what the recipe says, or bfloat16 where it is fast.

    On a CPU with AVX512-BF16, one core trained LoRA at hidden size 256 with 9,600 tokens/s
    instead of 4,900, and at hidden size 1024 with 1,400 instead of 470; the loss after six steps
    was equal to four digits. CPUs without such instructions emulate bfloat16, which is slower.
    """
    if recipe.dtype != "auto":
        return torch.bfloat16 if recipe.dtype == "bfloat16" else torch.float32
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float32
    return torch.bfloat16 if has_bfloat16() else torch.float32
