"""Flips: how many answers went from right to wrong, and from wrong to right, and which.

Two models of equal accuracy can be right on different examples: Dutta et al., "Accuracy is not all
you need" (arXiv 2407.09141).
"""

from __future__ import annotations

from collections.abc import Sequence

from harness.records import Comparison, MetricDescriptor
from harness.reporting.blocks import Definition, Definitions, Fold
from harness.reporting.format import count
from harness.reporting.measures import label

GRADED_RIGHT_OR_WRONG = "accuracy"
SHOWN_IDS = 500


def flips(row: Comparison) -> str:
    """Both directions in words; "" where an answer is not simply right or wrong."""
    lost, gained = len(row.right_to_wrong), len(row.wrong_to_right)
    if row.metric == GRADED_RIGHT_OR_WRONG and not lost + gained:
        lost, gained = row.worse or 0, row.better or 0
    if not lost + gained:
        return ""
    return f"{count(lost)} went from right to wrong, {count(gained)} from wrong to right"


def flip_fold(of: MetricDescriptor, row: Comparison, examples: Sequence[Fold]) -> Fold | None:
    """The ids of the answers that flipped, and some of them in full; None where none did."""
    if not row.right_to_wrong and not row.wrong_to_right:
        return None
    title = (
        f"{row.candidate} against {row.baseline}, {row.task} ({label(of)}): of "
        f"{count(row.n)} answers {flips(row)}"
    )
    listed = (
        ("From right to wrong", row.right_to_wrong),
        ("From wrong to right", row.wrong_to_right),
    )
    entries = tuple(Definition(f"{term} ({count(len(ids))})", (_ids(ids),)) for term, ids in listed)
    return Fold(title, (Definitions(entries), *examples))


def _ids(ids: Sequence[str]) -> str:
    more = len(ids) - SHOWN_IDS
    rest = f" and {count(more)} more, in summary.json" if more > 0 else ""
    return (", ".join(ids[:SHOWN_IDS]) or "none") + rest
