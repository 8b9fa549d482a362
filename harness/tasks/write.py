"""Writing freely, greedily: counted is what needs no right answer."""

from __future__ import annotations

from collections.abc import Iterator

from harness.metrics.repetition import repetition
from harness.records import Sample
from harness.suite.schema import WriteTask
from harness.tasks.asking import Asking


def ask(task: WriteTask, asking: Asking) -> Iterator[Sample]:
    """Goes on with every open prompt until the model ends its text, or the limit cuts it.

    Repetition is that of all that was written, a thought before the text included.
    """
    for prompt, generation, written in asking.generate(task.max_new_tokens):
        text = written.answer.strip()
        truncated = generation.finish_reason == "length" or not written.finished
        scores = {
            "repetition": repetition(generation.ids),
            "truncated": float(truncated),
            "empty": float(not text),
        }
        yield Sample(
            key=asking.key,
            index=prompt.index,
            id=prompt.id,
            answer=text,
            scores=scores,
            data={"tokens": len(generation.ids), "ids": list(generation.ids), **written.record()},
        )
