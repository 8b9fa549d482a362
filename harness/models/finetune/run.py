"""Fine-tuning: examples in, a PEFT adapter folder or one of weights out, and a record of it."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch

from harness.engines.energy import EnergyMeter
from harness.engines.hf.load import count_parameters
from harness.engines.oom import reports_out_of_memory
from harness.engines.phases import MemoryPhases
from harness.engines.process import has_bfloat16
from harness.errors import InputError, OutOfMemoryError
from harness.finetuning import LEANEST
from harness.models.finetune.base_model import context_length
from harness.models.finetune.checkpoints import Checkpoints
from harness.models.finetune.curve import LossCurve
from harness.models.finetune.examples import read_examples
from harness.models.finetune.heldout import HeldOut
from harness.models.finetune.loop import Loop
from harness.models.finetune.order import hold_out, plan_steps, when_validated
from harness.models.finetune.recipe import Recipe
from harness.models.finetune.record import record_of
from harness.models.finetune.rows import choose_rows
from harness.models.finetune.saving import save_tuned
from harness.models.finetune.trainable import load_frozen, make_trainable
from harness.records import Training, TrainingExample, TrainingPoint

LOSSES = 10
"""Steps whose mean loss is told while it trains: one step's jumps with what is in its batch."""
METERED_SECONDS = 10.0
"""Between two looks at what energy was used."""


@dataclass(frozen=True)
class TrainingProgress:
    """How far a training is.

    Attributes:
        point: its last step.
        examples: seen so far.
        total_tokens: that it will have seen in the end, if it is not stopped early.
        loss: mean of the last steps, in nats.
        validation_loss: of the last validation; None before the first, or where nothing is held out.
    """

    point: TrainingPoint
    examples: int
    total_tokens: int
    loss: float
    validation_loss: float | None = None


Progress = Callable[[TrainingProgress], None]


def finetune(
    base: Path,
    examples: Path,
    recipe: Recipe,
    out: Path,
    progress: Progress,
    threads: int = 0,
    work: Path | None = None,
    parts: Sequence[str] = (),
) -> Training:
    """Trains as the recipe says, and saves what comes out: a PEFT folder, or one of whole weights.

    `examples` is JSON lines of `prompt_ids` and `target_ids`, encoded already; the loss is the
    mean cross-entropy (nats) of the target ids. `progress` is told after each step. `threads` 0 leaves the
    number to torch. The same seed on the same machine and thread count gives the same bytes, interrupted or
    not: with a `work` folder that outlives the process, the next call goes on from the last checkpoint.
    `parts` name the tasks and files that examples are of, by number.
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
        InputError: `target_modules` names no layer of this model, nothing is left to learn, or `packing` would let the
            model see one example while it learns another.
        OutOfMemoryError: memory has no room for the base or a batch.
        NoSpaceError: the disk has no room for a checkpoint.
    """
    if work is None:
        with TemporaryDirectory(prefix="harness-finetune-") as folder:
            return finetune(base, examples, recipe, out, progress, threads, Path(folder), parts)
    if threads > 0:
        torch.set_num_threads(threads)
    phases = MemoryPhases()
    phases.begin("loading")
    torch.manual_seed(recipe.seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    dtype = compute_dtype(recipe, device)
    model = load_frozen(base, recipe, device, dtype)
    rows = choose_rows(model, recipe.packing, dtype)
    total_parameters = count_parameters(model)
    known_ids = model.get_input_embeddings().num_embeddings
    learned, held_out = _split(
        read_examples(examples, known_ids, context_length(model)), recipe, parts
    )
    tuned = make_trainable(model, recipe, work)
    steps = [
        [[learned[i] for i in batch] for batch in step]
        for step in plan_steps(
            [len(row) for row in learned], recipe.batch_tokens, recipe.epochs,
            np.random.default_rng(recipe.seed), recipe.accumulate, recipe.packing,
            [recipe.weights[row.part] for row in learned] if recipe.weights else None,
        )
    ]  # fmt: skip
    validated = when_validated(len(steps), recipe.validations, recipe.epochs)
    checkpoints = Checkpoints(work, _identity(recipe, dtype))
    loop = Loop(tuned, steps, held_out, validated, recipe, dtype, checkpoints, rows)
    phases.begin("training")
    interrupted, energy = _trained(loop, steps, work, device, progress)
    phases.begin("saving")
    save_tuned(tuned, recipe, base, out, work)
    return record_of(
        recipe, loop, held_out, len(learned), total_parameters, dtype, phases.end(), phases.most,
        energy, interrupted,
    )  # fmt: skip


def _split(
    rows: list[TrainingExample], recipe: Recipe, parts: Sequence[str]
) -> tuple[list[TrainingExample], HeldOut | None]:
    """What is learned, and what is held out of it."""
    try:
        apart = set(hold_out(len(rows), recipe.validation, np.random.default_rng(recipe.seed)))
    except ValueError:
        raise InputError(
            f"finetune.validation holds out {recipe.validation:g} examples, and there are {len(rows)}.",
            "Hold out fewer, or a share such as 0.1.",
        ) from None
    if not apart:
        return rows, None
    examples = [rows[index] for index in sorted(apart)]
    learned = [row for index, row in enumerate(rows) if index not in apart]
    return learned, HeldOut.of(examples, recipe.batch_tokens, parts)


def _identity(recipe: Recipe, dtype: torch.dtype) -> str:
    """Of what a checkpoint must be to be gone on from; the folder is of one base and one set of examples."""
    return hashlib.sha256(f"{asdict(recipe)} {dtype} {torch.__version__}".encode()).hexdigest()


def _trained(
    loop: Loop, steps: Sequence[Any], work: Path, device: torch.device, progress: Progress
) -> tuple[list[Any], float | None]:
    """Runs the loop to its end; the attempts before, and the energy (joules) that it used."""
    total_tokens = sum(len(row) for step in steps for batch in step for row in batch)
    meter, metered = EnergyMeter(), time.monotonic()
    went_on = len(loop.done.points)
    with LossCurve(work, loop.done.points) as curve:
        try:
            for point in loop.run():
                curve.add(point)
                last = [one.loss for one in loop.done.points[-LOSSES:]]
                validations = loop.done.validations
                progress(
                    TrainingProgress(
                        point, loop.done.examples, total_tokens, sum(last) / len(last),
                        validations[-1].loss if validations else None,
                    )
                )  # fmt: skip
                if time.monotonic() - metered > METERED_SECONDS:
                    meter.read()
                    metered = time.monotonic()
        except (MemoryError, RuntimeError) as error:
            if not reports_out_of_memory(error):
                raise
            raise OutOfMemoryError(
                f"Fine-tuning ran out of memory on {device} at step {len(loop.done.points) + 1}: {error}",
                "Lower `batch_tokens` (and raise `accumulate` by as much), set `gradient_checkpointing: "
                f"true`, or use `method: {LEANEST.name}`.",
            ) from error
    return curve.interrupted, None if went_on else meter.read()


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
