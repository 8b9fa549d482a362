"""The first page: one table of all models, which a script orders, filters and searches."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.leaderboard.board import Board, Model, Ranked
from harness.leaderboard.pages import names
from harness.leaderboard.pages.figures import Shown, unit
from harness.quantities import byte_size, plural
from harness.records import machine_words
from harness.reporting.format import DASH, clean, clip, fixed
from harness.reporting.lineage import lineage_words

FIRST_ROWS = 100
"""Rows that stand in the page without its script; it adds the others as a reader comes to them."""
LONGEST_NAME = 60
LONGEST_LINEAGE = 90


@dataclass(frozen=True)
class Head:
    """A group as the heading of a column: `kind` is ranked, speed or change."""

    id: str
    kind: str
    label: str
    detail: str
    page: str


def index_page(
    board: Board,
    of_group: Mapping[str, Head],
    shown: Mapping[str, Mapping[str, Shown]],
    reports: Mapping[str, str],
) -> dict[str, Any]:
    """What the template of the first page is given.

    Args:
        board: all of it.
        of_group: the heading of every group, by its id.
        shown: the figures of every group, by its id and the models' identities.
        reports: the report's place in the site, by the digest of its results.
    """
    groups = board.groups
    figures = [shown[one.group.id] for one in groups]
    heads = [of_group[one.group.id] for one in groups]
    ordered = _ordered(board, heads, figures)
    rows = [
        _row(model, groups, figures, reports, place) for place, model in enumerate(ordered.values())
    ]
    place = {identity: number for number, identity in enumerate(ordered)}
    data = {
        "heads": [
            vars(of) | {"order": [place[identity] for identity in found]}
            for of, found in zip(heads, figures, strict=True)
        ],
        "rows": rows,
    }
    return {
        "heads": heads,
        "rows": rows[:FIRST_ROWS],
        "models": len(rows),
        "subtitle": _subtitle(board),
        "types": sorted({row["type"] for row in rows if row["type"]}),
        "synthetic": any(model.summary.synthetic for model in board.models.values()),
        "questions": [_question(list(page)) for page in board.pages],
        "runs": [_run(one, reports) for one in reversed(board.results)],
        "data": embedded(data),
    }


def embedded(data: Any) -> str:
    """JSON that can stand in an element of a page: nothing in it ends the element, or opens a comment."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text


def head(board: Board, of: Ranked) -> Head:
    """What a group's column is called; groups of one page that differ say in what."""
    group = of.group
    metric = group.metric
    page = next(list(page) for page in board.pages if of in page)
    kind = "ranked" if group.ranked else "speed" if group.of_type.timed else "change"
    label = clean(group.task)
    if len({one.group.metric.name for one in board.groups if one.group.task == group.task}) > 1:
        label = f"{label}: {clean(metric.label)}"
    parts = [f"{clean(metric.label)} {unit(metric)}".strip()]
    if group.of_type.timed:
        parts = [unit(metric), clip(group.facts["machine"], LONGEST_NAME)]
    elif len(page) > 1:
        parts.append(f"n = {_asked(of)}, {letter(page.index(of))}")
    else:
        parts.append(f"n = {_asked(of)}")
    return Head(
        group.id,
        kind,
        label,
        " · ".join(filter(None, parts)),
        f"{names.task_page(page)}#{group.id}",
    )


def letter(place: int) -> str:
    """What the groups of a page are called: group A, B, …, Z, then by number."""
    return f"group {chr(ord('A') + place)}" if place < 26 else f"group {place + 1}"


def _asked(of: Ranked) -> str:
    n = of.group.newest.cell.n or of.group.newest.asked.n
    return "?" if n is None else f"{n:,}"


def _ordered(
    board: Board, heads: Sequence[Head], figures: Sequence[Mapping[str, Shown]]
) -> dict[str, Model]:
    """By the first column that ranks, those that it does not have behind it, by name."""
    first = list(figures[0]) if heads and heads[0].kind == "ranked" else []
    place = {identity: number for number, identity in enumerate(first)}
    models = board.models.items()
    return dict(sorted(models, key=lambda of: place.get(of[0], len(place))))


def _row(
    model: Model,
    groups: Sequence[Ranked],
    figures: Sequence[Mapping[str, Shown]],
    reports: Mapping[str, str],
    place: int,
) -> dict[str, Any]:
    """A model as the page and its script know it; `cells` by the number of the group."""
    of = model.summary
    cells: dict[str, list[Any]] = {}
    for number, (group, found) in enumerate(zip(groups, figures, strict=True)):
        if model.identity in found:
            one = found[model.identity]
            cells[str(number)] = [
                one.text, one.detail, one.order, one.rank, one.rank_text, one.place, one.doubt,
            ]  # fmt: skip
        elif model.identity in group.group.by_model:
            cells[str(number)] = ["failed"]
    return {
        "place": place,
        "name": clip(model.name, LONGEST_NAME) or DASH,
        "page": names.model_page(model),
        "lineage": clip(lineage_words(model.newest.lineage), LONGEST_LINEAGE),
        "apart": clip(model.apart, LONGEST_NAME),
        "doubt": clean(model.doubt),
        "type": clip(model.type, 24),
        "bits": of.bits_per_weight,
        "bitsText": DASH if of.bits_per_weight is None else fixed(of.bits_per_weight, 2),
        "size": of.bytes,
        "sizeText": DASH if of.bytes is None else byte_size(of.bytes),
        "date": model.newest.result.summary.created[:10],
        "command": names.command(model.newest),
        "report": reports.get(model.newest.result.digest, ""),
        "cells": cells,
    }


def _subtitle(board: Board) -> str:
    dates = sorted({clean(one.summary.created[:10]) for one in board.results})
    span = dates[0] if len(dates) == 1 else f"{dates[0]} to {dates[-1]}"
    machines = {machine_words(one.summary.machine) for one in board.results}
    return " · ".join(
        (
            plural(len(board.models), "model"),
            plural(len(board.pages), "task"),
            plural(len(board.results), "run"),
            span,
            plural(len(machines), "machine"),
        )
    )


def _question(page: list[Ranked]) -> dict[str, Any]:
    first = page[0].group
    asked = first.newest.asked
    leaders = [
        one.group.table[model].made.name
        for one in page[:1]
        for model, rank in one.ranking.ranks.items()
        if rank == 1
    ]
    return {
        "page": names.task_page(page),
        "task": clean(first.task),
        "what": clip(asked.description, 140),
        "metric": f"{clean(first.metric.label)} {unit(first.metric)}".strip(),
        "groups": len(page),
        "models": len({model for one in page for model in one.group.by_model}),
        "leaders": clip(", ".join(leaders), 120) if leaders else "not ranked",
    }


def _run(result: Any, reports: Mapping[str, str]) -> dict[str, Any]:
    summary = result.summary
    return {
        "date": clean(summary.created[:16].replace("T", " ")),
        "suite": clip(result.suite, LONGEST_NAME),
        "file": names.suite_file(result),
        "machine": clip(machine_words(summary.machine), 80),
        "models": len({cell.model for cell in summary.cells}),
        "tasks": len({cell.task for cell in summary.cells}),
        "failed": sum(cell.status == "failed" for cell in summary.cells),
        "report": reports.get(result.digest, ""),
        "doubt": clip(summary.unproven, 300),
    }
