"""The cells of the made-up quickstart: every metric of every model and task."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

from harness.records import (
    Cell,
    SpeedDetails,
    SpeedFigures,
    SpeedWarning,
    Value,
)
from tests.reporting.fixture_models import (
    BITS,
    BYTES,
    MEGABYTE,
    around,
    hash_of,
)

LABELS = ["negative", "neutral", "positive"]
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
        message="decode varied by 7.1% (CV)",
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
