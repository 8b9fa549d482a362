"""What the parts of a cell noted, as of one that was not divided."""

from __future__ import annotations

from harness.errors import BadDataError
from harness.plan.steps import Step
from harness.records import Cell
from harness.results.cell_folder import CellFolder
from harness.runner.cells.parts import Parts

MAKE = ("engine", "version", "dtype", "device")
"""Of what an engine says of itself, what has to be the same of all answers of a cell."""


def asked_in_parts(folder: CellFolder, step: Step, total: int) -> Cell | None:
    """What is noted of a cell whose parts were asked; None where none of them was to its end.

    Seconds and tokens add up over all workers, the most memory is that of one of them.

    Args:
        folder: of the cell.
        step: the cell.
        total: of its prompts.

    Raises:
        BadDataError: its parts were asked unlike.
    """
    noted = [(int(of.folder.name.rpartition("-")[2]), of.noted()) for of in folder.parts()]
    key = step.answers_key
    parts = {n: of for n, of in noted if of is not None and of.samples_key == key and of.engine}
    if not parts:
        return None
    number, first = min(parts.items())
    for other, of in parts.items():
        unlike = [name for name in MAKE if of.engine.get(name) != first.engine.get(name)]
        if unlike:
            raise BadDataError(
                f"part {number} was asked with {_make(first, unlike)}, part {other} with {_make(of, unlike)}",
                f"The machines differ. `--parts 1 --again {step.model}/{step.task}` asks it anew on one of them; "
                "`resources` in the suite can hold a model to nodes of one kind.",
            )
    done = Parts(folder.folder, key).earlier
    footprints = [of.footprint for of in parts.values()]
    return Cell(
        key=step.key,
        answers=key,
        model=step.model,
        task=step.task,
        status="ok",
        seconds=done.seconds,
        answered=done.examples if done.examples < total else None,
        tokens=done.tokens,
        load_seconds=first.load_seconds,
        engine=first.engine,
        footprint={name: max(of.get(name, 0) for of in footprints) for name in first.footprint},
        prompts=first.prompts,
    )


def _make(cell: Cell, names: list[str]) -> str:
    return ", ".join(f"{name} {cell.engine.get(name)}" for name in names)
