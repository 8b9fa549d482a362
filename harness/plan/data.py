"""Which data set a task is on, as plain data: it travels to workers, and is no part of a key."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harness.suite.lineage import resolve
from harness.suite.schema import (
    HubDataset,
    HubInstructions,
    PythonDataset,
    TableDataset,
    TaskSpec,
)

DataRef = dict[str, Any]
"""`name` and `kind`; of a known data set `options` and perhaps `data_dir`; of a user's own `own`, with
absolute paths, and perhaps `hub` or `python`: the machine puts their files in as `parts` of `own`.
`harness.data.opening` opens it."""
_PLACE = {"hub", "revision", "config", "file", "train", "test"}

InstructionRef = dict[str, Any]
"""`name`, and the absolute `paths` of files, or the `hub` where the machine gets them from.
`harness.data.instruction_refs` opens it."""


def instruction_ref(given: str | HubInstructions, folder: Path) -> InstructionRef:
    """Instructions that a suite names; `folder` is what its relative paths start from."""
    if isinstance(given, HubInstructions):
        words = [given.hub, *(word for word in (given.config, given.file) if word)]
        return {"name": " ".join(words), "hub": given.model_dump(exclude_none=True)}
    return {"name": Path(given).name, "paths": [str(resolve(given, folder))]}


def data_ref(task: TaskSpec, folder: Path, data_dir: Path | None) -> DataRef | None:
    """The data set of a task; None where it is on none.

    Args:
        task: of a suite.
        folder: what the suite's relative paths start from.
        data_dir: where the command line says that data sets lie; a task's own `data_dir` goes before.
    """
    if task.data is None:
        return None
    dataset, kind = task.data.dataset, task.type
    if isinstance(dataset, HubDataset):
        own = dataset.model_dump(exclude_none=True, exclude=_PLACE)
        place = dataset.model_dump(exclude_none=True, include=_PLACE)
        return {"name": dataset.title, "kind": kind, "own": own, "hub": place}
    if isinstance(dataset, PythonDataset):
        own = {"prompt": "{{ prompt }}", "target": "{{ target }}", "id": "id"}
        own |= dataset.model_dump(exclude_none=True, include={"labels"})
        function = {"text": dataset.python, "folder": str(folder.absolute())}
        return {"name": dataset.title, "kind": kind, "own": own, "python": function}
    if isinstance(dataset, TableDataset):
        given = dataset.model_dump(exclude_none=True)
        for key in ("file", "train", "test"):
            if key in given:
                given[key] = str(resolve(given[key], folder))
        return {"name": dataset.title, "kind": kind, "own": given}
    ref: DataRef = {"name": dataset, "kind": kind}
    if task.data.agreement is not None:
        ref["options"] = {"agreement": task.data.agreement}
    given_dir = task.data.data_dir
    lies = resolve(given_dir, folder) if given_dir is not None else data_dir
    if lies is not None:
        ref["data_dir"] = str(Path(lies).absolute())
    return ref
