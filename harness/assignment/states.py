"""How far something that is asked for is there."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from harness.reporting.blocks import Line


class State(Enum):
    """From done to contradicted; of several, the last in this order counts."""

    MET = "met"
    TOLD = "in the author's words"
    """No result shows it; the author says so."""
    PARTLY = "met in part"
    OPEN = "open"
    NOT_MET = "not met"
    """The results speak against it."""


SIGNS = {
    State.MET: "☑",
    State.TOLD: "✎",
    State.PARTLY: "◐",
    State.OPEN: "☐",
    State.NOT_MET: "☒",
}


@dataclass(frozen=True)
class Finding:
    """What was found, and what shows it."""

    state: State
    line: Line


def still_open(why: str) -> Finding:
    """A finding that nothing was measured, or that it shows nothing."""
    return Finding(State.OPEN, (why,))


def worst(states: list[State]) -> State:
    """The state of something that wants all of several things."""
    order = list(State)
    return max(states, key=order.index)
