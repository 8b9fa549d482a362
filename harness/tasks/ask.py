"""Asks a task of any type."""

from __future__ import annotations

from collections.abc import Iterator

from harness.records import Sample
from harness.suite.schema import ClassifyTask, DivergenceTask, SummarizeTask, WriteTask
from harness.tasks import classify, divergence, summarize, write
from harness.tasks.asking import Asking


def ask(
    task: ClassifyTask | SummarizeTask | DivergenceTask | WriteTask, asking: Asking
) -> Iterator[Sample]:
    """The samples of one cell, as they are answered, in any order.

    Raises:
        CannotAnswerError: the task wants more than the answerer can do; nothing was asked.
    """
    asking.answerer.require(task.needs, f"A task of type `{task.type}`")
    match task:
        case ClassifyTask():
            return classify.ask(task, asking)
        case SummarizeTask():
            return summarize.ask(task, asking)
        case DivergenceTask():
            return divergence.ask(task, asking)
        case WriteTask():
            return write.ask(task, asking)
