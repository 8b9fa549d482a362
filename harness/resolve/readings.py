"""What was read of the data that a suite names, and whether its parts hold what the suite does with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from harness.data.readings import Reading
from harness.plan.resolved import FoundData
from harness.quantities import plural
from harness.records import DataReading, LeftOutRows
from harness.suite.checks.found import Found
from harness.suite.reader import Suite
from harness.suite.schema import SuiteSpec, TableDataset, TaskSpec

MOST_LABELS = 50
"""Labels of which each one's rows are kept."""


def reading_of(name: str, found: Reading) -> DataReading:
    """The record of a reading, without the places of this machine."""
    folders = sorted({f"{Path(source.path).parent}/" for source in found.sources}, key=len)

    def placed(text: str) -> str:
        for folder in reversed(folders):
            text = text.replace(folder, "")
        return text

    labels = {split.name: split.labels for split in found.splits if split.labels}
    few = all(len(of) <= MOST_LABELS for of in labels.values())
    return DataReading(
        name=name,
        files=[Path(source.path).name for source in found.sources],
        read=found.read,
        left_out=[
            LeftOutRows(reason=one.reason, rows=one.rows, places=[placed(p) for p in one.places])
            for one in found.dropped
        ],
        parts={split.name: split.rows for split in found.splits},
        labels=labels if few else {},
        warnings=[placed(text) for text in found.complaints],
        notes=[placed(text) for text in found.notes],
    )


def check_parts(suite: Suite, data: Mapping[str, FoundData]) -> Iterator[Found]:
    """Parts that are too small for what the suite does with them, which would only be seen in the figures."""
    for name, found in data.items():
        if found.reading is not None:
            task = suite.spec.tasks[name]
            yield from _check_test(name, task, found.reading)
            yield from _check_shots(name, task, found.reading)
    yield from _check_learned(suite.spec, data)


def _check_test(name: str, task: TaskSpec, reading: DataReading) -> Iterator[Found]:
    if reading.parts.get("test", 0):
        return
    dataset = task.data.dataset if task.data is not None else None
    hint = "Name a file with rows to test."
    if isinstance(dataset, TableDataset) and dataset.file is not None:
        share = "0.2" if dataset.test_share is None else f"{dataset.test_share:g}"
        hint = f"Raise `test_share` (now {share}), or name `train` and `test` files."
    message = f"the test part of {reading.name} is empty ({_read(reading)})"
    yield ("tasks", name, "dataset"), message, hint


def _check_shots(name: str, task: TaskSpec, reading: DataReading) -> Iterator[Found]:
    shots = task.data.shots if task.data is not None else 0
    there = reading.parts.get("train", 0)
    if shots > there:
        message = f"{plural(shots, 'shot')}, and the train part of {reading.name} has "
        message += f"{plural(there, 'row')} ({_read(reading)})"
        yield ("tasks", name, "shots"), message, f"Lower `shots`, or give {reading.name} more rows."


def _check_learned(spec: SuiteSpec, data: Mapping[str, FoundData]) -> Iterator[Found]:
    for model, of in spec.models.items():
        for index, task in enumerate(of.finetune.tasks if of.finetune is not None else ()):
            found = data.get(task)
            if found is None or found.reading is None:
                continue
            there = found.reading.parts.get("train", 0)
            if there > len(found.left_out):
                continue
            why = f"the train part of {found.reading.name} is empty ({_read(found.reading)})"
            hint = "Lower its `test_share`, or name a `train` file."
            if there:
                why = (
                    f"all {there} rows that {task} would teach are tested, here or by another task"
                )
                hint = "Name a `train` file with other texts."
            yield ("models", model, "finetune", "tasks", index), why, hint


def _read(reading: DataReading) -> str:
    """How many rows there were, and what became of them."""
    left_out = "".join(f"; left out: {one.rows}, {one.reason}" for one in reading.left_out)
    return f"{plural(reading.rows, 'row')} read{left_out}"
