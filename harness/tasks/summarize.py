"""Summarization: greedy generation, graded by ROUGE (Lin 2004) against one reference."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from harness.metrics.metric import Answer
from harness.records import WORDING, WORDLESS, Sample, WordingDetails
from harness.suite.schema import SummarizeTask
from harness.tasks.asking import Asking
from harness.tasks.prompts import PromptSet
from harness.words import Wording, words_by


def ask(task: SummarizeTask, asking: Asking) -> Iterator[Sample]:
    """Writes a summary for every open prompt, and grades it; reasoning before it is cut off.

    How words are read is one rule for all of them, those that were answered before included.
    """
    rule = Wording.of(prompt.target for prompt in asking.prompts.prompts).rule
    for prompt, written in asking.generate(task.max_new_tokens):
        answer = written.text.strip()
        given = Answer(answer, prompt.target, truncated=written.truncated, rule=rule)
        wordless = {} if words_by(rule, prompt.target) else {WORDLESS: True}
        data = {"tokens": written.tokens, **written.record(), **wordless}
        yield asking.sample(task.type, prompt, given, data)


def details(samples: Sequence[Sample], prompts: PromptSet) -> dict[str, Any]:
    """How words were read, where that is not the usual way or leaves something open."""
    targets = {prompt.id: prompt.target for prompt in prompts.prompts}
    wording = Wording.of(targets.values())
    rule = wording.rule
    counts = {id: len(words_by(rule, target)) for id, target in targets.items()}
    wordless = [id for id, count in counts.items() if count == 0]
    single = sum(count == 1 for count in counts.values())
    answers = sum(
        bool(one.answer and counts[one.id]) and not words_by(rule, one.answer or "")
        for one in samples
    )
    if not (wording.other or wordless or single or answers):
        return {}
    found = WordingDetails(
        rule=rule,
        words=wording.count,
        other=wording.other,
        spaced=wording.spaced,
        wordless=tuple(wordless),
        shown=targets[wordless[0]] if wordless else "",
        single=single,
        answers=answers,
    )
    return {WORDING: found.model_dump()}
