"""Turns questions into the fewest token sequences that answer them.

The log-probability of a choice needs the model's output at the positions before each of its
tokens, so `prompt + choice[:-1]` has to be run. One-token choices of a question all need the
same sequence, and a sequence that begins another needs no run of its own. Every engine scores
the contexts planned here, so that they cannot differ in what they ask.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from harness.engines.protocol import ChoiceQuestion

WORTHWHILE = 16
"""Fewest shared tokens that are run ahead on their own."""


@dataclass(frozen=True)
class Target:
    """A number that is wanted: log p(`token` | context up to and with `position`)."""

    question: int
    choice: int
    position: int
    token: int


Scored = list[tuple[Target, float]]
"""Targets with their log-probabilities, in nats."""


@dataclass(frozen=True)
class Context:
    """A token sequence to be run once, and everything that is wanted from it."""

    ids: tuple[int, ...]
    targets: tuple[Target, ...]

    @property
    def positions(self) -> list[int]:
        """Positions whose next-token distribution is wanted, ascending, each once."""
        return sorted({target.position for target in self.targets})


def plan_contexts(questions: Sequence[ChoiceQuestion]) -> list[Context]:
    """The distinct sequences to run, in lexicographic order, none a prefix of another.

    In that order a sequence stands next to those it shares its beginning with, which is what an
    engine that can share computation wants. Questions without any token to score add nothing.
    """
    wanted: dict[tuple[int, ...], list[Target]] = {}
    for number, question in enumerate(questions):
        last = len(question.prompt) - 1
        for which, choice in enumerate(question.choices):
            if choice:
                wanted.setdefault(question.prompt + choice[:-1], []).extend(
                    Target(number, which, last + offset, token)
                    for offset, token in enumerate(choice)
                )
    contexts: list[Context] = []
    extension: tuple[int, ...] = ()
    collected: list[Target] = []
    for ids in sorted(wanted, reverse=True):
        if extension[: len(ids)] != ids:
            if extension:
                contexts.append(Context(extension, tuple(collected)))
            extension, collected = ids, []
        collected.extend(wanted[ids])
    if extension:
        contexts.append(Context(extension, tuple(collected)))
    return contexts[::-1]


def common_prefix_length(first: Sequence[int], second: Sequence[int]) -> int:
    """Number of leading ids that two sequences share."""
    length = 0
    for left, right in zip(first, second, strict=False):
        if left != right:
            break
        length += 1
    return length


def common_prefix(sequences: Sequence[tuple[int, ...]]) -> int:
    """How many leading ids all sequences share; 0 of none."""
    if not sequences:
        return 0
    return common_prefix_length(min(sequences), max(sequences))


def shared_prefix_length(contexts: Sequence[Context]) -> int:
    """Number of leading ids that all contexts share and that no target needs the output of.

    `contexts` must be in the order of `plan_contexts`: the first and the last differ most.
    """
    if len(contexts) < 2:
        return 0
    shared = common_prefix_length(contexts[0].ids, contexts[-1].ids)
    return min(shared, *(target.position for context in contexts for target in context.targets))


def neighbours(contexts: Sequence[Context], shared: int) -> list[list[Context]]:
    """Contexts in groups that share more than half of what is new in them, in their order.

    Args:
        contexts: in lexicographic order.
        shared: leading ids of all that are run already.
    """
    groups: list[list[Context]] = []
    for context in contexts:
        known = common_prefix_length(groups[-1][-1].ids, context.ids) - shared if groups else 0
        if groups and known > (len(context.ids) - shared) / 2:
            groups[-1].append(context)
        else:
            groups.append([context])
    return groups


def shared_length(prompts: Sequence[Sequence[int]]) -> int:
    """Leading ids that all of several prompts share, leaving each at least one of its own."""
    if len(prompts) < 2:
        return 0
    shared = min(common_prefix_length(prompts[0], prompt) for prompt in prompts)
    return min(shared, min(map(len, prompts)) - 1)


def questions_of(contexts: Iterable[Context]) -> set[int]:
    """Those that want something of some contexts."""
    return {target.question for context in contexts for target in context.targets}


def of_questions(scored: Scored, wanted: Collection[int]) -> Scored:
    """What some questions want."""
    return [one for one in scored if one[0].question in wanted]


class NoNumberError(Exception):
    """The log-probability of a token is NaN or infinite; engines say why (`CheckedEngine`)."""

    def __init__(self, question: int, value: float) -> None:
        super().__init__(question, value)
        self.question, self.value = question, value


class Scores:
    """Sums log-probabilities by question and choice, and says which questions are answered."""

    def __init__(self, questions: Sequence[ChoiceQuestion]) -> None:
        self._sums = [[0.0] * len(question.choices) for question in questions]
        self._missing = [sum(map(len, question.choices)) for question in questions]

    def without_tokens(self) -> Iterator[tuple[int, list[float]]]:
        """Questions that have nothing to score: all their choices are empty."""
        for number, missing in enumerate(self._missing):
            if not missing:
                yield number, self._sums[number]

    def add(self, scored: Scored) -> Iterator[tuple[int, list[float]]]:
        """Takes log-probabilities in; yields each question that they completed, with its sums.

        Raises:
            NoNumberError: one is NaN or infinite.
        """
        for target, value in scored:
            if not math.isfinite(value):
                raise NoNumberError(target.question, value)
            self._sums[target.question][target.choice] += value
            self._missing[target.question] -= 1
            if not self._missing[target.question]:
                yield target.question, self._sums[target.question]
