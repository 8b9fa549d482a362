"""What was asked: the tasks, their prompts, and every cell with what answered it."""

from __future__ import annotations

from harness.quantities import byte_size
from harness.records import Summary, TaskSummary
from harness.reporting.blocks import Block, Code, Column, Datum, Fold, Row, Strong, Table
from harness.reporting.facts import HASH_LENGTH, key_words, settings, short
from harness.reporting.format import DASH, clean_lines, count, duration
from harness.reporting.tables import MODEL, name
from harness.suite.schema import TASK_TYPES

SHOWN_ELSEWHERE = {"type", "dataset", "shots", "reference", "seed", "limit", "text"}


def tasks(summary: Summary) -> Table:
    """What each task asks, of what data, and how."""
    texts = ("Task", "Type", "Data", "Drawn", "Settings", "Prompt hash")
    rows = tuple(
        Row(
            (
                name(task),
                Datum(of.type),
                Datum(of.dataset or DASH, "synthetic" if of.synthetic and of.dataset else ""),
                Datum(drawn(of) or DASH),
                Datum(
                    settings({k: v for k, v in of.settings.items() if k not in SHOWN_ELSEWHERE})
                    or DASH
                ),
                Datum(", ".join(f"{r}: {h[:HASH_LENGTH]}" for r, h in of.prompts.items()) or DASH),
            )
        )
        for task, of in summary.tasks.items()
    )
    note = "One prompt hash for a lineage: all of its models were asked the very same token ids."
    said = [
        (Strong(f"{task}:"), f" {text}") for task, of in summary.tasks.items() for text in of.notes
    ]
    columns = tuple(Column(text, numeric=False) for text in texts)
    return Table("What was asked", columns, rows, ((note,), *said))


def drawn(of: TaskSummary) -> str:
    """How many examples were used, of how many, and how they were chosen."""
    if of.n is None:
        return ""
    type_ = TASK_TYPES[of.type]
    if type_.timed:
        return f"{count(of.n)} {type_.noun}"
    if not type_.drawn:
        rest = f" of {count(of.available)}" if of.available != of.n else ""
        return f"{count(of.n)}{rest} {type_.noun} of one's own"
    text = f"{count(of.n)} of {count(of.available)} {type_.noun}" if of.available else count(of.n)
    if of.seed is not None and of.available != of.n:
        text += f", seed {of.seed}"
    return text + (f", {of.shots} shots" if of.shots else "")


def prompts(summary: Summary) -> list[Block]:
    """One prompt of each task, as the models see it."""
    shown = [(task, of.example_prompt) for task, of in summary.tasks.items() if of.example_prompt]
    return [Fold(f"A prompt of {task}", (Code(clean_lines(text)[:4000]),)) for task, text in shown]


def cells(summary: Summary) -> Table:
    """Each cell: how long it took and what answered."""
    columns = (
        MODEL,
        Column("Task", numeric=False),
        Column("Status", numeric=False),
        Column("n"),
        Column("Asking"),
        Column("Loading"),
        Column("Engine", numeric=False),
        Column("Memory and disk", numeric=False),
        Column("Prompts", numeric=False),
        Column("Key", numeric=False),
    )
    rows = tuple(
        Row(
            (
                name(c.model),
                name(c.task),
                Datum("✓ ok", tone="good") if c.status == "ok" else Datum("✗ failed", tone="bad"),
                Datum(count(c.n)),
                Datum(duration(c.seconds)),
                Datum(duration(c.load_seconds)),
                Datum(settings(c.engine) or DASH),
                Datum(
                    ", ".join(f"{key_words(k)} {byte_size(v)}" for k, v in c.footprint.items())
                    or DASH
                ),
                short(c.prompts),
                short(c.key),
            )
        )
        for c in summary.cells
    )
    return Table("Every cell", columns, rows)
