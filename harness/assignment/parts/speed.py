"""How fast the models write and read."""

from __future__ import annotations

from harness.assignment.parts.setup import MOST_MODELS, more
from harness.assignment.source import Source
from harness.reporting.blocks import Block, Callout, Fields, Line, Strong, table
from harness.reporting.format import percent_level
from harness.reporting.measures import task_metrics, timed_tasks
from harness.reporting.tables import MODEL, asked_models, name, task_results
from harness.reporting.timings import Doubt, details_of, doubts

SHOWN = (
    "decode_tokens_per_second",
    "prefill_tokens_per_second",
    "ttft_seconds",
    "load_seconds",
    "peak_bytes",
)


def speed(source: Source) -> list[Block]:
    """Tokens per second, the wait for the first one, and what is doubtful about them."""
    summary = source.main
    blocks: list[Block] = []
    for task in timed_tasks(summary):
        known = task_metrics(summary, task)
        metrics = [metric for metric in SHOWN if metric in known]
        asked = asked_models(summary, task)
        rows: list[Fields] = [
            {MODEL: name(model), **task_results(summary, model, task, metrics)}
            for model in asked[:MOST_MODELS]
        ]
        note = (
            f"Square brackets: {percent_level(summary.confidence)} interval over the rounds. Decode is the "
            "speed of writing, prefill that of reading the prompt; both hold for this machine.",
        )
        if rows and metrics:
            blocks.append(
                table(
                    f"{task}: tokens per second, waits and memory",
                    rows,
                    [note, *more(len(asked), "models")],
                )
            )
            found = doubts(details_of(summary, task))
            blocks += [Callout("unsure", _doubt(found))] if found else []
    return blocks


def _doubt(found: list[Doubt]) -> Line:
    """What to do about doubtful timings; why they are doubtful stands at each of them."""
    return (Strong("Timings with ⚠ are in doubt."), f" {found[0].remedy}")
