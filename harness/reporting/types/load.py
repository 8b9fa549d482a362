"""How fast servers answer under load, where their knee is, and what of it is the server's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from harness.quantities import plural
from harness.records import LOAD, Knee, LoadDetails, LoadLevel, Summary
from harness.reporting import loads, measures
from harness.reporting.blocks import (
    Block,
    Bullets,
    Callout,
    Charts,
    Fold,
    Line,
    Name,
    Prose,
    Strong,
)
from harness.reporting.format import fixed, percent_level, sentence, share
from harness.reporting.load_beside import beside_in_process
from harness.reporting.load_charts import load_charts
from harness.reporting.loads import load_words
from harness.reporting.measures import load_tasks
from harness.reporting.timings import timed_elsewhere

BUSY = 0.7
"""Share of a core from which on the client may be what is slow."""
LATE = 0.1
"""Of the median time for a token: how late the client's event loop may be without a word."""


def load_blocks(summary: Summary) -> list[Block]:
    """Everything about servers under load, task by task."""
    return [
        block
        for index, task in enumerate(load_tasks(summary), start=1)
        for block in _task(summary, task, index)
    ]


def _task(summary: Summary, task: str, index: int) -> Iterator[Block]:
    found = measures.details_of(summary, task, LOAD, LoadDetails)
    if not found:
        return
    of = summary.tasks[task]
    yield Prose(_how(summary, task))
    yield from timed_elsewhere(summary, task)
    yield from (Callout("unsure", line) for line in _doubts(found))
    charts = tuple(load_charts(found, index))
    if charts:
        yield Charts(charts, ("Bars: intervals. Hollow: the knee. Dashed: 99th percentile.",))
    yield Bullets(tuple(_knees(found)))
    yield loads.throughput(summary, task, found)
    yield loads.waits(summary, task, found)
    failed = loads.errors(f"{task}: what went wrong", found)
    if failed is not None:
        yield failed
    beside = beside_in_process(summary, task, found)
    if beside is not None:
        yield beside
    yield Fold(
        f"{task}: every percentile, coordinated omission, and the client's own cost",
        (
            *loads.every_wait(summary, task, found),
            loads.omissions(of, "Latency as requests were sent, and as they were due", found),
            loads.clients("The client", found),
        ),
    )


def _how(summary: Summary, task: str) -> Line:
    said = sentence(summary.tasks[task].description)
    level = percent_level(summary.confidence)
    return (
        f"{said[:1].upper()}{said[1:]} Closed loop: each user asks again when answered. Open loop: "
        "requests are sent at random times (Poisson), whether earlier ones are answered or not, and "
        "wait from when they were due. Time to first token (TTFT), time per further token (TPOT) and "
        "latency are as vLLM and AIPerf count them, seen from here: the way to the server and its queue "
        f"are in them. Failed requests have no wait and count as errors. Square brackets: {level} "
        "intervals. Figures hold for this server, its settings and whoever else it served.",
    )


def _doubts(found: Mapping[str, LoadDetails]) -> Iterator[Line]:
    """What makes figures mean less than they seem to."""
    for model, of in found.items():
        run = [level for level in of.levels if level.requests]
        for level in run:
            if slow := _slow_client(level):
                yield Strong("The client may be what is slow"), ": ", Name(model), f", {slow}."
                break
        answered = sum(level.requests - level.failed for level in run)
        shorter = sum(level.shorter for level in run)
        said = list[str]()
        if of.counted != "server":
            said.append(
                "the server does not count what it writes in a stream, so pieces count as tokens"
            )
        if shorter:
            said.append(
                f"{share(shorter / answered)} of the answers ended before their full length, which "
                "the server does not let be fixed"
            )
        if of.repeating:
            said.append("prompts end in a list that goes on and on, since answers were short")
        if not of.streamed:
            said.append(
                "answers came in one piece, so that the first token came with the last and there is "
                "no time per token to be seen"
            )
        if of.refused:
            said.append(f"the server does not take the setting {', '.join(of.refused)}")
        if said:
            yield Name(model), f": {'; '.join(said)}."


def _slow_client(level: LoadLevel) -> str:
    client = level.client
    if client is None:
        return ""
    if client.cpu_share > BUSY:
        return f"at {load_words(level)}: {share(client.cpu_share)} of a core was its own"
    token = level.tpot.p50.value if level.tpot is not None else None
    if token and client.lag_seconds > LATE * token:
        late, usual = fixed(1000 * client.lag_seconds, 1), fixed(1000 * token, 1)
        return (
            f"at {load_words(level)}: its event loop was late by {late} ms (99th percentile), and a "
            f"token takes {usual} ms; close other programs on this machine"
        )
    return ""


def _knees(found: Mapping[str, LoadDetails]) -> Iterator[Line]:
    """Where throughput stops being worth its wait."""
    for model, of in found.items():
        yield from (_knee(model, knee) for knee in of.knees)
        if not of.knees:
            yield (
                Strong(model),
                ": fewer than two levels of a loop were run, so there is no knee to see.",
            )


def _knee(model: str, knee: Knee) -> Line:
    at = plural(int(knee.load), "user") if knee.loop == "closed" else f"{knee.load:g} requests/s"
    said = f": throughput over mean latency (Kleinrock's power) is highest at {at}"
    if knee.edge == "last":
        said += ", the highest load that was run: the knee may lie beyond"
    elif knee.edge == "first":
        said += ", the lowest load that was run: more load brings longer waits than it is worth"
    others = [one for one in knee.alike if one != knee.load]
    if others:
        listed = " and ".join(f"{one:g}" for one in others)
        said += f"; {listed} cannot be told from it"
    return Strong(model), f"{said}."
