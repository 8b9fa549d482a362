"""A page a task: its groups, what sets them apart, and the ranking of each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from harness.leaderboard.board import Board, Ranked
from harness.leaderboard.groups import Differing, differences
from harness.leaderboard.pages import names
from harness.leaderboard.pages.figures import Shown, unit
from harness.leaderboard.pages.index import letter
from harness.quantities import byte_size, plural
from harness.reporting import measures
from harness.reporting.format import (
    DASH,
    clean,
    clean_lines,
    clip,
    percent_level,
    probability,
    sentence,
)
from harness.suite.schema import TASK_TYPES

MOST_IN_MATRIX = 16
"""Models of which every pair is shown."""
MOST_TIED = 6


def task_page(
    board: Board, page: list[Ranked], shown: Mapping[str, Mapping[str, Shown]]
) -> dict[str, Any]:
    """What the template of a task's page is given.

    Args:
        board: all of it.
        page: the groups that stand on it.
        shown: the figures of every group, by its id and the models' identities.
    """
    first = page[0].group
    asked = first.newest.asked
    called = sorted({clean(of.task) for one in page for of in one.group.figures})
    apart = differences([one.group for one in page])
    return {
        "root": "../",
        "title": clean(first.task),
        "called": [name for name in called if name != clean(first.task)],
        "subtitle": " · ".join(filter(None, (asked.type, clean(asked.dataset or "")))),
        "what": sentence(asked.description[:1].upper() + asked.description[1:]),
        "metric": clean(first.metric.label),
        "unit": unit(first.metric),
        "explanation": clean(first.metric.explanation),
        "ranked": first.ranked,
        "timed": first.of_type.timed,
        "apart": [(clean(of.name), _said(of)) for of in apart],
        "letters": [letter(place) for place in range(len(page))],
        "groups": [
            _group(board, one, place, shown[one.group.id]) for place, one in enumerate(page)
        ],
        "prompt": clip(clean_lines(asked.example_prompt), 4000) and asked.example_prompt[:4000],
    }


def _group(board: Board, of: Ranked, place: int, figures: Mapping[str, Shown]) -> dict[str, Any]:
    group = of.group
    return {
        "id": group.id,
        "letter": letter(place),
        "facts": [(clean(name), clip(said, 200)) for name, said in group.facts.items()],
        "evidence": [(clean(name), said) for name, said in sorted(group.evidence.items())],
        "rows": [_row(board, of, model, one) for model, one in figures.items()],
        "failed": [
            clean(board.models[model].name) for model in group.table if model not in figures
        ],
        "floors": _floors(of),
        "how": how(of),
        "matrix": _matrix(board, of),
    }


def _said(of: Differing) -> list[tuple[str, str]]:
    """What differs, group by group, with its tone; of a hash which groups have the same."""
    if not of.exact:
        return [
            ("by default", "none") if said is None else (clip(said, 80), "") for said in of.said
        ]
    found = []
    for place, said in enumerate(of.said):
        first = of.said.index(said)
        alike = f"as {letter(first)}" if first < place else f"hash {said}"
        found.append((alike if said is not None else "not known", "none"))
    return found


def _row(board: Board, of: Ranked, identity: str, one: Shown) -> dict[str, Any]:
    model = board.models[identity]
    figure = of.group.table[identity]
    size = model.summary.bytes
    return {
        "rank": one.rank_text,
        "name": clip(model.name, 60) or DASH,
        "apart": clip(model.apart, 60),
        "page": names.model_page(model),
        "one": one,
        "n": figure.cell.n or DASH,
        "type": clip(model.type, 24) or DASH,
        "size": DASH if size is None else byte_size(size),
        "others": _others(figure.made.result.summary, figure.cell, of),
        "date": clean(figure.result.summary.created[:10]),
        "doubt": clean(model.doubt),
    }


def _others(summary: Any, cell: Any, of: Ranked) -> list[tuple[str, str]]:
    """The task's other main figures, by their labels."""
    asked = summary.tasks[cell.task]
    main = [name for name in TASK_TYPES[asked.type].main_metrics if name != of.group.metric.name]
    return [
        (clean(asked.metric(name).label), measures.words(asked.metric(name), cell.metrics[name]))
        for name in main
        if name in cell.metrics
    ]


def _floors(of: Ranked) -> list[tuple[str, str, str]]:
    """What figures are held against that needs no language model."""
    metric, found = of.group.metric, []
    for name, values in of.group.newest.asked.floors.items():
        if metric.name in values:
            datum = measures.figure(metric, values[metric.name])
            found.append((clean(measures.floor_label(name)), datum.text, datum.detail))
    return found


def how(of: Ranked) -> list[str]:
    """How the ranking came about, and what it does not say, in sentences."""
    pairs, models = of.ranking.pairs, len(of.ranking.models)
    if pairs is None:
        if of.group.of_type.timed:
            return [
                "Speeds are in order and not ranked; those of another machine stand in another group."
            ]
        return ["How far a model has moved from another one is neither good nor bad: not ranked."]
    if models < 2:
        return ["One model alone: there is nothing to rank."]
    said = []
    paired = int(pairs.paired.sum()) // 2
    level = percent_level(of.ranking.confidence)
    if paired:
        test = "McNemar's exact test" if of.group.metric.kind == "proportion" else "a paired t test"
        said.append(
            f"{plural(paired, 'pair')} of models tested on the same {of.group.newest.cell.n:,} examples "
            f"by {test}."
        )
    if paired < pairs.tested:
        rest = pairs.tested - paired
        said.append(
            f"{plural(rest, 'pair')} cannot be tested on the same examples, since samples are "
            "missing: of these only models whose intervals do not overlap are told apart."
        )
    said.append(
        f"After correction for all {pairs.tested:,} pairs (Holm, {level}), {pairs.shown:,} differ."
    )
    if len(set(of.ranking.ranks.values())) == 1:
        said.append("No difference is significant: all models share rank 1.")
    return said


def _matrix(board: Board, of: Ranked) -> dict[str, Any] | None:
    """Of few models every pair: which is significantly better, and p after correction."""
    pairs, models = of.ranking.pairs, of.ranking.models
    if pairs is None or not 2 <= len(models) <= MOST_IN_MATRIX:
        return None
    shown_names = [clip(board.models[model].name, 30) for model in models]
    rows = []
    for row, name in enumerate(shown_names):
        fields = []
        for column in range(len(models)):
            if row == column:
                fields.append(("", "self"))
                continue
            p = float(pairs.adjusted[row, column])
            said = probability(p) if np.isfinite(p) else DASH
            better, worse = pairs.better[row, column], pairs.better[column, row]
            sign, tone = ("better", "good") if better else ("worse", "bad") if worse else ("=", "")
            fields.append((f"{sign} {said}" if sign != "=" else said, tone))
        rows.append((name, fields))
    return {"names": shown_names, "rows": rows}


def of_page(board: Board) -> Mapping[str, list[Ranked]]:
    """Pages of tasks by their place in the site."""
    return {names.task_page(list(page)): list(page) for page in board.pages}
