"""Parts of cells: the steps of a large cell that several workers ask, each some of its examples.

No plan holds them, and no key tells of them: a walk puts them before the cell, which joins what they answered.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from harness.plan.cell_params import CellParams, PartParams
from harness.plan.steps import Step, make_step

Division = Mapping[tuple[str, str], int]
"""By model and task: in how many parts a cell is asked. Others are left whole."""


def may_be_divided(step: Step) -> bool:
    """Whether a step is a cell whose examples several workers can ask.

    Not what is timed; nor what a server answers, which is asked side by side already, within one limit on
    what is spent, and which would have to be started once more.
    """
    if step.kind != "cell" or step.is_timing:
        return False
    params = step.given(CellParams)
    return params.endpoint is None and params.serving is None


def parts_of(cell: Step, count: int) -> list[Step]:
    """The steps that ask a cell. The first one's worker has the model for the model's other cells, too; each of the
    others has one of its own, for its part of all cells of the model."""
    params = cell.given(CellParams)
    given = {name: getattr(params, name) for name in params.model_fields_set}
    given |= {"metrics": (), "refs": (), "answers": cell.answers_key, "cell": cell.key}
    found = []
    for part in range(1, count + 1):
        own = PartParams(**given, of=(cell.model, cell.task), part=part, parts=count)
        made = make_step("part", "", own, cell.parents, {"cell": cell.key})
        label = f"{cell.label}, part {part} of {count}"
        group = cell.group if part == 1 else f"{cell.group}, part {part}"
        of = replace(made, model=cell.model, task=cell.task, after=cell.after)
        found.append(replace(of, label=label, group=group))
    return found


def divided(todo: Iterable[Step], division: Division) -> list[Step]:
    """Steps with the parts of cells before these, which wait for them."""
    found = list[Step]()
    for step in todo:
        count = division.get((step.model, step.task), 1) if may_be_divided(step) else 1
        parts = parts_of(step, count) if count > 1 else []
        found += [*parts, replace(step, after=(*step.after, *(part.key for part in parts)))]
    return found
