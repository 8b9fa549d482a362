"""What of two answers can be told apart, by kind of task: the browser's modes and their rules.

The page prints the rule that is in force, since "broke" means something else where nothing is simply
right or wrong; templates/samples/modes.js holds the same rules as code.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

from harness.records import TaskSummary
from harness.reporting.measures import headline, label
from harness.reporting.types.write import REPEATS
from harness.suite.schema import TASK_TYPES

Kind = Literal["right", "score", "distance", "written"]
"""Answers are right or wrong; have a score; are documents that a model is some way from another on, or
finds surprising; or are texts that nobody grades."""


@dataclass(frozen=True)
class Mode:
    """Which answers are listed, and by what rule."""

    key: str
    title: str
    rule: str

    def data(self) -> dict[str, str]:
        """Plain data."""
        return asdict(self)


def kind_of(task: TaskSummary) -> Kind:
    """How answers of a task are told apart."""
    of = TASK_TYPES[task.type]
    if of.of_documents:
        return "distance"
    if of.free_text:
        return "written"
    return "right" if headline(task).kind == "proportion" else "score"


def modes(task: TaskSummary) -> list[Mode]:
    """The modes of a task, in the order in which the page offers them; `all` is the last one."""
    found = [Mode(*told) for told in _told(task)]
    if "unparsed" in task.metrics:
        rule = "In what a shown model wrote no label was found; that counts as wrong."
        found.append(Mode("unparsed", "Unparsed", rule))
    if "truncated" in task.metrics:
        rule = "The limit of new tokens cut the answer of a shown model."
        found.append(Mode("truncated", "Truncated", rule))
    return [*found, Mode("all", "All", "Every example.")]


def _told(task: TaskSummary) -> tuple[tuple[str, str, str], ...]:
    of = label(headline(task))
    match kind_of(task):
        case "right":
            return (
                ("different", "Different", "The shown models do not all answer alike."),
                ("broke", "Broke", "A is right, and another shown model is wrong."),
                ("fixed", "Fixed", "A is wrong, and another shown model is right."),
                ("wrong", "Both wrong", "All shown models are wrong."),
            )
        case "score":
            return (
                ("different", "Different", "The shown models do not all write the same text."),
                ("broke", "Broke", f"Another model's {of} is below A's; the largest loss first."),
                ("fixed", "Fixed", f"Another model's {of} is above A's; the largest gain first."),
                ("wrong", "Both at 0", f"All shown models have {of} 0: no word in common."),
            )
        case "distance":
            if not TASK_TYPES[task.type].has_reference:
                return (
                    ("broke", "Less likely", f"Another model's {of} is above A's; the most first."),
                    ("fixed", "Likelier", f"Another model's {of} is below A's; the most first."),
                )
            to = task.reference or "the reference"
            return (
                ("broke", "Further", f"Another model is further from {to} than A; the most first."),
                ("fixed", "Nearer", f"Another model is nearer to {to} than A; the most first."),
            )
        case "written":
            fault = f"empty, cut off, or repeats itself (repetition from {REPEATS})"
            return (
                ("different", "Different", "The shown models do not all write the same text."),
                ("broke", "Broke", f"A has no fault, and another model's text is {fault}."),
                ("fixed", "Fixed", f"A's text is {fault}, and another model's is not."),
                ("wrong", "Both faulty", f"The text of every shown model is {fault}."),
            )
