"""What a summary says is held against the results beside it: it is written from them, and says nothing of its own.

Every report, gate and leaderboard would repeat a figure that somebody has edited; and one that is worked out anew from
answers of which some are gone would be another figure, in the same words.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from harness.errors import InputError
from harness.files import is_file_name
from harness.quantities import plural
from harness.records import Cell, Summary
from harness.results.cell_folder import CellFolder
from harness.results.damage import Damaged
from harness.sealed import read_sealed
from harness.suite.schema import TASK_TYPES

WRITE_ANEW = (
    "`harness run SUITE` writes the summary anew from the answers that are there, and asks no model "
    "again. Of a baseline: run its suite, and save it with --replace."
)
AT_ITS_WORD = "and no results lie beside it, so that its figures are taken at its word"
ITS_CELLS_ALONE = "so that nothing but the figures of its cells could be held against the results"
CHANGED = "was changed after it was written"
NO_FIGURES = "no figure is worked out from answers that were changed"


def unproven(file: Path, summary: Summary, seal: bool | None) -> str:
    """What speaks against a summary, to be said behind its file's name; "" where nothing does.

    Args:
        file: that it was read from; `cells/` lies beside it, or it was passed on alone.
        summary: as it was understood.
        seal: whether its seal fits; None where it has none, as an earlier version wrote it.

    Raises:
        InputError: it was changed since it was written, and the results beside it tell so.
    """
    folder = file.parent
    if not (folder / "cells").is_dir():
        return "" if seal else f"{'has no seal' if seal is None else CHANGED}, {AT_ITS_WORD}"
    damaged = Damaged()
    otherwise = next(_otherwise(folder, summary, damaged), "")
    if seal is False or (otherwise and not seal):
        raise InputError(f"{file}: it {CHANGED}{': ' * bool(otherwise)}{otherwise}", WRITE_ANEW)
    if otherwise:
        return f"is not what the results beside it say: {otherwise}"
    lines = damaged.lines()
    if not lines:
        return "" if seal or not _are_sealed(folder, summary) else f"has no seal, {ITS_CELLS_ALONE}"
    first = lines[0].partition(": ")[0].removeprefix(f"{folder}/")
    more = f", and {plural(len(lines) - 1, 'other file')}" if lines[1:] else ""
    return f"lies beside results that were changed: {first}{more}"


def require_answers(folder: Path, summary: Summary) -> None:
    """Holds the answers that figures are to be worked out from against what was made of them, reading each file once.

    Cells of which no answers lie here are passed over: who reads them says so of each.

    Args:
        folder: of the results.
        summary: that stands in it, with the cells that are to be read.

    Raises:
        InputError: answers were changed, or some of a cell's are gone.
    """
    damaged = Damaged()
    for cell in summary.cells:
        of = CellFolder(folder / "cells" / cell.model / cell.task, damaged)
        if cell.status != "ok" or not of.samples_file.is_file():
            continue
        held = of.result(thoroughly=True) is not None
        for line in damaged.lines():
            raise InputError(f"{line.partition(': ')[0]}: {NO_FIGURES}", WRITE_ANEW)
        task = summary.tasks.get(cell.task)
        if not held and task is not None and not TASK_TYPES[task.type].timed:
            _require_count(of, cell)


def _require_count(of: CellFolder, cell: Cell) -> None:
    """Without a result beside them nothing is known of answers but how many there were."""
    found = len(of.samples(cell.samples_key))
    if found not in (0, cell.n):
        raise InputError(
            f"{of.samples_file} holds {plural(found, 'answer')} of the {cell.n:,} that the summary tells of: "
            f"{NO_FIGURES}",
            WRITE_ANEW,
        )


def _otherwise(folder: Path, summary: Summary, damaged: Damaged) -> Iterator[str]:
    """What the results of cells say that the summary says otherwise."""
    for cell in _with_folders(summary):
        of = CellFolder(folder / "cells" / cell.model / cell.task, damaged)
        found = of.result()
        if found is not None and found.key == cell.key:
            yield from _differences(cell, found, of.result_file.relative_to(folder))


def _with_folders(summary: Summary) -> list[Cell]:
    """The cells whose names are such that a run makes folders of them."""
    return [of for of in summary.cells if is_file_name(of.model) and is_file_name(of.task)]


def _are_sealed(folder: Path, summary: Summary) -> bool:
    """Whether this version, which would have sealed the summary, wrote a result beside it."""
    files = (folder / "cells" / of.model / of.task / "result.json" for of in _with_folders(summary))
    return any(read_sealed(file).sealed for file in files if file.is_file())


def _differences(cell: Cell, found: Cell, file: Path) -> Iterator[str]:
    """Figures of a cell that its result has otherwise."""
    of = f"{cell.model}/{cell.task}"
    if cell.status != found.status:
        yield f"{of} is {cell.status} here and {found.status} in {file}"
    for name in dict.fromkeys([*cell.metrics, *found.metrics]):
        here, there = cell.metrics.get(name), found.metrics.get(name)
        if here != there:
            values = ("nothing" if one is None else one.value for one in (here, there))
            told = "{} here and {} in".format(*values)
            yield f"{name} of {of} is {told} {file}"
    if cell.n != found.n:
        yield f"the number of examples of {of} is {cell.n} here and {found.n} in {file}"
