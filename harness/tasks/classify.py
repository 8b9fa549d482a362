"""Classification: which label does the model find most likely, or write?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from harness.metrics.classification import confusion
from harness.records import Sample
from harness.suite.schema import ClassifyTask
from harness.tasks.asking import Asking
from harness.tasks.choosing import choose, written
from harness.tasks.prompts import PromptSet


def ask(task: ClassifyTask, asking: Asking) -> Iterator[Sample]:
    """Asks every open prompt, in the way that the task says."""
    if task.ask == "generate":
        return written(task.type, asking, task.max_new_tokens)
    return choose(task.type, asking, task.max_new_tokens)


def details(samples: Sequence[Sample], prompts: PromptSet) -> dict[str, Any]:
    """The confusion matrix."""
    labels = prompts.labels
    return {"confusion": {"labels": list(labels), "matrix": confusion(samples, labels).tolist()}}
