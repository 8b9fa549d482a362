"""The answers to one task as columns, so that a page of 200,000 answers stays small and opens at once.

Texts are interned: a column holds places in a list of strings, -1 for none. Numbers are rounded to the
digits that the page shows; only what answers are told apart by is kept exactly.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from harness.metrics.registry import METRICS
from harness.records import WORDLESS, Answered, CellSamples, MetricDescriptor, TaskSummary
from harness.reporting.browser.kinds import Kind, kind_of
from harness.reporting.format import decimals_for, decimals_of_magnitude
from harness.reporting.measures import decimals as least_decimals
from harness.reporting.measures import headline

Row = Mapping[str, Any]
Scores = dict[str, list[float | None]]
SHARE_DECIMALS = 3


class Strings:
    """Texts, each once."""

    def __init__(self) -> None:
        self._places: dict[str, int] = {}

    def place(self, text: str | None) -> int:
        """Where a text stands; -1 for none."""
        return -1 if text is None else self._places.setdefault(text, len(self._places))

    def column(self, texts: Iterator[str | None]) -> list[int]:
        """The places of several."""
        return [self.place(text) for text in texts]

    def all(self) -> list[str]:
        """In their order."""
        return list(self._places)


def columns(
    task: TaskSummary,
    cells: Mapping[str, CellSamples],
    ids: Sequence[str],
    texts: Mapping[str, str],
    answered: Answered,
) -> dict[str, Any]:
    """What the page holds of a task.

    Args:
        task: its summary.
        cells: samples by model.
        ids: of the examples that are put in, in their order.
        texts: the examples' own, by id.
        answered: holds the prompts.

    Returns:
        Plain data: `ids`, `strings`, `target` and `text` (places), `sets` (prompts), `metrics`
        (names with decimals) and by model `cells`.
    """
    strings, kind = Strings(), kind_of(task)
    rows = {model: {row["id"]: row for row in cell.rows} for model, cell in cells.items()}
    targets = [next((t for of in rows.values() if (t := _target(of.get(id)))), None) for id in ids]
    scores = {model: _scores(task, kind, [of.get(id) for id in ids]) for model, of in rows.items()}
    metrics = {
        name: decimals
        for name in dict.fromkeys(name for of in scores.values() for name in of)
        if (decimals := _decimals(task.metric(name), name, scores)) is not None
    }
    return {
        "ids": list(ids),
        "text": strings.column(texts.get(id) for id in ids),
        "target": strings.column(iter(targets)),
        "metrics": metrics,
        "sets": _sets(cells, ids, texts, answered, strings),
        "cells": {
            model: _cell(task, kind, [of.get(id) for id in ids], scores[model], metrics, strings)
            | {"set": cells[model].prompts}
            for model, of in rows.items()
        },
        "strings": strings.all(),
    }


def _target(row: Row | None) -> str | None:
    return None if row is None else row["target"]


def _cell(
    task: TaskSummary,
    kind: Kind,
    rows: Sequence[Row | None],
    scores: Scores,
    metrics: Mapping[str, int],
    strings: Strings,
) -> dict[str, Any]:
    """The answers of one model; a column that holds nothing is left out."""
    of = headline(task).name
    found: dict[str, Any] = {
        "answer": strings.column(None if row is None else row["answer"] for row in rows),
        "written": strings.column(_data(rows, "text")),
        "thought": strings.column(_data(rows, "thought")),
        "stopped": strings.column(_data(rows, "stopped_at")),
    }
    found = {name: column for name, column in found.items() if any(at >= 0 for at in column)}
    for name, key in (("tokens", "tokens"), ("ended", "thought_finished")):
        column = list(_data(rows, key))
        if any(value is not None for value in column):
            found[name] = column
    if any(row is None for row in rows):
        found["absent"] = [int(row is None) for row in rows]
    if kind in ("score", "distance"):
        found["exact"] = scores.get(of, [])
    found["scores"] = {
        name: _short(scores.get(name, ()), task.metric(name).factor, decimals)
        for name, decimals in metrics.items()
    }
    return found | _shares(rows, strings)


def _data(rows: Sequence[Row | None], key: str) -> Iterator[Any]:
    return (None if row is None else row["data"].get(key) for row in rows)


def _short(
    values: Sequence[float | None], factor: float, decimals: int
) -> list[float | int | None]:
    """Values in the metric's unit, with the digits that are shown."""
    if decimals == 0:
        return [None if value is None else round(factor * value) for value in values]
    return [None if value is None else round(factor * value, decimals) for value in values]


def _decimals(of: MetricDescriptor, name: str, scores: Mapping[str, Scores]) -> int | None:
    """How many decimals all models' scores of a metric are shown with; None where there are none."""
    found = [column for model in scores.values() if (column := model.get(name))]
    if not found:
        return None
    sizes = [abs(of.factor * value) for column in found for value in column if value]
    ends = [min(sizes), max(sizes)] if sizes else []
    if of.unit == "nats":
        return decimals_for(ends, decimals_of_magnitude(ends))
    return 0 if of.kind == "proportion" else decimals_for(ends, least_decimals(of))


def _scores(task: TaskSummary, kind: Kind, rows: Sequence[Row | None]) -> Scores:
    """By metric the score of each example; None where it has none."""
    if kind == "distance":
        return {
            name: [None if row is None else figure(row["data"]) for row in rows]
            for name, figure in _OF_DOCUMENTS.items()
            if name in task.metrics
        }
    present = {name for row in rows if row is not None for name in row["scores"]}
    names = [name for name in task.metrics if name in present]
    of_words = {name for name in names if name in METRICS and METRICS[name].of_words}
    return {
        name: [
            None
            if row is None or (name in of_words and row["data"].get(WORDLESS))
            else row["scores"].get(name)
            for row in rows
        ]
        for name in names
    }


def document_kl(data: Row) -> float | None:
    """The mean KL divergence of one document, in nats."""
    return sum(kl) / len(kl) if (kl := data.get("kl")) else None


def document_figure(headline: str, data: Row) -> float | None:
    """What a document is judged by, of a task that reads documents."""
    return _OF_DOCUMENTS[headline](data)


_OF_DOCUMENTS: Mapping[str, Callable[[Row], float | None]] = {
    "kl_mean": document_kl,
    "same_top1": lambda data: (
        data["same_top1"] / tokens if (tokens := data.get("tokens")) else None
    ),
    "perplexity": lambda data: (
        math.exp(data["nll"] / tokens) if (tokens := data.get("tokens")) else None
    ),
}
"""What the figures of a divergence are for one document."""


def _shares(rows: Sequence[Row | None], strings: Strings) -> dict[str, Any]:
    """Of each choice its share of the probability of all choices (a softmax of their log-probabilities),
    row by row, with the place of the row's choices among the sets of choices that there are."""
    of_names: dict[tuple[str, ...], tuple[list[int], list[list[float]]]] = {}
    for at, row in enumerate(rows):
        data = row["data"] if row is not None else {}
        if logprobs := data.get("logprobs"):
            places, totals = of_names.setdefault(tuple(logprobs), ([], []))
            ends = data.get("end_logprobs")
            places.append(at)
            totals.append(
                [v + ends[n] for n, v in logprobs.items()] if ends else [*logprobs.values()]
            )
    if not of_names:
        return {}
    found: list[list[float] | None] = [None] * len(rows)
    choices = [-1] * len(rows)
    for number, (places, totals) in enumerate(of_names.values()):
        table = np.array(totals)
        weights = np.exp(table - table.max(axis=1, keepdims=True))
        shares = np.round(weights / weights.sum(axis=1, keepdims=True), SHARE_DECIMALS).tolist()
        for at, share in zip(places, shares, strict=True):
            found[at], choices[at] = share, number
    sets = [[strings.place(name) for name in names] for names in of_names]
    return {"shares": found, "choices": choices, "choice_sets": sets}


def _sets(
    cells: Mapping[str, CellSamples],
    ids: Sequence[str],
    texts: Mapping[str, str],
    answered: Answered,
    strings: Strings,
) -> dict[str, Any]:
    """By hash the prompts: what stands before and behind each example's own text, which is put in
    where the second of the places is not -2; there the first is the whole prompt."""
    found: dict[str, Any] = {}
    for digest in dict.fromkeys(cell.prompts for cell in cells.values()):
        prompts = answered.prompts.get(digest)
        if prompts is None:
            continue
        parts: list[list[int] | int] = []
        for id in ids:
            prompt, text = prompts.texts.get(id), texts.get(id)
            if prompt is None:
                parts.append(-1)
            elif text and (at := prompt.rfind(text)) >= 0:
                around = prompt[:at], prompt[at + len(text) :]
                parts.append([strings.place(around[0]), strings.place(around[1])])
            else:
                parts.append([strings.place(prompt), -2])
        found[digest] = {"mode": prompts.mode, "system": prompts.system, "parts": parts}
    return found
