"""Writing freely, greedily: counted is what needs no right answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from harness.metrics.metric import Answer
from harness.records import Sample, WrittenDetails, WrittenText
from harness.suite.schema import WriteTask
from harness.tasks.asking import Asking
from harness.tasks.prompts import PromptSet


def ask(task: WriteTask, asking: Asking) -> Iterator[Sample]:
    """Goes on with every open prompt until the model ends its text, or the limit cuts it.

    Repetition is that of all that was written, reasoning before the text included.
    """
    for prompt, written in asking.generate(task.max_new_tokens):
        text = written.text.strip()
        ids = {} if written.ids is None else {"ids": list(written.ids)}
        answer = Answer(text, pieces=written.pieces, truncated=written.truncated)
        data = {"tokens": written.tokens, **ids, **written.record()}
        yield asking.sample(task.type, prompt, answer, data)


def details(samples: Sequence[Sample], prompts: PromptSet) -> dict[str, Any]:
    """The texts, for a reader."""
    texts = {
        sample.id: WrittenText(
            text=sample.answer or "",
            thought=sample.data.get("thought"),
            tokens=sample.data["tokens"],
            truncated=bool(sample.scores["truncated"]),
            repetition=sample.scores["repetition"],
        )
        for sample in samples
    }
    return {"written": WrittenDetails(mode=prompts.mode, texts=texts).model_dump()}
