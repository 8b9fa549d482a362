"""Summarization: greedy generation, graded by ROUGE (Lin 2004) against one reference."""

from __future__ import annotations

from collections.abc import Iterator

from harness.metrics.metric import Answer
from harness.records import Sample
from harness.suite.schema import SummarizeTask
from harness.tasks.asking import Asking


def ask(task: SummarizeTask, asking: Asking) -> Iterator[Sample]:
    """Writes a summary for every open prompt, and grades it; reasoning before it is cut off."""
    for prompt, written in asking.generate(task.max_new_tokens):
        answer = written.text.strip()
        given = Answer(answer, prompt.target, truncated=written.truncated)
        data = {"tokens": written.tokens, **written.record()}
        yield asking.sample(task.type, prompt, given, data)
