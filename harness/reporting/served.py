"""Models that a server ran: how they were asked, what the server was found to do, what nobody here decided."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from harness.doubts import doubt_words
from harness.quantities import plural
from harness.records import SERVED, Cell, ServedDetails, Summary
from harness.reporting.blocks import Block, Bullets, Line, Name, Prose, Strong, listed
from harness.reporting.costs import paid_lines
from harness.reporting.served_table import beside_table

ELSEWHERE = (
    "A server decides what these models are sent and how they write: its chat template, its tokens, its "
    "weights and its sampling are seen from outside only. Seconds hold the network and whoever else was "
    "served meanwhile; they are no speed of the model."
)
STARTED = (
    "Servers were started here for these models' own files, and stopped again. How they make tokens of a "
    "text, compute and sample is theirs. Seconds hold the way to the server and its own queue; they are no "
    "speed of the model."
)
ENDS = "one goes on from another, and nobody here knows the token that ends an answer"
CONSTRAINTS = {
    "structured_outputs": "vLLM's structured outputs",
    "guided_choice": "vLLM's guided choice",
    "grammar": "a grammar",
    "response_format": "a JSON schema",
}
"""What a server is told to hold to, by the form that it takes."""
UNDECIDED = {
    "shared": "began with what several labels begin with",
    "outside": "had no label among the likeliest tokens",
    "unfinished": "came to no label",
}
"""Why answers name no label, though none had to be read."""


def served_blocks(summary: Summary) -> list[Block]:
    """A paragraph for each served model; none where every model was run here."""
    cells = [
        (cell, ServedDetails.model_validate(cell.details[SERVED])) for cell in served_cells(summary)
    ]
    if not cells:
        return []
    lead = STARTED if all(told.started for _, told in cells) else ELSEWHERE
    lines = [
        (*_line(model, list(of)), *(f" {said}" for said in paid_lines(summary, model)))
        for model, of in groupby(cells, key=lambda found: found[0].model)
    ]
    beside = beside_table(summary)
    return [Prose((lead,)), *([beside] if beside else []), Bullets(tuple(lines))]


def served_cells(summary: Summary) -> list[Cell]:
    """Cells that a server answered, in the models' order."""
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
        if told.remembered:
            said = f": {told.remembered:,} of {plural(cell.n, 'answer')} had been given before, and were not asked for again."
            line = (*line, " ", Name(cell.task), said)
        if len(told.fingerprints) > 1:
            said = f": answered under {len(told.fingerprints)} fingerprints, so perhaps by more than one version of the model."
            line = (*line, " ", Name(cell.task), said)
    return line


def _of(told: ServedDetails) -> Iterator[str]:
    if told.api == "chat":
        known = "" if told.tokens_here else ", which is not known here"
        yield f"Prompts went in as messages, through the server's own template{known}."
    elif told.rendered:
        yield "Prompts are those of the model in process: put through its template here, then continued."
    else:
        yield "Prompts went in as texts to be continued, without a template."
    if told.without_begin:
        yield "The marker that begins a text was left out, since the server puts one there itself."
    if told.tokens_here and told.tokens_here == told.tokens_there:
        yield f"The first prompt is {told.tokens_here} tokens for the server, as it is in process."
    if told.greedy is None:
        yield "Whether it writes what it finds likeliest cannot be seen."
    yield from doubts_of(told)
    if told.retries:
        yield f"{plural(told.retries, 'request')} failed and had to be sent again."


def doubts_of(told: ServedDetails) -> Iterator[str]:
    """What a server was found to do that its figures suffer from, each as a sentence."""
    if told.tokens_here and told.tokens_there not in (None, told.tokens_here):
        yield (
            f"The first prompt is {told.tokens_there} tokens for the server and {told.tokens_here} in "
            "process: it does not read the same."
        )
    if told.greedy is False:
        yield "What it wrote is not what it finds likeliest, though temperature 0 was asked for."
    if told.repeats is False:
        yield "The same question was answered otherwise the second time."
    if told.refused:
        yield f"It does not take the setting {', '.join(told.refused)}."
    if told.wrapped and told.passed_over.get("loglikelihood", told.unscored) != "wrapped":
        yield "It puts texts that are to be continued through a template."
    if not told.counts_prompts:
        yield "It does not count what it reads, so that prompts that it cut would not show."
    if not told.listed:
        yield "It does not list what it serves, so that the model's name is taken on trust."


def _ways(cells: list[tuple[Cell, ServedDetails]]) -> Iterator[tuple[list[str], str]]:
    """How labels and choices were told, by the tasks that it is so of."""
    found: dict[str, list[str]] = {}
    for cell, told in cells:
        if told.choosing and told.ways:
            found.setdefault(ways_words(told), []).append(cell.task)
    for said, tasks in found.items():
        yield tasks, said


def ways_words(told: ServedDetails) -> str:
    """How a cell's labels were told, and why not in a better way."""
    if len(told.ways) > 1:
        each = [f"{count:,} {_TOLD[way]}" for way, count in told.ways.items()]
        return f"of its answers {' and '.join(each)}, so that they do not measure the same"
    (way,) = told.ways
    said = f"labels were {_TOLD.get(way, way)}"
    if way == "loglikelihood":
        said += ", which held in every check"
    if way == "first_token":
        said += f" of the {told.top} that the server lists"
    if way == "constrained" and told.constraint:
        said += f" ({CONSTRAINTS.get(told.constraint, told.constraint)})"
    left = [f"{count:,} {UNDECIDED.get(word, word)}" for word, count in told.undecided.items()]
    return said + _since(told, way) + (f"; {' and '.join(left)}" if left else "")


_TOLD = {
    "loglikelihood": "told by the server's log-probabilities",
    "first_token": "told by the log-probability of the token that an answer begins with",
    "constrained": "written where nothing else may be written",
    "parsed": "written and read",
}


def _since(told: ServedDetails, way: str) -> str:
    """Why the ways that come before this one were not taken."""
    if told.scoring != "auto":
        return f", as `scoring: {told.scoring}` demands"
    doubts = dict(told.passed_over) or {"loglikelihood": told.unscored}
    if way == "loglikelihood":
        return ""
    if doubts.get("loglikelihood") == "of-the-task" or not doubts.get("loglikelihood"):
        doubts["loglikelihood"] = ENDS
    return ", since " + "; ".join(
        f"{doubt_words(doubt)}{_named(told) if one == 'first_token' else ''}"
        for one, doubt in doubts.items()
        if doubt != "of-the-task"
    )


def _named(told: ServedDetails) -> str:
    """Which choices share their beginning."""
    shared = [f'"{token.strip()}" begins {listed_words(of)}' for token, of in told.shared.items()]
    return f" ({'; '.join(shared)})" if shared else ""


def listed_words(names: Iterable[str]) -> str:
    """Names in a row, as they stand in a sentence."""
    return " and ".join(name.strip() for name in names)
