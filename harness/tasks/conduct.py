"""Built-in prompts for chat models: an answer is written, and a program judges it."""

from __future__ import annotations

from collections.abc import Iterator

from harness.metrics.metric import Answer
from harness.probes.instructions import followed
from harness.records import Sample
from harness.suite.schema import ComplyTask, InstructTask, RefuseTask
from harness.tasks.asking import Asking


def ask(task: RefuseTask | ComplyTask, asking: Asking) -> Iterator[Sample]:
    """Writes an answer to every open prompt; reasoning before it is cut off."""
    for prompt, written in asking.generate(task.max_new_tokens):
        answer = Answer(written.text.strip(), truncated=written.truncated)
        data = {"tokens": written.tokens, **written.record()}
        yield asking.sample(task.type, prompt, answer, data)


def ask_forms(task: InstructTask, asking: Asking) -> Iterator[Sample]:
    """The same, and whether each answer has the form that its prompt asks for.

    An answer that the limit cut has none: nobody knows how it would have ended.
    """
    for prompt, written in asking.generate(task.max_new_tokens):
        answer = Answer(written.text.strip(), truncated=written.truncated)
        data = {"tokens": written.tokens, **written.record()}
        sample = asking.sample(task.type, prompt, answer, data)
        kept = not written.truncated and followed(prompt.id, answer.text or "")
        yield sample.model_copy(update={"scores": {"followed": float(kept), **sample.scores}})
