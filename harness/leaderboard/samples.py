"""The scores of a cell's samples, read for ranking: no more of each line than that needs."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np
from pydantic_core import from_json

from harness.leaderboard.collect import Result
from harness.leaderboard.spread import spread
from harness.metrics.statistic import FloatArray
from harness.records import WORDLESS, Cell
from harness.results.store import ResultsStore
from harness.sealed import lines_in

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*")
"""What names of models and tasks may be that stand in a path."""
_ID, _SCORES = itemgetter("id"), itemgetter("scores")
MANY = 100_000
"""Samples from which on it pays to read them in several processes."""
NEAR = 1e-9
"""How far the mean of the samples may be from the figure that the summary has of them."""


@dataclass(frozen=True, eq=False)
class Answered:
    """What one cell's samples say.

    `scores` holds by metric an array (examples,) in the order of the examples' ids, NaN where it is not
    defined; `asked` is a hash of the ids and right answers; `texts` of what the examples are about, ""
    where these texts were not kept.
    """

    scores: Mapping[str, FloatArray]
    asked: str
    texts: str


@dataclass(frozen=True, eq=False)
class Wanted:
    """A cell whose samples are looked for, and the metrics whose scores are."""

    result: Result
    cell: Cell
    metrics: Sequence[str]


def read_answers(wanted: Sequence[Wanted]) -> Iterator[Answered | None]:
    """The samples behind the figures of cells, in their order; None where they are not there, or do not
    give these figures."""
    worth = sum(of.cell.n for of in wanted) >= MANY
    return spread(_read_part, wanted, worth)


def _read_part(wanted: Sequence[Wanted]) -> list[Answered | None]:
    texts: dict[tuple[Path, str, str], str] = {}
    return [_answered(of, texts) for of in wanted]


def _answered(of: Wanted, texts: dict[tuple[Path, str, str], str]) -> Answered | None:
    cell, store = of.cell, ResultsStore(of.result.folder)
    if cell.status != "ok" or not (_NAME.fullmatch(cell.model) and _NAME.fullmatch(cell.task)):
        return None
    try:
        content = store.cell(cell.model, cell.task).samples_file.read_bytes()
    except OSError:
        return None
    key, rows = cell.samples_key, _rows(content)
    try:
        by_index = {row["index"]: row for row in rows if row["key"] == key}
        ordered = sorted(by_index.values(), key=_ID)
        ids = tuple(map(str, map(_ID, ordered)))
        asked = _hash(ids, tuple([row.get("target") for row in ordered]))
        scores = {metric: _scores(ordered, metric) for metric in of.metrics}
        if WORDLESS.encode() in content:
            told = [(row.get("data") or {}).get(WORDLESS, False) for row in ordered]
            scores = {metric: np.where(told, np.nan, own) for metric, own in scores.items()}
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
    if not ids or len(set(ids)) < len(ids) or len(ids) != cell.n:
        return None
    place = of.result.folder, cell.task, asked
    if place not in texts:
        texts[place] = _texts_hash(store, cell.task, ids)
    fitting = {metric: one for metric, one in scores.items() if _fits(one, cell, metric)}
    return Answered(fitting, asked, texts[place])


def _texts_hash(store: ResultsStore, task: str, ids: Sequence[str]) -> str:
    texts = store.texts(task)
    if not all(name in texts for name in ids):
        return ""
    return hashlib.sha256(json.dumps([texts[name] for name in ids]).encode()).hexdigest()


@lru_cache(maxsize=256)
def _hash(ids: tuple[str, ...], targets: tuple[str | None, ...]) -> str:
    """Of one task the same for every model: made once."""
    told = json.dumps(list(zip(ids, targets, strict=True)))
    return hashlib.sha256(told.encode()).hexdigest()


def _rows(content: bytes) -> list[Any]:
    """Every line of a file as data; one that was cut off by a crash is passed over."""
    lines = lines_in(content)
    try:
        return list(from_json(b"[%b]" % b",".join(lines)))
    except ValueError:
        return [row for line in lines for row in _row(line)]


def _row(line: bytes) -> list[Any]:
    try:
        return [from_json(line)]
    except ValueError:
        return []


def _scores(rows: Sequence[Mapping[str, Any]], metric: str) -> FloatArray:
    own = list(map(_SCORES, rows))
    try:
        found = list(map(itemgetter(metric), own))
    except KeyError:
        found = [of.get(metric, np.nan) for of in own]
    return np.array(found, dtype=np.float64)


def _fits(scores: FloatArray, cell: Cell, metric: str) -> bool:
    value = cell.metrics.get(metric)
    known = scores[~np.isnan(scores)]
    if value is None or value.value is None or not len(known):
        return False
    return bool(abs(float(known.mean()) - value.value) <= NEAR * max(1.0, abs(value.value)))
