"""Writing freely, greedily: counted is what needs no right answer."""

from __future__ import annotations

from collections.abc import Iterator

from harness.analysis.repetition import repetition
from harness.engines.protocol import Limits
from harness.records import Sample
from harness.suite.schema import WriteTask
from harness.tasks.asking import Asking


def ask(task: WriteTask, asking: Asking) -> Iterator[Sample]:
    """Goes on with every open prompt until the model ends its text, or the limit cuts it.

    Repetition is that of all that was written, a thought before the text included.
    """
    prompts = asking.open_prompts()
    assert asking.prompts is not None
    limits = Limits(task.max_new_tokens, asking.prompts.stop_ids)
    for position, generation in asking.engine.generate([p.ids for p in prompts], limits):
        prompt = prompts[position]
        written = asking.written(prompt, generation.ids)
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
