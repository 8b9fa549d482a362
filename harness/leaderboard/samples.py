"""The scores of a cell's samples, read for ranking: no more of each line than that needs."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from pydantic_core import from_json

from harness.leaderboard.collect import Result
from harness.metrics.statistic import FloatArray
from harness.records import WORDLESS, Cell
from harness.results.store import ResultsStore

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*")
"""What names of models and tasks may be that stand in a path."""
NEAR = 1e-9
"""How far the mean of the samples may be from the figure that the summary has of them."""


@dataclass(frozen=True, eq=False)
class Answered:
    """What one cell's samples say, in the order of their ids.

    `scores` holds by metric an array (examples,), NaN where it is not defined; `asked` is a hash of
    the ids and right answers.
    """

    ids: tuple[str, ...]
    scores: Mapping[str, FloatArray]
    asked: str


def answered(result: Result, cell: Cell, metrics: Sequence[str]) -> Answered | None:
    """The samples behind a cell's figures; None where they are not there, or do not give these figures."""
    if cell.status != "ok" or not (_NAME.fullmatch(cell.model) and _NAME.fullmatch(cell.task)):
        return None
    key, file = (
        cell.samples_key,
        ResultsStore(result.folder).cell(cell.model, cell.task).samples_file,
    )
    try:
        rows = {row["index"]: row for row in _rows(file) if row["key"] == key}
        ordered = sorted(rows.values(), key=lambda row: row["id"])
        ids = tuple(str(row["id"]) for row in ordered)
        asked = _hash(ids, tuple(row.get("target") for row in ordered))
        scores = {metric: _scores(ordered, metric) for metric in metrics}
    except (KeyError, TypeError, ValueError):
        return None
    if not ids or len(set(ids)) < len(ids) or len(ids) != cell.n:
        return None
    fitting = {metric: of for metric, of in scores.items() if _fits(of, cell, metric)}
    return Answered(ids, fitting, asked)


def texts_hash(result: Result, task: str, ids: Sequence[str]) -> str:
    """A hash of what these examples are about; "" where their texts were not kept."""
    if not _NAME.fullmatch(task):
        return ""
    texts = ResultsStore(result.folder).texts(task)
    if not all(name in texts for name in ids):
        return ""
    return hashlib.sha256(json.dumps([texts[name] for name in ids]).encode()).hexdigest()


@lru_cache(maxsize=256)
def _hash(ids: tuple[str, ...], targets: tuple[str | None, ...]) -> str:
    """Of one task the same for every model: made once."""
    told = json.dumps(list(zip(ids, targets, strict=True)))
    return hashlib.sha256(told.encode()).hexdigest()


def _rows(file: Path) -> list[Any]:
    """Every line of a file as data; one that was cut off by a crash is passed over."""
    try:
        lines = [line for line in file.read_bytes().split(b"\n") if line]
    except OSError:
        return []
    try:
        return list(from_json(b"[" + b",".join(lines) + b"]"))
    except ValueError:
        return [row for line in lines for row in _row(line)]


def _row(line: bytes) -> list[Any]:
    try:
        return [from_json(line)]
    except ValueError:
        return []


def _scores(rows: Sequence[Mapping[str, Any]], metric: str) -> FloatArray:
    found = [
        np.nan if (row.get("data") or {}).get(WORDLESS) else row["scores"].get(metric, np.nan)
        for row in rows
    ]
    return np.array(found, dtype=np.float64)


def _fits(scores: FloatArray, cell: Cell, metric: str) -> bool:
    value = cell.metrics.get(metric)
    known = scores[~np.isnan(scores)]
    if value is None or value.value is None or not len(known):
        return False
    return bool(abs(float(known.mean()) - value.value) <= NEAR * max(1.0, abs(value.value)))
