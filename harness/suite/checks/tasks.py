"""Mistakes in the tasks of a suite: data that is not there or does not fit, references."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from harness.errors import InputError
from harness.nearest import nearest
from harness.python_hook import find_hook
from harness.suite.checks.files import check_text
from harness.suite.checks.found import Found, KeyPath
from harness.suite.known import Known
from harness.suite.lineage import resolve
from harness.suite.schema import (
    ClassifyTask,
    DivergenceTask,
    ExampleTask,
    OwnDataset,
    PythonDataset,
    SummarizeTask,
    TableDataset,
)


def check_task(
    name: str, task: ClassifyTask | SummarizeTask, folder: Path, known: Known
) -> Iterator[Found]:
    at: KeyPath = ("tasks", name)
    yield from _check_data(at, task, folder, known)
    if isinstance(task.dataset, OwnDataset):
        return
    kind = known.datasets.get(task.dataset)
    if kind is None:
        hint = nearest(task.dataset, known.datasets)
        yield (*at, "dataset"), f"unknown data set `{task.dataset}`", hint
    elif kind != task.type:
        fitting = [k for k, v in known.datasets.items() if v == task.type]
        message = f"`{task.dataset}` is made for `{kind}`, not for `{task.type}`"
        yield (*at, "dataset"), message, nearest("", fitting)


def _check_data(at: KeyPath, task: ExampleTask, folder: Path, known: Known) -> Iterator[Found]:
    """Where a data set's files lie, and keys that it does not have."""
    dataset = getattr(task, "dataset", None)
    if isinstance(dataset, PythonDataset):
        yield from _check_hook((*at, "dataset", "python"), dataset.python, folder)
    if isinstance(dataset, TableDataset):
        for key in ("file", "train", "test"):
            value = getattr(dataset, key)
            if value is not None and not resolve(value, folder).is_file():
                message = f"there is no file {resolve(value, folder)}"
                yield (*at, "dataset", key), message, "Paths start from the suite's folder."
    if task.agreement is not None and dataset not in known.with_agreement:
        names = " or ".join(sorted(known.with_agreement))
        yield (*at, "agreement"), f"only {names} has an `agreement`", "Leave it out."
    if task.data_dir is not None and not resolve(task.data_dir, folder).is_dir():
        message = f"there is no folder {resolve(task.data_dir, folder)}"
        yield (*at, "data_dir"), message, "Paths start from the suite's folder."


def _check_hook(at: KeyPath, text: str, folder: Path) -> Iterator[Found]:
    try:
        find_hook(text, folder)
    except InputError as error:
        yield at, error.message, error.hint


def check_divergence(
    name: str,
    task: DivergenceTask,
    names: Mapping[str, frozenset[str]],
    folder: Path,
    known: Known,
) -> Iterator[Found]:
    at: KeyPath = ("tasks", name)
    yield from _check_data(at, task, folder, known)
    if task.dataset is not None and task.dataset not in known.datasets:
        hint = nearest(task.dataset, known.datasets)
        yield (*at, "dataset"), f"unknown data set `{task.dataset}`", hint
    if task.text is not None:
        yield from check_text((*at, "text"), resolve(task.text, folder))
    if task.reference not in names["models"]:
        hint = nearest(task.reference, names["models"])
        yield (*at, "reference"), f"there is no model `{task.reference}`", hint
