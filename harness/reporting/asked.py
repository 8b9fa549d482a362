"""What was asked: the tasks, their prompts, and every cell with what answered it."""

from __future__ import annotations

from harness.quantities import byte_size
from harness.records import Summary, TaskSummary
from harness.reporting.blocks import Block, Code, Column, Datum, Fields, Fold, Strong, Table, table
from harness.reporting.facts import HASH_LENGTH, key_words, settings, short
from harness.reporting.format import DASH, clean_lines, count, duration
from harness.reporting.tables import MODEL, name
from harness.suite.schema import TASK_TYPES

SHOWN_ELSEWHERE = {"type", "dataset", "shots", "reference", "seed", "limit", "text"}
STATUSES = {"ok": Datum("✓ ok", tone="good"), "failed": Datum("✗ failed", tone="bad")}


def tasks(summary: Summary) -> Table:
    """What each task asks, of what data, and how."""
    rows: list[Fields] = [
        {
            "Task": name(task),
            "Type": of.type,
            "Data": Datum(of.dataset or DASH, "synthetic" if of.synthetic and of.dataset else ""),
            "Drawn": drawn(of) or DASH,
            "Settings": settings({k: v for k, v in of.settings.items() if k not in SHOWN_ELSEWHERE})
            or DASH,
            "Prompt hash": ", ".join(f"{r}: {h[:HASH_LENGTH]}" for r, h in of.prompts.items())
            or DASH,
        }
        for task, of in summary.tasks.items()
    ]
    note = "One prompt hash for a lineage: all of its models were asked the very same token ids."
    said = [
        (Strong(f"{task}:"), f" {text}") for task, of in summary.tasks.items() for text in of.notes
    ]
    return table("What was asked", rows, [(note,), *said])


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
    rows: list[Fields] = [
        {
            MODEL: name(c.model),
            "Task": name(c.task),
            "Status": STATUSES[c.status],
            Column("n"): count(c.n),
            Column("Asking"): duration(c.seconds),
            Column("Loading"): duration(c.load_seconds),
            "Engine": settings(c.engine) or DASH,
            "Memory and disk": ", ".join(
                f"{key_words(key)} {byte_size(value)}" for key, value in c.footprint.items()
            )
            or DASH,
            "Prompts": short(c.prompts),
            "Key": short(c.key),
        }
        for c in summary.cells
    ]
    return table("Every cell", rows)
