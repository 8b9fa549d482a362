"""Figures in fields of tables: the text, the interval, the bar, the rank, and what to doubt."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from harness.leaderboard.asked import Figure
from harness.leaderboard.board import Ranked
from harness.records import MetricDescriptor, Value
from harness.reporting import measures
from harness.reporting.marks import SIGN
from harness.reporting.timings import doubts_at

ROOM, MARK = 100.0, 3.0
"""Widths of a bar's drawing, and of the mark of its figure."""


@dataclass(frozen=True)
class Shown:
    """One figure as it is shown.

    `place` is where in a bar of width `ROOM` the figure's mark begins, where its interval does, and how wide
    this is; `order`
    what tables sort by; `rank` is 0 where there is none.
    """

    text: str
    detail: str
    order: float
    rank: int
    shared: bool
    place: tuple[float, float, float]
    doubt: str

    @property
    def rank_text(self) -> str:
        """ "3", or "3=" where it is shared."""
        return f"{self.rank}{'=' * self.shared}" if self.rank else ""


def unit(of: MetricDescriptor) -> str:
    """What follows a figure in a heading: its unit and direction."""
    named = "" if of.unit == "bytes" else of.unit
    return f"{named} {measures.arrow(of)}".strip()


def shown(of: Ranked) -> dict[str, Shown]:
    """Every model of a group that has a figure, by identity, the best first."""
    table, ranking = of.group.table, of.ranking
    ends = _scale([table[model] for model in ranking.models])
    alone = set(ranking.unpaired)
    return {
        model: _shown(of, model, table[model], ends, model in alone) for model in ranking.models
    }


def _shown(of: Ranked, model: str, figure: Figure, ends: tuple[float, float], alone: bool) -> Shown:
    value = figure.value
    assert value is not None and value.value is not None, "it has a figure"
    datum = measures.figure(of.group.metric, value)
    return Shown(
        datum.text,
        datum.detail,
        value.value,
        of.ranking.ranks.get(model, 0),
        of.ranking.shared.get(model, False),
        _place(value, ends),
        _doubt(of, model, figure, alone),
    )


def _doubt(of: Ranked, model: str, figure: Figure, alone: bool) -> str:
    """What a reader should know of a figure before they believe it; "" for nothing."""
    summary, metric = figure.result.summary, of.group.metric.name
    words = [*doubts_at(summary, figure.made.name, figure.task, metric)]
    if alone:
        words.append("no samples")
    if of.group.by_model[model][-1].value is None:
        words.append("a newer run of it failed")
    return f"{SIGN} {', '.join(words)}" if words else ""


def _scale(figures: Sequence[Figure]) -> tuple[float, float]:
    ends = [end for of in figures for end in _ends(of.value)]
    return (min(ends), max(ends)) if ends else (0.0, 1.0)


def _ends(value: Value | None) -> list[float]:
    known = [] if value is None else [value.value, value.low, value.high]
    return [end for end in known if end is not None and math.isfinite(end)]


def _place(value: Value, ends: tuple[float, float]) -> tuple[float, float, float]:
    """Of the mark and the interval, between the lowest and the highest end of the group."""
    low, high = ends
    wide = high - low or 1.0
    of = value.value if value.value is not None else low
    point, start, end = (
        2 + (ROOM - 4) * ((of if end is None else end) - low) / wide
        for end in (of, value.low, value.high)
    )
    return round(point - MARK / 2, 1), round(start, 1), round(max(end - start, 0.5), 1)
