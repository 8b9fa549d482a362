"""Mistakes in the tasks of a suite: data that is not there or does not fit, references."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from harness.errors import InputError
from harness.nearest import nearest
from harness.python_hook import find_hook
from harness.suite.checks.files import check_text
from harness.suite.checks.found import Found, KeyPath, check_named
from harness.suite.known import Known
from harness.suite.lineage import resolve, root_of
from harness.suite.schema import (
    DataChoice,
    ModelSpec,
    OwnDataset,
    PythonDataset,
    SuiteSpec,
    TableDataset,
    TaskSpec,
    type_of,
)


def check_task(
    name: str,
    task: TaskSpec,
    models: Mapping[str, ModelSpec],
    names: Mapping[str, frozenset[str]],
    folder: Path,
    known: Known,
) -> Iterator[Found]:
    """What a task is on, whom it is asked, and the model that these are measured against."""
    at: KeyPath = ("tasks", name)
    for position, model in enumerate(task.models or ()):
        yield from check_named((*at, "models", position), "model", model, names["models"])
        if {model, task.held_against} <= set(models):
            reference = str(task.held_against)
            if root_of(models, model) != root_of(models, reference):
                message = f"`{model}` is made from another source than `{reference}`"
                hint = (
                    f"Models are held against `{reference}` on its token ids: leave this one out."
                )
                yield (*at, "models", position), message, hint
    if task.data is not None:
        yield from _check_data(at, task, task.data, folder, known)
    if task.windows is not None:
        yield from check_text((*at, "text"), resolve(task.windows.file, folder))
    if task.held_against is not None:
        yield from check_named((*at, "reference"), "model", task.held_against, names["models"])


def check_twin(
    name: str, task: TaskSpec, spec: SuiteSpec, names: Mapping[str, frozenset[str]]
) -> Iterator[Found]:
    """The model that a served one is held against: it runs here, and a task times it."""
    if task.twin is None:
        return
    at: KeyPath = ("tasks", name, "in_process")
    yield from check_named(at, "model", task.twin, names["models"])
    model = spec.models.get(task.twin)
    if model is None:
        return
    if model.endpoint is not None or model.serve is not None:
        hint = "Name the model that is the same one, run in this process."
        yield at, f"`{task.twin}` is served itself", hint
    elif not any(
        type_of(of).times == "passes" and of.asks(task.twin) for of in spec.tasks.values()
    ):
        hint = f"Add a task of `type: speed` that is asked of `{task.twin}`."
        yield at, f"no task times `{task.twin}` in this process", hint


def _check_data(
    at: KeyPath, task: TaskSpec, data: DataChoice, folder: Path, known: Known
) -> Iterator[Found]:
    """Whether a data set is there and fits, and has the keys that are given."""
    dataset = data.dataset
    if isinstance(dataset, PythonDataset):
        yield from _check_hook((*at, "dataset", "python"), dataset.python, folder)
    if isinstance(dataset, TableDataset):
        for key in ("file", "train", "test"):
            value = getattr(dataset, key)
            if value is not None and not resolve(value, folder).is_file():
                path = resolve(value, folder)
                message = f"there is no file {path}"
                hint = "Paths start from the suite's folder."
                if path.is_dir():
                    message, hint = f"{path} is a folder", "Name a file in it."
                yield (*at, "dataset", key), message, hint
    if data.agreement is not None and dataset not in known.with_agreement:
        names = " or ".join(sorted(known.with_agreement))
        yield (*at, "agreement"), f"only {names} has an `agreement`", "Leave it out."
    if data.data_dir is not None and not resolve(data.data_dir, folder).is_dir():
        message = f"there is no folder {resolve(data.data_dir, folder)}"
        yield (*at, "data_dir"), message, "Paths start from the suite's folder."
    if isinstance(dataset, OwnDataset):
        yield from _check_choices((*at, "dataset"), task, dataset)
    if isinstance(dataset, str):
        yield from _check_named((*at, "dataset"), task, dataset, known)


def _check_choices(at: KeyPath, task: TaskSpec, dataset: OwnDataset) -> Iterator[Found]:
    wanted, given = type_of(task).own_choices, getattr(dataset, "choices", None) is not None
    if wanted and isinstance(dataset, PythonDataset):
        yield at, f"a `{task.type}` task reads tables, not what a function gives", "Write a table."
    elif wanted and not given:
        hint = "Write a template for each choice, or one that gives a list."
        yield at, f"a `{task.type}` task needs `choices`", hint
    elif given and not wanted:
        yield (*at, "choices"), f"a `{task.type}` task has no choices", "Leave them out."


def _check_named(at: KeyPath, task: TaskSpec, dataset: str, known: Known) -> Iterator[Found]:
    kind = known.datasets.get(dataset)
    if kind is None:
        yield at, f"unknown data set `{dataset}`", nearest(dataset, known.datasets)
    elif type_of(task).graded and kind != task.type:
        fitting = [k for k, v in known.datasets.items() if v == task.type]
        message = f"`{dataset}` is made for `{kind}`, not for `{task.type}`"
        yield at, message, nearest("", fitting)


def _check_hook(at: KeyPath, text: str, folder: Path) -> Iterator[Found]:
    try:
        find_hook(text, folder)
    except InputError as error:
        yield at, error.message, error.hint
