"""Asks a task of any type, and tells what a report shows of its answers: a row for each type."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.engines.reasoning import counts
from harness.records import Sample
from harness.suite.schema import Put, TaskSpec
from harness.tasks import (
    classify,
    conduct,
    divergence,
    multiple_choice,
    perplexity,
    summarize,
    write,
)
from harness.tasks.asking import AskedData, Asking
from harness.tasks.prompts import Prompt, PromptSet

Details = dict[str, Any]
SameAnswer = Callable[[Prompt, Sample], bool]
"""Whether an answer to the very ids of a prompt is what this prompt would get."""


def _same_target(prompt: Prompt, sample: Sample) -> bool:
    return (sample.target or "") == prompt.target


@dataclass(frozen=True)
class Asker:
    """What one type of task does with a model."""

    ask: Callable[[Any, Asking], Iterator[Sample]]
    """Yields samples as prompts are answered; is given the task as the suite has it."""
    details: Callable[[Sequence[Sample], PromptSet], Details] = lambda samples, prompts: {}
    """What a cell holds beside its metrics."""
    put: Callable[[AskedData, Put], AskedData] = lambda data, how: data
    """Puts examples otherwise than they stand in their data set, as the task's keys say."""
    same: Callable[[PromptSet], SameAnswer] = lambda prompts: _same_target
    """Of what was asked among other prompts, whether it would come out so among these."""


ASKERS: Mapping[str, Asker] = {
    "classify": Asker(classify.ask, classify.details),
    "multiple_choice": Asker(multiple_choice.ask, put=multiple_choice.put),
    "summarize": Asker(summarize.ask, summarize.details),
    "divergence": Asker(divergence.ask, same=divergence.scored_alike),
    "perplexity": Asker(perplexity.ask),
    "write": Asker(write.ask, write.details),
    "instruct": Asker(conduct.ask_forms),
    "refuse": Asker(conduct.ask),
    "comply": Asker(conduct.ask),
}


def ask(task: TaskSpec, asking: Asking) -> Iterator[Sample]:
    """The samples of one cell, as they are answered, in any order.

    Raises:
        CannotAnswerError: the task wants more than the answerer can do; nothing was asked.
    """
    asking.answerer.require(task.needs, f"A task of type `{task.type}`")
    return ASKERS[task.type].ask(task, asking)


def same_answers(task_type: str, prompts: PromptSet) -> SameAnswer:
    """Tells answers that can be taken over to a set of prompts from one to others.

    Args:
        task_type: as a suite names it.
        prompts: that are asked now.
    """
    return ASKERS[task_type].same(prompts)


def put(task_type: str, data: AskedData, how: Put) -> AskedData:
    """A data set as a type of task asks, and learns, it.

    Args:
        task_type: as a suite names it.
        data: as it was read.
        how: what the task says of it.
    """
    return ASKERS[task_type].put(data, how)


def _went_on(samples: Sequence[Sample], prompts: PromptSet) -> int:
    """How many free answers to texts that are continued go on behind a line break, where no right one
    holds any."""
    chosen = prompts.labels or prompts.ending.score
    if (
        chosen
        or prompts.mode != "plain"
        or any(sample.target is None or "\n" in sample.target.strip() for sample in samples)
    ):
        return 0
    return sum("\n" in (sample.answer or "").strip() for sample in samples)


def _any_scored(samples: Sequence[Sample]) -> bool:
    """False where a server's log-probabilities did not hold, and all choices were told otherwise."""
    return any("logprobs" in sample.data for sample in samples)


def details_of(task: TaskSpec, samples: Sequence[Sample], prompts: PromptSet) -> Details:
    """What the report shows of a cell beside its metrics."""
    thoughts = counts(sample.data for sample in samples)
    told = {
        "thoughts": thoughts,
        "scored_by": prompts.scored_by() if _any_scored(samples) else {},
        "stop": list(prompts.ending.texts),
        "went_on": _went_on(samples, prompts),
    }
    found: Details = {key: value for key, value in told.items() if value}
    return found | ASKERS[task.type].details(samples, prompts)
