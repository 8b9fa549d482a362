"""Models that a server ran beside those that ran here: what each was sent, how its answers were told, how
long it took."""

from __future__ import annotations

from string import ascii_uppercase

from harness.records import ASKED, SERVED, AskedTexts, Cell, ServedDetails, Summary, told_by
from harness.reporting.costs import AMOUNT, amount, cost_of
from harness.reporting.format import fixed
from harness.reporting.grid import NOT_KNOWN, Column, Datum, Fields, Table, table

TOLD = {
    "loglikelihood": "log-probabilities",
    "first_token": "first token",
    "constrained": "constraint",
    "parsed": "written and read",
}
"""How choices were told, by way."""
NOTES = (
    "Texts: models of a task with the same letter were sent the same texts, before their tokenizers and "
    "what a server adds. Tokens: of the longest prompt, as whoever answered counts them.",
    "Seconds and tokens (read and written) are of asking alone, not of loading; a server's hold the network, "
    "the requests side by side, and whoever else it served.",
)


def beside_table(summary: Summary) -> Table | None:
    """A row for each answered cell of the tasks that a served model was asked; None where there is none."""
    tasks = dict.fromkeys(cell.task for cell in summary.cells if SERVED in cell.details)
    rows = [
        row
        for task in tasks
        for row in _rows(
            summary, [of for of in summary.cells if of.task == task and of.status == "ok"]
        )
    ]
    return (
        table("Served and in process, side by side", rows, [(n,) for n in NOTES]) if rows else None
    )


def _rows(summary: Summary, cells: list[Cell]) -> list[Fields]:
    asked = [
        AskedTexts.model_validate(of.details[ASKED]) if ASKED in of.details else None
        for of in cells
    ]
    hashes = list(dict.fromkeys(of.sha256 for of in asked if of is not None))
    choosing = any(
        ServedDetails.model_validate(of.details[SERVED]).choosing
        for of in cells
        if SERVED in of.details
    )
    return [
        {
            "Task": Datum(cell.task, name=True),
            "Model": Datum(cell.model, name=True),
            "Prompts": _prompts(cell),
            "Texts": ascii_uppercase[hashes.index(of.sha256) % 26] if of is not None else NOT_KNOWN,
            Column("Tokens"): NOT_KNOWN
            if of is None or of.longest_tokens is None
            else f"{of.longest_tokens:,}",
            "Choices told by": _told(cell) if choosing else NOT_KNOWN,
            **_pace(cell),
            **_cost(summary, cell),
        }
        for cell, of in zip(cells, asked, strict=True)
    ]


def _prompts(cell: Cell) -> str:
    if SERVED not in cell.details:
        return "token ids, made here"
    served = ServedDetails.model_validate(cell.details[SERVED])
    if served.rendered:
        return "text, rendered here"
    return "messages" if served.api == "chat" else "text to be continued"


def _told(cell: Cell) -> str:
    return " + ".join(TOLD.get(way, way) for way in told_by(cell).split("+"))


def _cost(summary: Summary, cell: Cell) -> Fields:
    """Nothing where nobody says what it costs."""
    found = cost_of(summary, cell.model, cell.task)
    return {} if found is None else {AMOUNT: amount(found)}


def _pace(cell: Cell) -> Fields:
    """Nothing where answers were remembered, and so took no time."""
    remembered = SERVED in cell.details and cell.details[SERVED].get("remembered")
    if remembered or not cell.n or not cell.seconds:
        return {}
    return {
        Column("Seconds", "per 1,000 examples"): fixed(1000 * cell.seconds / cell.n, 1),
        Column("Tokens per second"): fixed(cell.tokens / cell.seconds, 0)
        if cell.tokens
        else NOT_KNOWN,
    }
