"""What a metric is given of each answer, and what it gives back."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from numbers import Real
from typing import Any

from harness.errors import BadDataError
from harness.suite.metrics import MetricRef


@dataclass(frozen=True)
class Answered:
    """One example with its answer; `prediction` is "" where no label was found in an answer."""

    id: str
    prediction: str
    target: str
    text: str = ""
    """The example's own, before the prompt's words are put round it."""


@dataclass(frozen=True)
class Scored:
    """What a metric gives for a cell: by name a score of each answer.

    `together` is what it gives for all answers in one call, where that can be asked; of a metric
    that is no mean over examples (BLEU, an F1 over labels) it is another figure.
    """

    scores: Mapping[str, Sequence[float]]
    together: Mapping[str, float] = field(default_factory=dict)


Scorer = Callable[[Sequence[Answered], Sequence[str], Callable[[int], None]], Scored]
"""Scores answers; is given the labels of a classification, and tells how many it has scored."""


def figures(ref: MetricRef, given: object, where: str) -> dict[str, float]:
    """The figures that an entry names, from what its code gave, by metric name.

    Args:
        ref: the entry.
        given: a number, or a mapping of several; a list of one stands for what is in it.
        where: names the code and the example in messages.

    Raises:
        BadDataError: it gave something else, lacks a figure, or has several and `key` says none.
    """
    if not isinstance(given, Mapping):
        if ref.figures != (None,):
            raise BadDataError(
                f"{where}: gave {given!r:.80}, which has no `{ref.figures[0]}`",
                "Leave `key` out, or give a mapping.",
            )
        return {ref.names[0]: _number(ref, given, where)}
    found = {}
    for name, figure in zip(ref.names, ref.figures, strict=True):
        if figure is None and len(given) == 1:
            figure = next(iter(given))
        if figure not in given:
            there = ", ".join(map(str, given)) or "none"
            lacks = f"has no `{figure}`" if figure is not None else "are several"
            raise BadDataError(
                f"{where}: what it gave {lacks}; there are: {there}",
                "Say which under `key`.",
            )
        found[name] = _number(ref, given[figure], where)
    return found


def _number(ref: MetricRef, given: Any, where: str) -> float:
    if isinstance(given, list | tuple) and len(given) == 1:
        given = given[0]
    if hasattr(given, "item") and getattr(given, "size", 1) == 1:
        given = given.item()
    if not isinstance(given, Real) or not math.isfinite(given):
        raise BadDataError(f"{where}: gave {given!r:.80}, which is no finite number", "")
    if ref.binary and given not in (0, 1):
        raise BadDataError(
            f"{where}: gave {given!r}, and `binary: true` allows 0 and 1 only",
            "Leave `binary` out.",
        )
    return float(given)
