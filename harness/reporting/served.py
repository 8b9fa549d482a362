"""Models that a server ran: how they were asked, what the server was found to do, what nobody here decided."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from harness.quantities import plural
from harness.records import SERVED, Cell, ServedDetails, Summary
from harness.reporting.blocks import Block, Bullets, Line, Name, Prose, Strong, listed

WHY = {
    "chat-api": "a chat gives no log-probabilities of given answers",
    "echo-refused": "the server refuses to echo a text",
    "echo-ignored": "the server does not give the text back that it was sent",
    "no-logprobs": "the server gives the text's tokens no log-probabilities",
    "misaligned": "the tokens that the server gives are not those of the text",
    "boundary": "a token lies across the end of the prompt",
    "not-repeatable": "the same question got other log-probabilities the second time",
    "chance": "different answers got the same log-probability",
    "disagrees": "a token has another log-probability when it is given than when it is written",
    "wrapped": "the server puts a text that is to be continued through a template",
}
"""Why log-probabilities of given answers were not used, by the probe's word."""
ENDS = "one goes on from another, and nobody here knows the token that ends an answer"


def served_blocks(summary: Summary) -> list[Block]:
    """A paragraph for each served model; none where every model was run here."""
    cells = [(cell, ServedDetails.model_validate(cell.details[SERVED])) for cell in _cells(summary)]
    if not cells:
        return []
    lead = (
        "A server decides what these models are sent and how they write: its chat template, its "
        "tokens, its weights and its sampling are seen from outside only. Seconds hold the network "
        "and whoever else was served meanwhile; they are no speed of the model."
    )
    lines = [
        _line(model, list(of)) for model, of in groupby(cells, key=lambda found: found[0].model)
    ]
    return [Prose((lead,)), Bullets(tuple(lines))]


def _cells(summary: Summary) -> list[Cell]:
    order = list(summary.models)
    found = [cell for cell in summary.cells if SERVED in cell.details]
    return sorted(found, key=lambda cell: order.index(cell.model))


def _line(model: str, cells: list[tuple[Cell, ServedDetails]]) -> Line:
    first = cells[0][1]
    line: Line = (
        Strong(model),
        ": ",
        Name(first.model),
        f" of {first.host}. ",
        " ".join(_of(first)),
    )
    for tasks, said in _ways(cells):
        line = (*line, " ", *listed(tasks), f": {said}.")
    for cell, told in cells:
        if told.request_seconds is not None:
            waits = f" a median of {told.request_seconds:.2f} s a request"
            if told.first_seconds is not None:
                waits += f", {told.first_seconds:.2f} s to its first piece"
            noun = "tokens" if told.counted == "server" else "pieces, about as many tokens,"
            counted = "" if told.new_tokens is None else f", {told.new_tokens:,} {noun} written"
            beside = f"{plural(told.concurrency, 'request')} side by side"
            line = (*line, " ", Name(cell.task), f":{waits}, {beside}{counted}.")
    return line


def _of(told: ServedDetails) -> Iterator[str]:
    if told.api == "chat":
        yield "Prompts went in as messages, through the server's own template, which is not known here."
    else:
        yield "Prompts went in as texts to be continued, without a template."
    if told.greedy is False:
        yield "What it wrote is not what it finds likeliest, though temperature 0 was asked for."
    elif told.greedy is None:
        yield "Whether it writes what it finds likeliest cannot be seen."
    if told.repeats is False:
        yield "The same question was answered otherwise the second time."
    if told.refused:
        yield f"It does not take the setting {', '.join(told.refused)}."
    if told.wrapped and told.unscored != "wrapped":
        yield "It puts texts that are to be continued through a template."
    if not told.counts_prompts:
        yield "It does not count what it reads, so that prompts that it cut would not show."
    if not told.listed:
        yield "It does not list what it serves, so that the model's name is taken on trust."
    if told.retries:
        yield f"{plural(told.retries, 'request')} failed and had to be sent again."


def _ways(cells: list[tuple[Cell, ServedDetails]]) -> Iterator[tuple[list[str], str]]:
    """How labels and choices were told, by the tasks that it is so of."""
    found: dict[str, list[str]] = {}
    for cell, told in cells:
        if told.scored and told.written:
            said = (
                f"{told.scored:,} answers were told by log-probabilities and {told.written:,} were "
                "written and read, so that they do not measure the same"
            )
        elif told.scored:
            said = "labels were told by the server's log-probabilities, which held in every check"
        elif told.choosing:
            why = WHY.get(told.unscored, told.unscored) or ENDS
            said = f"labels were written and read, since {why}"
        else:
            continue
        found.setdefault(said, []).append(cell.task)
    for said, tasks in found.items():
        yield tasks, said
