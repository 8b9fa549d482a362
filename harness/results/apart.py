"""What sets two results apart besides what their models answered."""

from __future__ import annotations

from pathlib import Path

from harness.quantities import plural
from harness.records import Summary, is_same_machine
from harness.suite.schema import TaskSpec

SUBSET = {"limit", "seed", "rounds", "repetitions", "text", "metrics"}
"""Settings that say how much is asked, or where it lies, or how it is graded besides, and not what."""
KEY_SHOWN = 12


def models_of(summary: Summary) -> list[str]:
    """Models that were asked something, in the suite's order."""
    return list(dict.fromkeys(cell.model for cell in summary.cells))


def set_otherwise(before: TaskSpec, after: TaskSpec) -> str:
    """The settings of a task that differ: "max_new_tokens 48 before, 64 after"; "" for none."""
    then, now = (spec.model_dump(mode="json", exclude=SUBSET) for spec in (before, after))
    keys = [key for key in {**then, **now} if then.get(key) != now.get(key)]
    return "; ".join(f"{key} {then.get(key)} before, {now.get(key)} after" for key in keys)


def same_model(before: Summary, after: Summary, model: str) -> list[str]:
    """A note where a model was made from the same things in the same way."""
    keys = [of.models[model].key for of in (before, after) if model in of.models]
    if len(keys) < 2 or not keys[0] or keys[0] != keys[1]:
        return []
    return [
        f"{model} is the same model in both (key {keys[0][:KEY_SHOWN]}): what differs comes from "
        "the software, the machine or the task."
    ]


def lacking(place: Path, of: Summary) -> list[str]:
    """Notes on what results lack of what their suite asks for."""
    if of.partial is None:
        return []
    limit, missing = of.partial.limit, len(of.partial.missing)
    asked = (
        [f"at most {plural(limit, 'example')} a task were asked (--limit {limit})"] if limit else []
    )
    total = missing + len(of.cells)
    asked += [f"{missing} of {plural(total, 'cell')} have not been asked"] if missing else []
    return [f"{place} is partial: {'; '.join(asked)}."]


def what_differs(
    old: Path, before: Summary, new: Path, after: Summary, models: bool, tasks: bool
) -> list[str]:
    """Notes on what only one of two results has, on their software and their machines.

    Args:
        old: where `before` stands.
        before: the earlier results.
        new: where `after` stands.
        after: the later results.
        models: whether models matter that only one has.
        tasks: whether tasks do.
    """
    notes = []
    compared = [("models", models_of(before), models_of(after))] * models
    compared += [("tasks", list(before.tasks), list(after.tasks))] * tasks
    for noun, then, now in compared:
        for path, names, others in ((old, then, now), (new, now, then)):
            alone = [name for name in names if name not in others]
            if alone:
                notes.append(f"Only {path} has the {noun} {', '.join(alone)}.")
    software = [
        f"{name} {before.software.get(name, 'none')} before, {version} after"
        for name, version in after.software.items()
        if before.software.get(name) != version
    ]
    if software:
        notes.append(f"Software: {'; '.join(software)}.")
    for place, of in ((old, before), (new, after)):
        notes += lacking(place, of)
    if not is_same_machine(before.machine, after.machine):
        names = [of.machine.get("processor", "unknown") for of in (before, after)]
        notes.append(f"Machines: {names[0]} before, {names[1]} after.")
    return notes
