"""The models of the made-up quickstart, how they were made, and what was checked of them."""

from __future__ import annotations

import math

from harness.records import (
    Check,
    ConvertStep,
    FinetuneStep,
    LineageStep,
    MergeStep,
    ModelSummary,
    Parity,
    ParityLimits,
    QuantizeStep,
    SourceStep,
    Training,
    TrainingPoint,
    Value,
)

MEGABYTE = 1_000_000
STARTER = SourceStep(name="starter")


def tuned(method: str) -> FinetuneStep:
    """A fine-tuning of rank 16."""
    return FinetuneStep(model=method, method=method, rank=16, seed=0)


F16: list[LineageStep] = [
    STARTER,
    tuned("lora"),
    MergeStep(base_precision="full", trained_on="full"),
    ConvertStep(type="F16"),
]
LINEAGES: dict[str, list[LineageStep]] = {
    "base": [STARTER],
    "lora": [STARTER, tuned("lora")],
    "qlora": [STARTER, tuned("qlora")],
    "lora-f16": [*F16],
    "lora-q8": [*F16, QuantizeStep(type="Q8_0")],
    "lora-q5": [*F16, QuantizeStep(type="Q5_K_M")],
    "lora-q4": [*F16, QuantizeStep(type="Q4_K_M")],
}
BYTES = {
    "base": 11_712_004,
    "lora": 12_960_772,
    "qlora": 12_960_772,
    "lora-f16": 11_804_224,
    "lora-q8": 6_301_152,
    "lora-q5": 4_452_000,
    "lora-q4": 3_905_888,
}
BITS = {"lora-f16": 16.0, "lora-q8": 8.5, "lora-q5": 6.02, "lora-q4": 5.28}


def around(value: float, half: float, floor: float = 0.0) -> Value:
    """A value with a symmetric made-up interval."""
    return Value(value=value, low=max(floor, value - half), high=value + half)


def curve(first: float, last: float, steps: int = 300) -> list[TrainingPoint]:
    """A loss that falls exponentially with a deterministic wiggle."""
    return [
        TrainingPoint(
            step=step,
            epoch=3 * step / steps,
            loss=last + (first - last) * math.exp(-4 * step / steps) + 0.08 * math.sin(step * 1.7),
            learning_rate=2e-3 * (1 - step / steps),
            tokens=1_020 * step,
            seconds=0.21 * step,
        )
        for step in range(1, steps + 1)
    ]


def training(method: str, final: float) -> Training:
    """What fine-tuning by `method` did and cost."""
    points = curve(3.2, final)
    return Training(
        method=method,
        steps=300,
        examples=1_800,
        epochs=3.0,
        tokens=306_000,
        answer_tokens=41_212,
        seconds=64.8 if method == "lora" else 91.3,
        first_loss=points[0].loss,
        final_loss=points[-1].loss,
        trainable_parameters=638_976,
        total_parameters=6_495_488,
        peak_resident_bytes=982 * MEGABYTE,
        hyperparameters={"rank": 16, "alpha": 32, "learning_rate": 0.002, "batch_tokens": 2048},
        curve=points,
    )


PARITY_LIMITS = ParityLimits(max_logprob_difference=0.1, mean_kl=1e-4, top1_agreement=0.99)


def model(name: str) -> ModelSummary:
    """One model of the quickstart suite."""
    gguf = name in BITS
    parity = Parity(
        against="merged",
        prompts=64,
        tokens=4_180,
        same_tokens=1.0,
        max_logprob_difference=0.0015,
        mean_logprob_difference=0.00021,
        mean_kl=3.1e-6,
        top1_agreement=0.9995,
        limits=PARITY_LIMITS,
        passed=True,
        reason="same ids, log-probabilities within 0.05 nats",
    )
    trained = ("qlora", 0.66) if name == "qlora" else ("lora", 0.61) if "lora" in name else None
    return ModelSummary(
        lineage=LINEAGES[name],
        engine="llamacpp" if gguf else "hf",
        parameters=5_856_512,
        bytes=BYTES[name],
        bits_per_weight=BITS.get(name, 16.0),
        parity=parity if gguf else None,
        merge_parity=merge_parity() if gguf else None,
        training=training(*trained) if trained else None,
        synthetic=True,
        key=f"{abs(hash_of(name)):064x}",
    )


def merge_parity() -> Parity:
    """What merging did to every GGUF's weights: rounding."""
    return Parity(
        against="base with the adapter of lora, unmerged",
        prompts=64,
        tokens=4_180,
        same_tokens=1.0,
        max_logprob_difference=0.0092,
        mean_logprob_difference=0.00064,
        mean_kl=8.8e-6,
        top1_agreement=0.9981,
        limits=PARITY_LIMITS,
        passed=True,
        reason="log-probabilities within 0.05 nats",
    )


def checks() -> list[Check]:
    """What was looked for before anything was asked; all of it passed."""
    found = [
        Check(name="bos", model="base", status="passed", message="Every prompt begins with 1 BOS.")
    ]
    for name in LINEAGES:
        if name in BITS:
            for check, message in (
                ("bos", "The GGUF begins prompts with as many BOS."),
                ("chat-template", "The GGUF carries its source's chat template."),
                ("tokens", "Both tokenizers give the same ids on all 600 prompts."),
                ("conversion", "The same distributions within F16 rounding."),
                ("merge", "The same distributions within rounding."),
            ):
                fields = {"name": check, "model": name, "status": "passed", "message": message}
                found.append(Check.model_validate(fields))
    return found


def hash_of(text: str) -> int:
    """A stable number for a text (Python's own hash changes from run to run)."""
    return sum((i + 1) * ord(c) ** 3 for i, c in enumerate(text)) ** 9
