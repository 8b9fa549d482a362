"""The answer of a report: which model to take, by which rule, why, and how sure that is.

`answer` makes it of a summary as facts; `card` puts it into words, `brief` into at most five lines.
"""

from harness.reporting.answer.brief import brief
from harness.reporting.answer.facts import answer
from harness.reporting.answer.record import (
    Answer,
    Bound,
    Candidate,
    Effect,
    Obstacle,
    Pareto,
    Pick,
    Speed,
    Tally,
)
from harness.reporting.answer.words import card

__all__ = [
    "Answer",
    "Bound",
    "Candidate",
    "Effect",
    "Obstacle",
    "Pareto",
    "Pick",
    "Speed",
    "Tally",
    "answer",
    "brief",
    "card",
]
