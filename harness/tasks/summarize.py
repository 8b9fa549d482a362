"""Summarization: greedy generation, graded by ROUGE (Lin 2004) against one reference."""

from __future__ import annotations

from collections.abc import Iterator

from harness.metrics.rouge import rouge
from harness.records import Sample
from harness.suite.schema import SummarizeTask
from harness.tasks.asking import Asking


def ask(task: SummarizeTask, asking: Asking) -> Iterator[Sample]:
    """Writes a summary for every open prompt, and grades it; a thought before it is cut off."""
    for prompt, generation, written in asking.generate(task.max_new_tokens):
        answer = written.answer.strip()
        truncated = generation.finish_reason == "length" or not written.finished
        yield Sample(
            key=asking.key,
            index=prompt.index,
            id=prompt.id,
            target=prompt.target,
            answer=answer,
            scores={**rouge(prompt.target, answer), "truncated": float(truncated)},
            data={"tokens": len(generation.ids), **written.record()},
        )
