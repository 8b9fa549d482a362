"""Fine-tuning by LoRA or QLoRA: examples in, a PEFT adapter folder and its record out."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from harness.engines.hf.load import count_parameters
from harness.engines.oom import reports_out_of_memory
from harness.engines.process import has_bfloat16, peak_resident_bytes
from harness.errors import InputError, OutOfMemoryError
from harness.models.finetune.base_model import (
    context_length,
    count_linear_weights,
    frozen_linears,
    load_base,
    load_packed_base,
    replace_by_nf4_values,
)
from harness.models.finetune.examples import Example, plan_batches, read_examples
from harness.models.finetune.loop import StepResult, train
from harness.models.finetune.recipe import Recipe, mean_of_first
from harness.records import Training, TrainingPoint

Progress = Callable[[int, int, str], None]

UNPACKED_LIMIT_BYTES = 1 << 30
"""Up to this size, the frozen weights of QLoRA are dequantized once instead of in each step."""
CURVE_POINTS = 200


def finetune(
    base: Path,
    examples: Path,
    recipe: Recipe,
    out: Path,
    progress: Progress,
    threads: int = 0,
) -> Training:
    """Trains an adapter on a frozen base and saves it as a PEFT folder.

    `examples` is JSON lines of `prompt_ids` and `target_ids`, encoded already; the loss is the
    mean cross-entropy (nats) of the target ids. `progress` counts tokens. `threads` 0 leaves the
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
    model = _load_frozen(base, recipe, device, dtype)
    total_parameters = count_parameters(model)
    known_ids = model.get_input_embeddings().num_embeddings
    rows = read_examples(examples, known_ids, context_length(model))
    tuned = _add_adapters(model, recipe)
    lengths = [len(row) for row in rows]
    steps = plan_batches(
        lengths, recipe.batch_tokens, recipe.epochs, np.random.default_rng(recipe.seed)
    )
    total_tokens = sum(lengths[index] for step in steps for index in step)
    started = time.perf_counter()
    results: list[StepResult] = []
    done = 0
    try:
        for result in train(tuned, [[rows[i] for i in step] for step in steps], recipe, dtype):
            results.append(result)
            done += result.tokens
            progress(done, total_tokens, "tokens")
    except (MemoryError, RuntimeError) as error:
        if not reports_out_of_memory(error):
            raise
        raise OutOfMemoryError(
            f"Fine-tuning ran out of memory on {device} at step {len(results) + 1}: {error}",
            "Lower batch_tokens, set gradient_checkpointing, or use method qlora.",
        ) from error
    seconds = time.perf_counter() - started
    _save_adapter(tuned, out)
    return _record(recipe, rows, results, seconds, tuned, total_parameters, dtype)


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


def _load_frozen(base: Path, recipe: Recipe, device: torch.device, dtype: torch.dtype) -> Any:
    packed = (
        recipe.method == "qlora"
        and count_linear_weights(base) * dtype.itemsize > UNPACKED_LIMIT_BYTES
    )
    if packed:
        model = load_packed_base(base, device, dtype)
    else:
        model = load_base(base)
        if recipe.method == "qlora":
            replace_by_nf4_values(model)
        for linear in frozen_linears(model):
            linear.weight.data = linear.weight.data.to(dtype)
        model.to(device)
    model.requires_grad_(False)
    if recipe.gradient_checkpointing:
        model.gradient_checkpointing_enable({"use_reentrant": False})
        model.enable_input_require_grads()
    return model


def _add_adapters(model: Any, recipe: Recipe) -> Any:
    from peft import LoraConfig, get_peft_model

    targets = recipe.target_modules
    config = LoraConfig(
        r=recipe.rank,
        lora_alpha=recipe.scale_alpha,
        lora_dropout=recipe.dropout,
        target_modules=targets if isinstance(targets, str) else list(targets),
        task_type="CAUSAL_LM",
    )
    try:
        return get_peft_model(model, config)
    except ValueError as error:
        raise InputError(
            f"finetune.target_modules {targets!r} does not fit the model: {error}",
            'Use "all-linear", or the ends of layer names such as q_proj.',
        ) from error


def _save_adapter(tuned: Any, out: Path) -> None:
    """Writes adapter_config.json and adapter_model.safetensors, the same bytes each time.

    PEFT would write the base's path on this machine, and layer names in the order of a set.
    """
    tuned.save_pretrained(out, save_embedding_layers=False)
    (out / "README.md").unlink(missing_ok=True)
    config_file = out / "adapter_config.json"
    config = json.loads(config_file.read_text(encoding="utf-8"))
    config["base_model_name_or_path"] = None
    if isinstance(config["target_modules"], list):
        config["target_modules"].sort()
    config_file.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def _record(
    recipe: Recipe,
    rows: list[Example],
    results: list[StepResult],
    seconds: float,
    tuned: Any,
    total_parameters: int,
    dtype: torch.dtype,
) -> Training:
    losses = [result.loss for result in results]
    return Training(
        method=recipe.method,
        steps=len(results),
        examples=len(rows),
        epochs=recipe.epochs,
        tokens=sum(result.tokens for result in results),
        answer_tokens=sum(result.answer_tokens for result in results),
        seconds=seconds,
        first_loss=mean_of_first(losses),
        final_loss=mean_of_first(losses[::-1]),
        trainable_parameters=sum(p.numel() for p in tuned.parameters() if p.requires_grad),
        total_parameters=total_parameters,
        peak_resident_bytes=peak_resident_bytes(),
        hyperparameters={
            "rank": recipe.rank,
            "alpha": recipe.scale_alpha,
            "dropout": recipe.dropout,
            "target_modules": recipe.target_modules,
            "learning_rate": recipe.learning_rate,
            "batch_tokens": recipe.batch_tokens,
            "warmup_ratio": recipe.warmup_ratio,
            "schedule": recipe.schedule,
            "weight_decay": recipe.weight_decay,
            "max_grad_norm": recipe.max_grad_norm,
            "seed": recipe.seed,
            "dtype": str(dtype).removeprefix("torch."),
            "gradient_checkpointing": recipe.gradient_checkpointing,
        },
        curve=_curve(results, len(rows)),
    )


def _curve(results: list[StepResult], examples: int) -> list[TrainingPoint]:
    """Every step, or `CURVE_POINTS` of them evenly, the first and the last included."""
    points: list[TrainingPoint] = []
    tokens = seen = 0
    for number, result in enumerate(results, start=1):
        tokens += result.tokens
        seen += result.examples
        points.append(
            TrainingPoint(
                step=number,
                epoch=seen / examples,
                loss=result.loss,
                learning_rate=result.learning_rate,
                tokens=tokens,
                seconds=result.seconds,
            )
        )
    if len(points) <= CURVE_POINTS:
        return points
    return [points[round(i)] for i in np.linspace(0, len(points) - 1, CURVE_POINTS)]
