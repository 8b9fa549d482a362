"""A made-up quickstart summary and its variants; none of these numbers was measured."""

from __future__ import annotations

from typing import Any

from harness.metrics.registry import METRICS
from harness.records import (
    ChangedAnswer,
    Comparison,
    GateVerdict,
    Summary,
    TaskSummary,
)
from tests.analysis.samples import descriptors
from tests.reporting.fixture_cells import (
    LABELS,
    cell,
    metrics,
)
from tests.reporting.fixture_models import (
    LINEAGES,
    around,
    checks,
    model,
)


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
            reason="Accuracy changed by +41.60 pp (n = 200); the 95% interval excludes zero.",
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
            rule="must not drop by more than 3 pp",
            outcome="not met" if candidate == "lora-q4" else "met",
            passed=candidate != "lora-q4",
            reason="Accuracy changed by "
            + (
                "−3.50 pp (n = 200); with 95% confidence the drop is at least 3.10 pp, more than the "
                if candidate == "lora-q4"
                else "−0.30 pp (n = 200); with 95% confidence the drop is at most 2.10 pp, within the "
            )
            + "3 pp that is allowed.",
        )
        for candidate in ("lora-q8", "lora-q5", "lora-q4")
    ]
    return made


def tasks() -> dict[str, TaskSummary]:
    """The four tasks of the quickstart suite."""
    return {
        "sentiment": TaskSummary(
            type="classify",
            metrics=descriptors("classify"),
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
            metrics=descriptors("summarize"),
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
            metrics=descriptors("divergence"),
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
            metrics=descriptors("speed"),
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
