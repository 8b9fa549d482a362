"""Figures as a file to save: every row, unrounded."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from harness.files import defused
from harness.records import Preferences
from harness.reporting.format import clean
from harness.reporting.outcomes import JudgedDifference

HEADS = (
    "comparison", "task", "metric", "unit", "baseline", "candidate", "baseline_value",
    "candidate_value", "difference", "low", "high", "p", "p_adjusted", "better", "worse", "n",
    "minimum_detectable", "ratio", "ratio_low", "ratio_high", "conclusion", "note",
)  # fmt: skip


def differences_csv(found: Sequence[JudgedDifference]) -> str:
    """Paired differences, a line each; figures in the metric's own unit before any factor."""
    return _csv(HEADS, (_fields(one) for one in found))


PREFERENCE_HEADS = (
    "votes", "first", "second", "first_preferred", "second_preferred", "both_good", "both_bad", "voters",
    "share_of_first", "low", "high", "p", "p_adjusted", "outcome", "first_rating", "second_rating",
)  # fmt: skip


def preferences_csv(sets: Sequence[Preferences]) -> str:
    """What votes say of each pair of models, a line each; ratings are log-odds against the mean."""
    rows = []
    for of in sets:
        ratings = {one.model: one.rating.value for one in of.ratings}
        for pair in of.pairs:
            found = pair.share
            rows.append(
                (
                    "blind" if of.blind else "names shown", pair.first, pair.second,
                    pair.first_preferred, pair.second_preferred, pair.both_good, pair.both_bad,
                    pair.voters, found.value, found.low, found.high, pair.p, pair.p_adjusted,
                    pair.outcome, ratings.get(pair.first), ratings.get(pair.second),
                )
            )  # fmt: skip
    return _csv(PREFERENCE_HEADS, rows)


def _fields(one: JudgedDifference) -> list[str | float | int | None]:
    row = one.row
    return [
        row.name, row.task, row.metric, one.of.unit if one.of.factor == 1 else "", row.baseline,
        row.candidate, row.baseline_value, row.candidate_value, row.delta, row.low, row.high, row.p,
        row.p_adjusted, row.better, row.worse, row.n, row.detectable, row.ratio, row.ratio_low,
        row.ratio_high, one.outcome.value, row.reason or row.note,
    ]  # fmt: skip


def _csv(heads: Sequence[str], rows: Iterable[Iterable[str | float | int | None]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(heads)
    writer.writerows([_harmless(field) for field in row] for row in rows)
    return out.getvalue()


def _harmless(field: str | float | int | None) -> str | float | int:
    """A text that no spreadsheet runs; numbers as they are."""
    if not isinstance(field, str):
        return "" if field is None else field
    return defused(clean(field))
