"""Which of its choices a model takes, in whichever way that can be told of it."""

from __future__ import annotations

from collections.abc import Iterator

from harness.engines.answerer import Way
from harness.metrics.metric import Answer
from harness.records import Sample
from harness.tasks.asking import Asking
from harness.tasks.labels import parse_label

WAYS: frozenset[Way] = frozenset({"loglikelihood", "first_token", "constrained", "parsed"})
WHOLE: frozenset[Way] = frozenset({"loglikelihood"})
"""Of choices that do not stand in the prompt, so that nobody could write one."""


def choose(
    task_type: str,
    asking: Asking,
    new_tokens: int,
    may: frozenset[Way] = WAYS,
    by_bytes: bool = False,
) -> Iterator[Sample]:
    """The choice of every open prompt.

    Args:
        task_type: as a suite names it.
        asking: whom, and what.
        new_tokens: of an answer that has to be written, and read.
        may: the ways in which it may be told.
        by_bytes: whether log-probabilities are divided by the choices' lengths.

    Raises:
        EndpointError: none of these holds.
    """
    way = asking.way(may)
    if way == "loglikelihood":
        yield from _likeliest(task_type, asking, by_bytes)
    elif way == "parsed":
        yield from written(task_type, asking, new_tokens)
    else:
        yield from _picked(task_type, asking, way)


def _likeliest(task_type: str, asking: Asking, by_bytes: bool) -> Iterator[Sample]:
    """The choice with the highest log-probability, or the highest for each byte; the first of equals."""
    for prompt, found in asking.choose():
        labels = asking.labels_of(prompt)
        lengths = [len(label.encode()) for label in labels]
        answer = labels[found.likeliest(lengths if by_bytes else None)]
        yield asking.sample(task_type, prompt, Answer(answer, prompt.target), found.record(labels))


def _picked(task_type: str, asking: Asking, way: Way) -> Iterator[Sample]:
    for prompt, found in asking.pick(way):
        labels = asking.labels_of(prompt)
        answer = None if found.place is None else labels[found.place]
        data = {"way": way, **found.record(labels)}
        yield asking.sample(task_type, prompt, Answer(answer, prompt.target), data)


def written(task_type: str, asking: Asking, new_tokens: int) -> Iterator[Sample]:
    """What is written to every open prompt, and the choice that is named there."""
    for prompt, found in asking.generate(new_tokens):
        labels = asking.labels_of(prompt)
        answer = parse_label(found.text, labels) if found.reasoning_finished else None
        data = {"text": found.text, **found.record()}
        yield asking.sample(task_type, prompt, Answer(answer, prompt.target), data)
