"""The rounds of a timed cell: a process each, so that drift of the machine hits all models alike.

Round 1 of every model comes before round 2 of any. The last round is the cell itself: it writes
the result of them all. A round that fails takes the later ones of its own cell with it, and
nobody else's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import zip_longest
from typing import Any

from harness.plan.cell_params import CellParams, RoundParams
from harness.plan.steps import Step, make_step


def rounds_of(cell: Step, count: int) -> list[Step]:
    """The steps that time a cell, in order, each after those before it; the last is the cell."""
    steps: list[Step] = []
    params = cell.given(CellParams)
    given = {name: getattr(params, name) for name in params.model_fields_set}
    for number in range(1, count + 1):
        which = f", round {number} of {count}" if count > 1 else ""
        here = given | {"cell": cell.key, "round": number}
        place: dict[str, Any] = {
            "label": f"time {cell.model}: {cell.task}{which}",
            "group": f"time {cell.model} {cell.task} {number}",
            "after": (*cell.after, *(step.key for step in steps)),
        }
        if number == count:
            steps.append(replace(cell, params=CellParams(**here), **place))
            continue
        # Rounds are no artifacts: two models that are defined alike are timed each for itself.
        own = RoundParams(**here, of=(cell.model, cell.task))
        made = make_step("round", "", own, cell.parents, {"cell": cell.key})
        steps.append(replace(made, model=cell.model, task=cell.task, **place))
    return steps


def in_turn(cells: Sequence[Sequence[Step]]) -> tuple[Step, ...]:
    """The first step of each, then the second of each, and so on."""
    return tuple(step for turn in zip_longest(*cells) for step in turn if step is not None)
