"""What a task is to the runner: it asks an engine, and yields a sample per example."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from harness.engines.protocol import Engine, Generation, Limits
from harness.records import Sample
from harness.suite.schema import ClassifyTask, DivergenceTask, SummarizeTask, WriteTask
from harness.tasks.prompts import Prompt, PromptSet
from harness.tasks.thoughts import Written, part


@dataclass(frozen=True)
class Asking:
    """All that one cell needs.

    `done` are the indices that were answered before an interruption; they are not asked again.
    `reference` is set for a divergence task only.
    """

    key: str
    engine: Engine
    seed: int
    prompts: PromptSet | None = None
    done: frozenset[int] = frozenset()
    reference: Engine | None = None
    decode: Callable[[tuple[int, ...]], str] = field(default=lambda ids: "")
    decode_marked: Callable[[tuple[int, ...]], str] | None = None
    """The same with special tokens."""

    def generate(self, max_new_tokens: int) -> Iterator[tuple[Prompt, Generation, Written]]:
        """What the model writes behind each open prompt, and the same with its thought parted off."""
        prompts = self.open_prompts()
        assert self.prompts is not None
        limits = Limits(max_new_tokens, self.prompts.stop_ids)
        marked = self.decode_marked or self.decode
        for position, generation in self.engine.generate([p.ids for p in prompts], limits):
            prompt = prompts[position]
            yield prompt, generation, part(prompt.text, generation.ids, self.decode, marked)

    def open_prompts(self) -> list[Prompt]:
        """The prompts that are still to be asked."""
        assert self.prompts is not None, "a task on a data set was given no prompts"
        return [prompt for prompt in self.prompts.prompts if prompt.index not in self.done]


def ask(
    task: ClassifyTask | SummarizeTask | DivergenceTask | WriteTask, asking: Asking
) -> Iterator[Sample]:
    """The samples of one cell, as they are answered, in any order."""
    from harness.tasks import classify, divergence, summarize, write

    match task:
        case ClassifyTask():
            return classify.ask(task, asking)
        case SummarizeTask():
            return summarize.ask(task, asking)
        case DivergenceTask():
            return divergence.ask(task, asking)
        case WriteTask():
            return write.ask(task, asking)
