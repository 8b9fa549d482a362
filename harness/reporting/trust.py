"""Whether the figures can be believed: checks, doubts, exclusions and permissions, in one list."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from harness.quantities import plural
from harness.records import Summary
from harness.reporting.answer.facts import is_synthetic
from harness.reporting.blocks import (
    NOT_KNOWN,
    Block,
    Datum,
    Fields,
    Line,
    Prose,
    Table,
    Tone,
    plain,
    table,
)
from harness.reporting.checks import findings, outcome_line
from harness.reporting.data import rows_read, too_long, warnings
from harness.reporting.format import sentence, share
from harness.reporting.going_on import going_on_callouts
from harness.reporting.held_out import overfitted
from harness.reporting.marks import CHECK_LABELS, OUTCOMES, SIGN
from harness.reporting.measures import timed_tasks
from harness.reporting.parity import parity_blocks
from harness.reporting.reproduction import allowed
from harness.reporting.served_doubts import served_findings
from harness.reporting.timings import details_of, doubts, timed_apart, timings_in_doubt

DOUBT: tuple[str, Tone] = (f"{SIGN} doubt", "unsure")
LEFT_OUT: tuple[str, Tone] = ("− left out", "plain")
ALLOWED: tuple[str, Tone] = ("! allowed", "unsure")
ORDER = ("failed", "allowed", "doubt", "left out", "permission", "skipped", "passed")


@dataclass(frozen=True)
class Item:
    """Something that speaks for the figures or against them."""

    order: str
    outcome: tuple[str, Tone]
    what: str
    found: str
    concerns: tuple[str, ...] = ()
    term: str = ""


def trust_blocks(summary: Summary) -> list[Block]:
    """How the checks went in a sentence, then the list, what speaks against the figures first."""
    if not summary.models:
        return []
    found = items(summary)
    checked = any(item.what in CHECK_LABELS.values() for item in found)
    none = "No checks were recorded with these results, so that nothing here speaks for them."
    lead: Line = (*(outcome_line(summary) if checked else (none,)), _in_doubt(summary))
    listed: list[Block] = [_table(found)] if found else []
    return [Prose(lead), *listed, *parity_blocks(summary)]


def _in_doubt(summary: Summary) -> str:
    """How many models' timings are in doubt; "" for none."""
    models = {model for model, _ in timings_in_doubt(summary)}
    return f" {SIGN} Timings of {plural(len(models), 'model')} are in doubt." if models else ""


def items(summary: Summary) -> list[Item]:
    """Everything that is known, the gravest first."""
    found = [
        *_checks(summary),
        *_timings(summary),
        *_data(summary),
        *_served(summary),
        *_permissions(summary),
    ]
    return sorted(found, key=lambda item: ORDER.index(item.order))


def _checks(summary: Summary) -> Iterator[Item]:
    for one in findings(summary):
        yield Item(
            one.check.status,
            OUTCOMES[one.check.status],
            CHECK_LABELS[one.check.name],
            one.said,
            (*one.models, *one.tasks),
            f"check-{one.check.name}",
        )


def _timings(summary: Summary) -> Iterator[Item]:
    for task in timed_tasks(summary):
        details = details_of(summary, task)
        for doubt in doubts(details):
            said = "; ".join(f"{model}: {message}" for model, message in doubt.messages)
            models = tuple(model for model, _ in doubt.messages)
            found = f"{doubt.lead} ({said}). {sentence(doubt.remedy)}"
            yield Item("doubt", DOUBT, "timing", found, (*models, task))
        if apart := timed_apart(details):
            found = "Not timed in turn with the others; part of a difference may be the machine's."
            yield Item("doubt", DOUBT, "timing", found, (*apart, task))


def _data(summary: Summary) -> Iterator[Item]:
    read = {name: of.reading for name, of in summary.tasks.items() if of.reading is not None}
    for names, warning in warnings(read):
        yield Item("doubt", DOUBT, "data", sentence(warning), names)
    for task, of in summary.tasks.items():
        for root, unknown in of.unknown_tokens.items():
            found = f"{share(unknown)} of the prompts' tokens are unknown to the tokenizer."
            yield Item("doubt", DOUBT, "tokenizer", found, (root, task))
        if said := too_long(of):
            yield Item("left out", LEFT_OUT, "examples", sentence(said), (task,))
        if of.reading is not None and of.reading.left_out:
            yield Item("left out", LEFT_OUT, "rows", sentence(rows_read(of.reading)), (task,))
    for callout in going_on_callouts(summary):
        yield Item("doubt", DOUBT, "answers", plain(callout.line))
    for model, line in overfitted(summary):
        yield Item("doubt", DOUBT, "overfitting", plain(line), (model,))
    if is_synthetic(summary):
        found = "Models or data are a small synthetic stand-in, which shows the pipeline, not any real model."
        yield Item("doubt", DOUBT, "stand-in", found)


def _served(summary: Summary) -> Iterator[Item]:
    for one in served_findings(summary):
        order, outcome = ("doubt", DOUBT) if one.doubtful else ("passed", OUTCOMES["passed"])
        yield Item(order, outcome, "server", one.said, (*one.models, *one.tasks))


def _permissions(summary: Summary) -> Iterator[Item]:
    for line in allowed(summary):
        yield Item("permission", ALLOWED, "files of models", plain(line))


def _table(found: list[Item]) -> Table:
    rows: list[Fields] = [
        {
            "Outcome": Datum(item.outcome[0], tone=item.outcome[1]),
            "What": Datum(item.what, term=item.term),
            "What was found": item.found,
            "Concerns": Datum(", ".join(item.concerns), name=True) if item.concerns else NOT_KNOWN,
        }
        for item in found
    ]
    return table("Checks, doubts, exclusions and permissions", rows)
