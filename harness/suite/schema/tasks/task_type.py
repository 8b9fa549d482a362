"""What a type of task is to every layer: the questions that they ask of it, answered once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from harness.suite.schema.tasks.entry import TaskEntry


@dataclass(frozen=True, kw_only=True)
class TaskType:
    """A type of task. Layers read its traits, and never ask for a task's class.

    Attributes:
        name: what a suite writes as `type`.
        spec: the entry of a suite.
        metrics: those that it always has; the first is the headline.
        extra_metrics: those that it has where the suite asks for them by name.
        main_metrics: the few of `metrics` that a short table shows.
        noun: what it counts, in the plural.
        asked: whether a model is asked something, so that there are prompts; else it is timed.
        drawn: whether what is asked is drawn from more, by a seed, up to a limit.
        graded: whether answers are graded against right ones, so that a suite may name metrics.
        learnable: whether a fine-tuning can learn its right answers.
        has_floors: whether it is held against what needs no language model.
        own_choices: whether each example has choices of its own, of which one is right.
        free_text: whether texts are written that have no right answer, to be read and held against
            one another.
        of_documents: whether documents are read, and none of them is answered.
        has_reference: whether models are measured against another one, which is loaded beside them.
        times: what it measures the time of, and must not share the machine for: forward passes in this
            process, or requests to a server. None where answers are what counts.
        stand_ins: what stands in a cell's parameters for keys of the entry that name what travels as
            a file.
        revision: raised by hand when its code comes to give something else; 1 is no part of a key.
    """

    name: str
    spec: type[TaskEntry]
    metrics: tuple[str, ...]
    main_metrics: tuple[str, ...]
    extra_metrics: tuple[str, ...] = ()
    noun: Literal["examples", "documents", "prompts", "repetitions", "requests"] = "examples"
    asked: bool = True
    drawn: bool = True
    graded: bool = False
    learnable: bool = False
    has_floors: bool = False
    own_choices: bool = False
    free_text: bool = False
    of_documents: bool = False
    has_reference: bool = False
    times: Literal["passes", "requests"] | None = None
    stand_ins: Mapping[str, Any] = field(default_factory=dict)
    revision: int = 1

    @property
    def timed(self) -> bool:
        """Whether it measures time, and must not share the machine."""
        return self.times is not None

    @property
    def headline(self) -> str:
        """The metric that a task is first judged by."""
        return self.metrics[0]
