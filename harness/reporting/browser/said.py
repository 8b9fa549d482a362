"""What a page says of the samples: what it leaves out and why, and whom the data is owed to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from harness.quantities import plural
from harness.records import Summary
from harness.records.licences import Amount, Quoting, quoting
from harness.reporting.blocks import Line, Name, listed
from harness.reporting.format import count, sentence


@dataclass(frozen=True)
class Held:
    """How many of a task's examples a page holds."""

    here: int
    every: int


def left_out(summary: Summary, held: Mapping[str, Held], wanted: Amount | None) -> Iterator[Line]:
    """A line for each task of which something is left out."""
    for task, of in held.items():
        if of.here == of.every:
            continue
        some = f" holds {count(of.here)} of {plural(of.every, 'example')}, those that changed"
        said = some if of.here else " is left out"
        if wanted:
            yield (Name(task), f"{said}: asked for by --samples {wanted}.")
        else:
            quoted = quoting(summary, task)
            why = f"{sentence(quoted.reason)} Licence: {quoted.licence}."
            yield (Name(task), f"{said}: {why} `--samples all` puts in all of them.")


def owed(summary: Summary, held: Mapping[str, Held]) -> Iterator[Line]:
    """A line for each data set that is quoted and is another's: its licence, and whom it is owed to."""
    sets: dict[tuple[str, Quoting], list[str]] = {}
    for task, of in held.items():
        told, quoted = summary.tasks[task], quoting(summary, task)
        if of.here and told.dataset and not told.synthetic and not quoted.own:
            sets.setdefault((told.dataset, quoted), []).append(task)
    for (dataset, quoted), tasks in sets.items():
        told_of = f": {dataset}, licence {quoted.licence}. {sentence(quoted.citation)}".rstrip()
        yield ("Data of ", *listed(tasks), told_of)
