"""Summarization: greedy generation, graded by ROUGE (Lin 2004) against one reference."""

from __future__ import annotations

from collections.abc import Iterator

from harness.analysis.rouge import rouge
from harness.engines.protocol import Limits
from harness.records import Sample
from harness.suite.schema import SummarizeTask
from harness.tasks.asking import Asking


def ask(task: SummarizeTask, asking: Asking) -> Iterator[Sample]:
    """Writes a summary for every open prompt, and grades it."""
    prompts = asking.open_prompts()
    assert asking.prompts is not None
    limits = Limits(task.max_new_tokens, asking.prompts.stop_ids)
    for position, generation in asking.engine.generate([p.ids for p in prompts], limits):
        prompt = prompts[position]
        answer = asking.decode(generation.ids).strip()
        truncated = generation.finish_reason == "length"
        yield Sample(
            key=asking.key,
            index=prompt.index,
            id=prompt.id,
            target=prompt.target,
            answer=answer,
            scores={**rouge(prompt.target, answer), "truncated": float(truncated)},
            data={"tokens": len(generation.ids)},
        )
