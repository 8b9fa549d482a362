"""A few answers that changed: what a reader sees of the samples on paper, and without a script."""

from __future__ import annotations

from harness.records import ChangedAnswer, Comparison, Summary
from harness.reporting.blocks import Block, Definition, Definitions, Heading, Prose
from harness.reporting.format import clip
from harness.reporting.measures import is_headline, metric_of, number

PAIRS = 3
EACH_WAY = 2
LENGTH = 400
"""Characters of a text."""


def excerpt(summary: Summary) -> tuple[Block, ...]:
    """Of the first comparisons in which answers changed, some that broke and some that were fixed."""
    rows = [
        row
        for row in summary.comparisons
        if is_headline(summary, row) and (row.changed_for_worse or row.changed_for_better)
    ][:PAIRS]
    if not rows:
        said = (
            "The answers are in the page's data, which its script shows; they stand in cells/ too."
        )
        return (Prose((said,)),)
    return tuple(block for row in rows for block in _of_pair(summary, row))


def _of_pair(summary: Summary, row: Comparison) -> list[Block]:
    answers = [*row.changed_for_worse[:EACH_WAY], *row.changed_for_better[:EACH_WAY]]
    return [
        Heading(f"{row.task}: {row.candidate} against {row.baseline}, some answers that changed"),
        *(_example(summary, row, answer) for answer in answers),
    ]


def _example(summary: Summary, row: Comparison, answer: ChangedAnswer) -> Definitions:
    metric, scores = metric_of(summary, row), [answer.baseline_score, answer.candidate_score]
    before, after = (number(metric, score, scores) for score in scores)
    said = (
        (f"Example {answer.id}", answer.prompt),
        ("Right answer", answer.target),
        (f"{row.baseline} (score {before})", answer.baseline_answer),
        (f"{row.candidate} (score {after})", answer.candidate_answer),
    )
    return Definitions(tuple(Definition(term, (clip(text, LENGTH),)) for term, text in said))
