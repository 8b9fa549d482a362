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
    return (_choose if task.ask == "loglikelihood" else _write)(task, asking)


def _choose(task: ClassifyTask, asking: Asking) -> Iterator[Sample]:
    """The label with the highest summed log-probability; the first of equals."""
    prompts, labels = asking.open_prompts(), asking.prompts.labels
    for position, scores in asking.answerer.choose(prompts):
        answer = labels[max(range(len(labels)), key=scores.__getitem__)]
        logprobs = dict(zip(labels, scores, strict=True))
        prompt = prompts[position]
        data = {"logprobs": logprobs}
        yield asking.sample(task.type, prompt, Answer(answer, prompt.target), data)


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
