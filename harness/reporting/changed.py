"""Answers that changed: how many flipped from right to wrong and back, which, and some in full.

Two models of equal accuracy can be right on different examples: Dutta et al., "Accuracy is not all
you need" (arXiv 2407.09141).
"""

from __future__ import annotations

from collections.abc import Sequence

from harness.records import ChangedAnswer, Comparison, MetricDescriptor, Summary
from harness.reporting.blocks import Block, Definition, Definitions, Fold
from harness.reporting.format import clip, count
from harness.reporting.measures import label, metric_of, number

GRADED_RIGHT_OR_WRONG = "accuracy"
SHOWN_IDS = 500
SHOWN_ANSWERS = 5
PROMPT_LENGTH = 600


def flips(row: Comparison) -> str:
    """Both directions in words; "" where an answer is not simply right or wrong."""
    lost, gained = len(row.right_to_wrong), len(row.wrong_to_right)
    if row.metric == GRADED_RIGHT_OR_WRONG and not lost + gained:
        lost, gained = row.worse or 0, row.better or 0
    if not lost + gained:
        return ""
    return f"{count(lost)} went from right to wrong, {count(gained)} from wrong to right"


def changed_blocks(summary: Summary, rows: Sequence[Comparison]) -> list[Block]:
    """Answers that changed, in both directions, shut until someone opens them."""
    blocks = [fold for row in rows for fold in _folds(metric_of(summary, row), row)]
    return [Fold("Answers that changed", tuple(blocks))] if blocks else []


def _folds(of: MetricDescriptor, row: Comparison) -> list[Fold]:
    """Some answers each way, beneath the ids of all that flipped where any did."""
    about = f"{row.candidate} against {row.baseline}, {row.task} ({label(of)})"
    examples: list[Fold] = []
    for answers, word, total in (
        (row.changed_for_better, "better", row.better),
        (row.changed_for_worse, "worse", row.worse),
    ):
        if answers:
            shown = answers[:SHOWN_ANSWERS]
            many = f"{len(shown)} of {total}" if total is not None else f"{len(shown)}"
            title = f"{about}: {many} answers that changed for the {word}"
            examples.append(Fold(title, tuple(_example(of, row, answer) for answer in shown)))
    if not row.right_to_wrong and not row.wrong_to_right:
        return examples
    title = f"{about}: of {count(row.n)} answers {flips(row)}"
    ways = (
        ("From right to wrong", row.right_to_wrong),
        ("From wrong to right", row.wrong_to_right),
    )
    entries = tuple(Definition(f"{term} ({count(len(ids))})", (_ids(ids),)) for term, ids in ways)
    return [Fold(title, (Definitions(entries), *examples))]


def _ids(ids: Sequence[str]) -> str:
    more = len(ids) - SHOWN_IDS
    rest = f" and {count(more)} more, in summary.json" if more > 0 else ""
    return (", ".join(ids[:SHOWN_IDS]) or "none") + rest


def _example(metric: MetricDescriptor, row: Comparison, answer: ChangedAnswer) -> Definitions:
    scores = [answer.baseline_score, answer.candidate_score]
    before, after = (number(metric, score, scores) for score in scores)
    fields = (
        ("Example", answer.id),
        ("Prompt", answer.prompt),
        ("Right answer", answer.target),
        (f"{row.baseline} (score {before})", answer.baseline_answer),
        (f"{row.candidate} (score {after})", answer.candidate_answer),
    )
    return Definitions(
        tuple(Definition(term, (clip(text, PROMPT_LENGTH),)) for term, text in fields)
    )
