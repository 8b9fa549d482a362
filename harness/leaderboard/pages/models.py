"""A page a model: where it stands, how it came about, and its history over time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from harness.leaderboard.asked import Figure
from harness.leaderboard.board import Board, Model, Ranked
from harness.leaderboard.models import Made
from harness.leaderboard.pages import names
from harness.leaderboard.pages.figures import Shown
from harness.leaderboard.pages.index import Head
from harness.leaderboard.ranking import hold_pairs
from harness.quantities import byte_size
from harness.records import machine_words
from harness.reporting import measures
from harness.reporting.format import DASH, clean, clip, fixed, p_value
from harness.reporting.lineage import lineage_words, step_words

KEY = 12
WIDE, HIGH, EDGE = 320.0, 64.0, 8.0
"""Of the drawing of a history."""


def model_page(
    board: Board,
    model: Model,
    heads: Mapping[str, Head],
    figures: Mapping[str, Mapping[str, Shown]],
    reports: Mapping[str, str],
) -> dict[str, Any]:
    """What the template of a model's page is given.

    Args:
        board: all of it.
        model: whose page it is.
        heads: of every group, by its id.
        figures: of every group, by its id and the models' identities.
        reports: the report's place in the site, by the digest of its results.
    """
    of = model.summary
    known = [
        ("weights", model.type),
        ("bits per weight", "" if of.bits_per_weight is None else fixed(of.bits_per_weight, 2)),
        ("size", "" if of.bytes is None else byte_size(of.bytes)),
        ("parameters", "" if of.parameters is None else f"{of.parameters:,}"),
        ("engine", of.engine),
        ("key", of.key[:KEY]),
    ]
    groups = board.of_model.get(model.identity, [])
    return {
        "root": "../",
        "title": clip(model.name, 80) or DASH,
        "names": [clean(name) for name in model.names],
        "apart": clean(model.apart),
        "same_name": [_link(board, one) for one in _namesakes(board, model)],
        "doubt": clean(model.doubt),
        "synthetic": of.synthetic,
        "steps": [clean(step_words(step)) for step in model.newest.lineage],
        "facts": [(name, clean(said)) for name, said in known if said],
        "parents": [_link(board, one) for one in board.parents.get(model.identity, ())],
        "children": [_link(board, one) for one in board.children.get(model.identity, ())],
        "standing": [_standing(model, one, heads, figures) for one in groups],
        "history": [
            _history(one, heads[one.group.id], one.group.by_model[model.identity])
            for one in groups
            if len(one.group.by_model[model.identity]) > 1
        ],
        "runs": [_run(made, reports) for made in reversed(model.made)],
    }


def _namesakes(board: Board, model: Model) -> list[str]:
    if not model.apart:
        return []
    others = board.models.items()
    return [one for one, of in others if of.name == model.name and of is not model]


def _link(board: Board, identity: str) -> tuple[str, str, str]:
    """A model's page, its name and how it came about."""
    of = board.models[identity]
    said = ", ".join(filter(None, (lineage_words(of.newest.lineage), of.apart)))
    return names.model_page(of), clip(of.name, 60), clip(said, 160)


def _standing(
    model: Model,
    of: Ranked,
    heads: Mapping[str, Head],
    figures: Mapping[str, Mapping[str, Shown]],
) -> dict[str, Any]:
    error = of.group.table[model.identity].cell.error
    return {
        "head": heads[of.group.id],
        "one": figures[of.group.id].get(model.identity),
        "error": clip(error.message, 160) if error is not None else "",
        "among": len(of.ranking.models),
    }


def _history(of: Ranked, head: Head, figures: Sequence[Figure]) -> dict[str, Any]:
    rows = []
    for place, figure in enumerate(figures):
        value, datum = figure.value, measures.figure(of.group.metric, figure.value)
        failed = figure.cell.error.message if figure.cell.error is not None else "no figure"
        rows.append(
            {
                "date": clean(figure.result.summary.created[:16].replace("T", " ")),
                "suite": clip(figure.result.suite, 40),
                "text": datum.text if value is not None else "failed",
                "detail": datum.detail if value is not None else clip(failed, 160),
                "change": _change(of, figures[place - 1], figure) if place else "first run",
                "machine": clip(machine_words(figure.result.summary.machine_of(figure.cell)), 60),
            }
        )
    return {"head": head, "rows": rows[::-1], "drawing": _drawing(figures)}


def _change(of: Ranked, before: Figure, after: Figure) -> str:
    """What is another thing than in the run before, and whether the figure is significantly another."""
    said = []
    if of.group.ranked and before.value is not None and after.value is not None:
        sign = -1.0 if of.group.metric.higher_is_better is False else 1.0
        two = [before, after]
        values = np.array([sign * (figure.value.value or 0.0) for figure in two if figure.value])
        pairs = hold_pairs(two, values, of.ranking.confidence)
        outcome = (
            "better" if pairs.better[1, 0] else "worse" if pairs.better[0, 1] else "inconclusive"
        )
        chance = p_value(float(pairs.adjusted[0, 1])) if pairs.paired[0, 1] else "by intervals"
        said.append(f"{outcome} ({chance})")
    if before.made.key != after.made.key:
        said.append("its files were made anew")
    then, now = before.result.summary, after.result.summary
    software = [
        f"{name} {then.software.get(name, 'none')} → {version}"
        for name, version in sorted(now.software.items())
        if then.software.get(name) != version
    ]
    if machine_words(then.machine) != machine_words(now.machine):
        said.append("another machine")
    return clip("; ".join((*said, *software)), 200)


def _drawing(figures: Sequence[Figure]) -> dict[str, Any] | None:
    """Points and intervals of a history in a box of `WIDE` by `HIGH`; None of fewer than two."""
    values = [of.value for of in figures if of.value is not None]
    if len(values) < 2:
        return None
    ends = [end for of in values for end in (of.value, of.low, of.high) if end is not None]
    low, span = min(ends), (max(ends) - min(ends)) or 1.0

    def height(end: float | None, of: float) -> float:
        return round(
            HIGH - EDGE - (HIGH - 2 * EDGE) * ((of if end is None else end) - low) / span, 1
        )

    step = (WIDE - 2 * EDGE) / (len(values) - 1)
    points = [
        (round(EDGE + place * step, 1), *(height(end, of.value or 0.0) for end in (of.value, of.low, of.high)))
        for place, of in enumerate(values)
    ]  # fmt: skip
    return {"points": points, "line": " ".join(f"{x},{y}" for x, y, *_ in points)}


def _run(made: Made, reports: Mapping[str, str]) -> dict[str, Any]:
    summary = made.result.summary
    return {
        "date": clean(summary.created[:16].replace("T", " ")),
        "suite": clip(made.result.suite, 40),
        "name": clip(made.name, 60),
        "key": made.key[:KEY] or DASH,
        "machine": clip(machine_words(summary.machine), 60),
        "command": names.command(made),
        "file": names.suite_file(made.result),
        "report": reports.get(made.result.digest, ""),
    }
