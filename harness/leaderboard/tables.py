"""The leaderboard for other programs: JSON with everything, CSV with a line a figure."""

from __future__ import annotations

import csv
import io
import json
from functools import lru_cache
from typing import Any

from harness.files import defused
from harness.leaderboard.board import Board, Ranked
from harness.leaderboard.pages import names
from harness.reporting.format import clean
from harness.reporting.lineage import lineage_words

SCHEMA = "harness-leaderboard/1"
COLUMNS = (
    "group", "task", "type", "dataset", "metric", "unit", "higher_is_better", "rank", "shared",
    "model", "identity", "lineage", "weights", "bits_per_weight", "bytes", "value", "low", "high",
    "n", "date", "suite", "machine", "command",
)  # fmt: skip


def as_json(board: Board) -> str:
    """Models, groups with what they were asked and every pair that differs, and all figures."""
    data = {
        "schema": SCHEMA,
        "runs": [
            {
                "suite": one.suite,
                "created": one.summary.created,
                "sha256": one.digest,
                "machine": one.summary.machine,
                "software": one.summary.software,
            }
            for one in board.results
        ],
        "models": [
            {
                "identity": identity,
                "name": model.name,
                "also": model.names,
                "lineage": [step.model_dump(mode="json") for step in model.newest.lineage],
                "weights": model.type,
                "bits_per_weight": model.summary.bits_per_weight,
                "bytes": model.summary.bytes,
                "parameters": model.summary.parameters,
                "page": names.model_page(model),
            }
            for identity, model in board.models.items()
        ],
        "groups": [_group(one) for one in board.groups],
    }
    return json.dumps(data, ensure_ascii=False, allow_nan=False) + "\n"


def _group(of: Ranked) -> dict[str, Any]:
    group, ranking = of.group, of.ranking
    return {
        "id": group.id,
        "task": group.task,
        "metric": group.metric.name,
        "unit": group.metric.unit,
        "higher_is_better": group.metric.higher_is_better,
        "asked": dict(group.facts),
        "evidence": dict(sorted(group.evidence.items())),
        "confidence": ranking.confidence,
        "pairs": ranking.pairs.tested if ranking.pairs is not None else 0,
        "pairs_that_differ": ranking.pairs.shown if ranking.pairs is not None else 0,
        "without_samples": ranking.unpaired,
        "ranks": dict(ranking.ranks),
        "figures": [
            {
                "identity": figure.made.identity,
                "name": figure.made.name,
                "status": figure.cell.status,
                "value": figure.value.model_dump(exclude_none=True) if figure.value else None,
                "n": figure.cell.n,
                "run": figure.result.digest,
                "in_table": group.table[figure.made.identity] is figure,
            }
            for figure in group.figures
        ],
    }


def as_csv(board: Board) -> str:
    """A line for each model of each group, as the pages rank them."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for of in board.groups:
        group, ranking = of.group, of.ranking
        for identity in ranking.models:
            figure, model = group.table[identity], board.models[identity]
            summary, value = model.summary, group.table[identity].value
            assert value is not None, "it has a figure"
            fields = (
                group.id, group.task, group.of_type.name, figure.asked.dataset or "",
                group.metric.name, group.metric.unit, group.metric.higher_is_better,
                ranking.ranks.get(identity), ranking.shared.get(identity),
                model.name, identity, lineage_words(model.newest.lineage), model.type,
                summary.bits_per_weight, summary.bytes, value.value, value.low, value.high,
                figure.cell.n, figure.result.summary.created, figure.result.suite,
                group.facts.get("machine", ""), names.command(figure.made),
            )  # fmt: skip
            writer.writerow([_field(field) for field in fields])
    return out.getvalue()


def _field(value: object) -> object:
    """A field that no spreadsheet takes for a formula."""
    if isinstance(value, str):
        return _text(value)
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else value


@lru_cache(maxsize=16_384)
def _text(value: str) -> str:
    """Most stand in every line of a group, or of a model."""
    return defused(clean(value))
