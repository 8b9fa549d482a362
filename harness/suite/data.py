"""Which data set a task is on, as plain data: it travels to workers, and is no part of a key."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harness.suite.lineage import resolve
from harness.suite.schema import AskedTask, OwnDataset

DataRef = dict[str, Any]
"""`name` and `kind`; of a known data set `options` and perhaps `data_dir`; of a user's own `own`, with
absolute paths. `harness.data.opening` opens it."""

InstructionRef = dict[str, Any]
"""`name`, and the absolute `path` of a file. `harness.data.learned` opens it."""


def instruction_ref(file: str, folder: Path) -> InstructionRef:
    """A file of instructions that a suite names; `folder` is what its relative paths start from."""
    return {"name": Path(file).name, "path": str(resolve(file, folder))}


def data_ref(task: AskedTask, folder: Path, data_dir: Path | None) -> DataRef | None:
    """The data set of a task; None where it is on none.

    Args:
        task: of a suite.
        folder: what the suite's relative paths start from.
        data_dir: where the command line says that data sets lie; a task's own `data_dir` goes before.
    """
    dataset = getattr(task, "dataset", None)
    if dataset is None:
        return None
    kind = getattr(task, "type", "")
    if isinstance(dataset, OwnDataset):
        given = dataset.model_dump(exclude_none=True)
        for key in ("file", "train", "test"):
            if key in given:
                given[key] = str(resolve(given[key], folder))
        return {"name": dataset.title, "kind": kind, "own": given}
    ref: DataRef = {"name": dataset, "kind": kind}
    if task.agreement is not None:
        ref["options"] = {"agreement": task.agreement}
    place = resolve(task.data_dir, folder) if task.data_dir is not None else data_dir
    if place is not None:
        ref["data_dir"] = str(Path(place).absolute())
    return ref
