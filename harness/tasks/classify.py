"""Classification: which label does the model find most likely, or write?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from harness.metrics.classification import confusion
from harness.metrics.metric import Answer
from harness.records import Sample
from harness.suite.schema import ClassifyTask
from harness.tasks.asking import Asking
from harness.tasks.labels import parse_label
from harness.tasks.prompts import PromptSet


def ask(task: ClassifyTask, asking: Asking) -> Iterator[Sample]:
    """Asks every open prompt, in the way that the task says."""
    chosen = task.ask == "loglikelihood" and asking.scored
    return (_choose if chosen else _write)(task, asking)


def _choose(task: ClassifyTask, asking: Asking) -> Iterator[Sample]:
    """The label that the model finds likeliest; the first of equals."""
    labels = asking.prompts.labels
    for prompt, found in asking.choose():
        answer = labels[found.likeliest()]
        yield asking.sample(task.type, prompt, Answer(answer, prompt.target), found.record(labels))


def _write(task: ClassifyTask, asking: Asking) -> Iterator[Sample]:
    for prompt, written in asking.generate(task.max_new_tokens):
        finished = written.reasoning_finished
        answer = parse_label(written.text, asking.prompts.labels) if finished else None
        data = {"text": written.text, **written.record()}
        yield asking.sample(task.type, prompt, Answer(answer, prompt.target), data)


def details(samples: Sequence[Sample], prompts: PromptSet) -> dict[str, Any]:
    """The confusion matrix."""
    labels = prompts.labels
    return {"confusion": {"labels": list(labels), "matrix": confusion(samples, labels).tolist()}}
