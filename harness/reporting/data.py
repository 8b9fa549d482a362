"""What was read of the data, what was left out of it, and what looks wrong with it, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from harness.quantities import plural
from harness.records import DataReading, Summary, TaskSummary
from harness.reporting.blocks import Callout, Line, Name, Strong
from harness.reporting.format import sentence, share


def rows_read(reading: DataReading) -> str:
    """How many rows were read, and how many of them were left out and why: "80 rows read, 33 left out: …"."""
    said = f"{plural(reading.rows, 'row')} read"
    if not reading.left_out:
        return said
    reasons = "; ".join(f"{one.rows:,}: {one.reason}" for one in reading.left_out)
    return f"{said}, {reading.rows_left_out:,} left out ({reasons})"


def parts(reading: DataReading) -> str:
    """Rows of each part: "train 36, test 12"."""
    return ", ".join(f"{name} {rows:,}" for name, rows in reading.parts.items())


def data_callouts(summary: Summary) -> Iterator[Callout]:
    """What looks wrong with the data of tasks, for the top of the report; the same data are named once."""
    for names, warning in warnings(
        {name: of.reading for name, of in summary.tasks.items() if of.reading is not None}
    ):
        line: Line = (Strong("Look at the data"), " of ")
        for place, name in enumerate(names):
            line += (", " * bool(place), Name(name))
        yield Callout("unsure", (*line, f": {sentence(warning)}"))
    for task, of in summary.tasks.items():
        for root, unknown in of.unknown_tokens.items():
            rest = " are unknown to its tokenizer, so that it does not see all of the text."
            line = (Name(task), f": {share(unknown)} of the tokens that ", Name(root), " is asked")
            yield Callout("unsure", (*line, rest))
        if said := too_long(of):
            yield Callout("unsure", (Name(task), f": {sentence(said)}"))


def warnings(readings: Mapping[str, DataReading]) -> Iterator[tuple[tuple[str, ...], str]]:
    """What looks wrong, with the tasks that it concerns; encodings that were guessed among it."""
    found: dict[tuple[str, str], list[str]] = {}
    for task, reading in readings.items():
        guessed = [note for note in reading.notes if "is not UTF-8" in note]
        for warning in (*reading.warnings, *guessed):
            found.setdefault((reading.name, warning), []).append(task)
    for (_, warning), tasks in found.items():
        yield tuple(tasks), warning


def too_long(of: TaskSummary) -> str:
    """How many examples were asked of no model, and for which models they are too long; "" for none."""
    found = of.too_long
    if found is None or not found.rows:
        return ""
    who = ", ".join(
        f"{count:,} for models of {model} (context {found.contexts[model]:,})"
        for model, count in found.models.items()
        if count
    )
    return f"{found.rows:,} of {plural(found.of, 'example')} were too long and left out for all models: {who}"


def left_out_lines(summary: Summary) -> list[Line]:
    """A line for each task whose data were not used whole."""
    return [
        (Name(task), f": {rows_read(of.reading)}.")
        for task, of in summary.tasks.items()
        if of.reading is not None and of.reading.left_out
    ]
