"""A made-up quickstart summary and its variants; none of these numbers was measured."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

from harness.metrics.registry import METRICS
from harness.records import (
    Cell,
    ChangedAnswer,
    Check,
    Comparison,
    ConvertStep,
    FinetuneStep,
    GateVerdict,
    LineageStep,
    MergeStep,
    ModelSummary,
    Parity,
    ParityLimits,
    QuantizeStep,
    SourceStep,
    SpeedDetails,
    SpeedFigures,
    SpeedWarning,
    Summary,
    TaskSummary,
    Training,
    TrainingPoint,
    Value,
)

MEGABYTE = 1_000_000
LABELS = ["negative", "neutral", "positive"]
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
ACCURACY = {
    "base": 0.452,
    "lora": 0.868,
    "qlora": 0.861,
    "lora-f16": 0.868,
    "lora-q8": 0.865,
    "lora-q5": 0.858,
    "lora-q4": 0.833,
}
ROUGE = {
    "base": 0.181,
    "lora": 0.398,
    "qlora": 0.391,
    "lora-f16": 0.399,
    "lora-q8": 0.398,
    "lora-q5": 0.394,
    "lora-q4": 0.371,
}
KL = {
    "base": 1.84,
    "lora": 0.0000031,
    "qlora": 0.121,
    "lora-f16": 0.0,
    "lora-q8": 0.00043,
    "lora-q5": 0.00712,
    "lora-q4": 0.0297,
}
DECODE = {
    "base": 61.0,
    "lora": 48.0,
    "qlora": 47.2,
    "lora-f16": 402.0,
    "lora-q8": 587.0,
    "lora-q5": 561.0,
    "lora-q4": 604.0,
}


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


def confusion(accuracy: float) -> dict[str, Any]:
    """A confusion matrix of 200 answers with about this accuracy, last column unparsed."""
    sizes = [40, 112, 48]
    rows = []
    for index, size in enumerate(sizes):
        right = round(size * accuracy)
        wrong = [round((size - right) * 0.7), size - right - round((size - right) * 0.7)]
        rows.append([*wrong[:index], right, *wrong[index:], 0])
    return {"labels": LABELS, "matrix": rows}


def metrics(name: str, task: str) -> dict[str, Value]:
    """Made-up metrics of one cell."""
    if task == "sentiment":
        value = ACCURACY[name]
        return {
            "accuracy": around(value, 0.047),
            "macro_f1": around(value - 0.031, 0.055),
            "unparsed": Value(value=0.0, low=0.0, high=0.0188),
        }
    if task == "dialogue":
        value = ROUGE[name]
        return {
            "rouge1": around(value + 0.06, 0.021),
            "rouge2": around(value - 0.13, 0.018),
            "rougeL": around(value, 0.02),
            "rougeLsum": around(value + 0.001, 0.02),
            "truncated": around(0.4 if name == "base" else 0.015, 0.014),
        }
    if task == "fidelity":
        value = KL[name]
        return {
            "kl_mean": around(value, value * 0.12),
            "kl_p99": around(value * 14, value * 3),
            "same_top1": around(max(0.3, 1 - math.sqrt(value) / 2), 0.004),
            "perplexity": around(4.21 * (1 + value), 0.31),
            "bits_per_byte": around(0.812 * (1 + value / 2), 0.022),
        }
    speed = DECODE[name]
    first, between = 256 / (speed * 11), 1 / speed
    found = {
        "prefill_tokens_per_second": around(speed * 11, speed * 0.6),
        "decode_tokens_per_second": around(speed, speed * 0.04),
        "ttft_seconds": Value(value=first, low=first * 0.98, high=first * 1.02, n=6),
        "ttft_p90_seconds": Value(value=first * 1.03, n=6),
        "ttft_p99_seconds": Value(value=first * 1.04, n=6),
        "itl_seconds": Value(value=between, low=between * 0.97, high=between * 1.03, n=768),
        "itl_p90_seconds": Value(value=between * 1.08, n=768),
        "itl_p99_seconds": Value(value=between * 1.9, n=768),
        "sampling_seconds": Value(value=11e-6, low=1e-5, high=1.2e-5, n=768),
        "tokenizer_tokens_per_second": Value(value=412_000.0),
        "load_seconds": Value(value=0.09 if "-" in name else 1.31),
        "peak_bytes": Value(value=float(BYTES[name] * 3 + 210 * MEGABYTE)),
    }
    if shape("decode", name, 128, 1, 0).share is not None:
        found["roofline_share"] = Value(value=shape("decode", name, 128, 1, 0).share)
    return found


def shape(phase: str, name: str, tokens: int, batch: int, depth: int) -> SpeedFigures:
    """One made-up shape; the two smallest models fit into the cache."""
    rate = DECODE[name] * (11 if phase == "prefill" else batch**0.7) / (1 + depth / 4096)
    wait = tokens / rate if phase == "prefill" else batch / rate
    step = BYTES[name] + 3_072 * (depth + tokens // 2) * batch
    limit = 40e9 * batch / step
    decode = phase == "decode"
    return SpeedFigures.model_validate(
        {
            "phase": phase,
            "tokens": tokens,
            "batch_size": batch,
            "depth": depth,
            "headline": batch == 1 and depth == 0,
            "tokens_per_second": around(rate, rate * 0.04),
            "spread": 0.071 if (name, phase) == ("lora-q4", "decode") else 0.012,
            "repetitions": [[rate * 1.01, rate], [rate * 0.99, rate], [rate, rate]],
            "p50_seconds": Value(value=wait, low=wait * 0.98, high=wait * 1.02, n=768),
            "p90_seconds": Value(value=wait * 1.1, n=768),
            "p99_seconds": Value(value=wait * 1.9, n=768),
            "step_bytes": step if decode else None,
            "limit_tokens_per_second": limit if decode else None,
            "share": rate / limit if decode and BYTES[name] > 6 * MEGABYTE else None,
        }
    )


def speed_details(name: str) -> dict[str, Any]:
    """What stands behind a timed cell; one model's repetitions spread."""
    shapes = [
        shape("prefill", name, 256, 1, 0),
        shape("decode", name, 128, 1, 0),
        shape("decode", name, 128, 4, 0),
        shape("prefill", name, 256, 1, 2048),
        shape("decode", name, 128, 1, 2048),
        shape("decode", name, 128, 4, 2048),
    ]
    doubt = SpeedWarning(
        kind="spread",
        message="decode of 128 tokens by 7.1%",
        remedy="Close other programs and let the machine cool down.",
    )
    gguf = name in BITS
    exact = {"cache": "F16", "flash_attention": "auto", "n_batch": 2048, "n_ubatch": 512}
    details = SpeedDetails(
        shapes=shapes,
        settings=exact if gguf else {"attention": "sdpa"},
        started=[datetime(2026, 11, 21, 4, minute, tzinfo=UTC) for minute in (56, 58, 59)],
        load_seconds=[0.09, 0.1],
        memory_bytes_per_second=40e9,
        cache_bytes=6 * MEGABYTE,
        warnings=[doubt] if name == "lora-q4" else [],
    )
    return details.model_dump(mode="json")


def cell(name: str, task: str) -> Cell:
    """One successful cell."""
    gguf = name in BITS
    return Cell(
        key=f"{hash_of(name + task):064x}"[-64:],
        model=name,
        task=task,
        status="ok",
        n=6 if task == "speed" else 200,
        seconds=2.31,
        load_seconds=0.09 if gguf else 1.31,
        metrics=metrics(name, task),
        engine={
            "engine": "llamacpp" if gguf else "hf",
            "version": "0.3.36" if gguf else "5.23.0",
            "dtype": "F16" if gguf else "bfloat16",
            "device": "cpu",
            "threads": 2,
        },
        footprint={"disk_bytes": BYTES[name], "peak_resident_bytes": 301 * MEGABYTE},
        prompts="9f2c" * 16,
        details=details(name, task),
    )


def details(name: str, task: str) -> dict[str, Any]:
    """What a cell has beside its metrics."""
    if task == "sentiment":
        return {"confusion": confusion(ACCURACY[name])}
    return {"speed": speed_details(name)} if task == "speed" else {}


def changed(index: int, better: bool) -> ChangedAnswer:
    """An answer that fine-tuning or quantization changed."""
    return ChangedAnswer(
        id=f"sentiment-{index:04d}",
        prompt=f"Operating profit of Northvale Oyj rose to EUR {index}.4 mn from EUR 2.1 mn.",
        target="positive",
        baseline_answer="neutral" if better else "positive",
        candidate_answer="positive" if better else "neutral",
        baseline_score=0.0 if better else 1.0,
        candidate_score=1.0 if better else 0.0,
    )


def comparison(
    name: str, task: str, metric: str, baseline: str, candidate: str, half: float
) -> Comparison:
    """A paired difference with a symmetric made-up interval."""
    before, after = (
        found.value or 0.0 if (found := metrics(name, task).get(metric)) is not None else 0.0
        for name in (baseline, candidate)
    )
    delta = after - before
    certain = abs(delta) > half
    right = metric == "accuracy"
    better = max(0, round(200 * delta)) + 6
    once = not METRICS[metric].has_interval
    return Comparison(
        name=name,
        task=task,
        metric=metric,
        baseline=baseline,
        candidate=candidate,
        baseline_value=before,
        candidate_value=after,
        delta=delta,
        low=None if once else delta - half,
        high=None if once else delta + half,
        p=None if once else 0.00004 if certain else 0.41,
        p_adjusted=None if once else 0.00012 if certain else 0.62,
        better=better if right else None,
        worse=better - round(200 * delta) if right and delta < 0 else 6 if right else None,
        n=3 if task == "speed" else 200,
        detectable=None if once else half * 2.8 / 1.96,
        **ratio(metric, before, after),
        right_to_wrong=ids(0, better - round(200 * delta) if delta < 0 else 6) if right else [],
        wrong_to_right=ids(100, better) if right else [],
        changed_for_better=[changed(i, True) for i in range(3)] if right else [],
        changed_for_worse=[changed(i, False) for i in range(3, 5)] if right else [],
    )


def ids(first: int, number: int) -> list[str]:
    """So many ids of examples."""
    return [f"sentiment-{index:04d}" for index in range(first, first + number)]


def ratio(metric: str, before: float, after: float) -> dict[str, float]:
    """How many times as fast, 3% either way; nothing where nothing was timed in rounds."""
    if not METRICS[metric].is_timing or not METRICS[metric].has_interval:
        return {}
    times = after / before if METRICS[metric].higher_is_better else before / after
    return {"ratio": times, "ratio_low": times * 0.97, "ratio_high": times * 1.03}


def comparisons() -> list[Comparison]:
    """Fine-tuning and quantization, on every metric of every task."""
    halves = {"accuracy": 0.021, "rougeL": 0.009}
    plan = {
        ("fine-tuning", "base"): ("lora", "qlora"),
        ("quantization", "lora-f16"): ("lora-q8", "lora-q5", "lora-q4"),
    }
    return [
        comparison(name, task, metric, baseline, candidate, halves.get(metric, 0.02))
        for (name, baseline), candidates in plan.items()
        for task in tasks()
        for metric in metrics(baseline, task)
        for candidate in candidates
    ]


def gates() -> list[GateVerdict]:
    """Two gates, the second judged for three candidates, one of which fails."""
    made = [
        GateVerdict(
            compare="fine-tuning",
            task="sentiment",
            metric="accuracy",
            baseline="base",
            candidate=candidate,
            rule="must improve",
            outcome="met",
            passed=True,
            reason="Accuracy changed by +0.416 (n = 200); the 95% interval excludes zero.",
        )
        for candidate in ("lora", "qlora")
    ]
    made += [
        GateVerdict(
            compare="quantization",
            task="sentiment",
            metric="accuracy",
            baseline="lora-f16",
            candidate=candidate,
            rule="must not drop by more than 0.03",
            outcome="not met" if candidate == "lora-q4" else "met",
            passed=candidate != "lora-q4",
            reason="Accuracy changed by "
            + (
                "-0.035 (n = 200); with 95% confidence the drop is at least 0.031, more than the "
                if candidate == "lora-q4"
                else "-0.003 (n = 200); with 95% confidence the drop is at most 0.021, within the "
            )
            + "0.03 that is allowed.",
        )
        for candidate in ("lora-q8", "lora-q5", "lora-q4")
    ]
    return made


def tasks() -> dict[str, TaskSummary]:
    """The four tasks of the quickstart suite."""
    return {
        "sentiment": TaskSummary(
            type="classify",
            description="Which sentiment does a sentence of financial news carry?",
            dataset="phrasebank-sample",
            n=200,
            available=480,
            seed=0,
            prompts={"base": "9f2c" * 16},
            floors={
                "majority": {"accuracy": around(0.56, 0.068), "macro_f1": around(0.239, 0.02)},
                "tfidf": {"accuracy": around(0.815, 0.054), "macro_f1": around(0.79, 0.06)},
            },
            example_prompt="<s>[INST] Sentence: Net sales fell by 4%.\nSentiment: [/INST]",
            settings={"ask": "loglikelihood", "normalize": "none"},
            synthetic=True,
            labels=LABELS,
        ),
        "dialogue": TaskSummary(
            type="summarize",
            description="Retell a messenger dialogue in one or two sentences.",
            dataset="dialogue-sample",
            n=200,
            available=240,
            seed=0,
            prompts={"base": "77aa" * 16},
            floors={"lead": {"rouge1": around(0.29, 0.02), "rougeL": around(0.22, 0.02)}},
            example_prompt="<s>[INST] Ann: Are we on for nine?\nBen: Yes! [/INST]",
            settings={"max_new_tokens": 48},
            synthetic=True,
        ),
        "fidelity": TaskSummary(
            type="divergence",
            description="How far next-token probabilities are from those of the reference.",
            dataset="dialogue-sample",
            n=200,
            available=240,
            seed=0,
            reference="lora-f16",
            prompts={"base": "10bd" * 16},
            synthetic=True,
        ),
        "speed": TaskSummary(
            type="speed",
            description="reading 256 tokens and writing 128; 6 repetitions of each in 3 rounds, "
            "the models taking turns",
            settings={"prompt_tokens": [256], "new_tokens": 128, "repetitions": 6},
        ),
    }


SUITE_TEXT = """name: quickstart
defaults: {seed: 0, limit: 200}

models:
  base: {source: starter}
  lora: {from: base, finetune: {method: lora, tasks: [sentiment, dialogue]}}
"""


def quickstart(**changes: Any) -> Summary:
    """The whole summary; keyword arguments replace its fields."""
    fields: dict[str, Any] = {
        "suite": {
            "name": "quickstart",
            "description": "A made-up run of the quickstart suite.",
            "file": "suites/quickstart.yaml",
            "sha256": "c0ffee" * 10 + "c0ff",
            "text": SUITE_TEXT,
            "key": "beef" * 16,
            "defaults": {"seed": 0, "limit": 200},
        },
        "created": "2026-11-21T05:00:00+00:00",
        "seconds": 213.4,
        "machine": {
            "processor": "Made-up CPU 2000",
            "cores": 2,
            "memory_bytes": 25_769_803_776,
            "system": "Linux 6.1",
            "gpus": [],
        },
        "software": {"harness": "0.1.0", "torch": "2.13.0", "llama-cpp-python": "0.3.36"},
        "models": {name: model(name) for name in LINEAGES},
        "tasks": tasks(),
        "cells": [cell(name, task) for name in LINEAGES for task in tasks()],
        "comparisons": comparisons(),
        "gates": gates(),
        "checks": checks(),
        "commands": ["harness run suites/quickstart.yaml", "harness report results/quickstart"],
    }
    return Summary(**{**fields, **changes})
