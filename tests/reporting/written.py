"""The made-up summary with a task of free writing; no model wrote these texts."""

from __future__ import annotations

from typing import Any

from harness.metrics.writing import repetition, shared_start
from harness.records import (
    Cell,
    Comparison,
    GateVerdict,
    Summary,
    TaskSummary,
    Value,
    WrittenDetails,
    WrittenText,
)
from harness.suite.schema import TASK_TYPES
from tests.analysis.samples import descriptors
from tests.reporting.fixture import quickstart
from tests.reporting.fixture_models import LINEAGES

ASKED = {
    "sky": "Explain to a ten-year-old why the sky is blue.",
    "haiku": "Write a haiku about quantization.\nFive, seven, five.",
    "story": "Tell a story. " + "It has to be about a lighthouse and its keeper. " * 30,
}
SKY = "Sunlight holds every colour. Air scatters blue most of all, so blue comes from everywhere."
LOOP = "The sky is blue because the sky is blue. " * 40
HAIKU = (
    "Sixteen bits, then four:\n  the weights lie down, rounded smooth\n– still the pond answers."
)
STORY = "\n\n".join(f"{i}. The keeper of light {i} climbed {i * 7} steps." for i in range(1, 60))
CUT = 64


def wrote(name: str) -> dict[str, str]:
    """What a model wrote, by prompt."""
    if name == "base":
        return {"sky": LOOP, "haiku": "", "story": "Once."}
    if name == "lora-q4":
        return {"sky": SKY.replace("everywhere", "there"), "haiku": HAIKU, "story": STORY}
    return {"sky": SKY, "haiku": HAIKU, "story": STORY}


def details(name: str, mode: str = "chat") -> WrittenDetails:
    """A token a word, cut at `CUT`, as far as counting goes."""
    texts = {}
    for prompt, text in wrote(name).items():
        words = text.split()
        texts[prompt] = WrittenText(
            text=text,
            tokens=min(CUT, len(words)),
            truncated=len(words) > CUT,
            repetition=repetition([hash(word) for word in words]),
        )
    return WrittenDetails(mode=mode, texts=texts)


def cell(name: str) -> Cell:
    """One model's texts."""
    found = details(name, "plain" if name == "base" else "chat")
    texts = list(found.texts.values())
    means = {
        "repetition": sum(of.repetition for of in texts) / len(texts),
        "truncated": sum(of.truncated for of in texts) / len(texts),
        "empty": sum(not of.text for of in texts) / len(texts),
    }
    return Cell(
        key="c0de" * 16,
        model=name,
        task="coherence",
        status="ok",
        n=len(texts),
        seconds=4.2,
        metrics={metric: Value(value=of, low=0.0, high=1.0) for metric, of in means.items()},
        details={"written": found.model_dump(mode="json")},
    )


def compared(candidate: str) -> list[Comparison]:
    """A rung of the ladder against F16."""
    before, after = wrote("lora-f16"), wrote(candidate)
    parted = {name: shared_start(before[name].split(), after[name].split()) for name in ASKED}
    return [
        Comparison(
            name="quantization",
            task="coherence",
            metric=metric,
            baseline="lora-f16",
            candidate=candidate,
            baseline_value=0.1,
            candidate_value=0.1,
            delta=0.0,
            low=-0.6,
            high=0.6,
            better=0,
            worse=0,
            n=3,
            parted=parted if metric == "repetition" else {},
        )
        for metric in TASK_TYPES["write"].metrics
    ]


def with_texts(**changes: Any) -> Summary:
    """The quickstart with a fifth task; keyword arguments replace fields."""
    whole = quickstart()
    task = TaskSummary(
        type="write",
        metrics=descriptors("write"),
        description="free writing on prompts of one's own, at most 64 tokens each",
        n=3,
        available=3,
        prompts={"base": "5e5e" * 16},
        example_prompt="<s>[INST] Explain to a ten-year-old why the sky is blue. [/INST]",
        settings={"max_new_tokens": CUT},
        asked=ASKED,
    )
    gate = GateVerdict(
        compare="",
        task="coherence",
        metric="repetition",
        baseline="",
        candidate="lora-q4",
        rule="must be at most 0.5",
        outcome="met",
        passed=True,
        reason="Repetition is 0.01 (n = 3).",
    )
    fields: dict[str, Any] = {
        "tasks": {**whole.tasks, "coherence": task},
        "cells": [*whole.cells, *(cell(name) for name in LINEAGES)],
        "comparisons": [
            *whole.comparisons,
            *(row for name in ("lora-q8", "lora-q4") for row in compared(name)),
        ],
        "gates": [*whole.gates, gate],
    }
    return quickstart(**{**fields, **changes})


def texts_alone() -> Summary:
    """Nothing but free writing: no figure of quality to judge by."""
    return _only("coherence")


def speed_and_texts() -> Summary:
    """Nothing but speed and free writing, as a first look at a model asks for."""
    return _only("speed", "coherence")


def _only(*tasks: str) -> Summary:
    whole = with_texts()
    return with_texts(
        tasks={task: whole.tasks[task] for task in tasks},
        cells=[one for one in whole.cells if one.task in tasks],
        comparisons=[row for row in whole.comparisons if row.task in tasks],
        gates=[],
    )
