"""How fast servers answer under load, where their knee is, and what of it is the server's."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from harness.quantities import plural
from harness.records import LOAD, Knee, LoadDetails, LoadLevel, Summary, Value
from harness.reporting import loads, measures
from harness.reporting.blocks import (
    Block,
    Bullets,
    Callout,
    Chart,
    Charts,
    Column,
    Datum,
    Fields,
    Fold,
    Line,
    Name,
    Prose,
    Strong,
    Table,
    table,
)
from harness.reporting.charts import LoadLine, LoadPoint
from harness.reporting.charts import loads as drawn
from harness.reporting.format import fixed, percent_level, sentence, share
from harness.reporting.loads import load_words
from harness.reporting.measures import load_tasks, value_of
from harness.reporting.tables import MODEL, name

BUSY = 0.7
"""Share of a core from which on the client may be what is slow."""
LATE = 0.1
"""Of the median time for a token: how late the client's event loop may be without a word."""
Pick = Callable[[LoadLevel], Value | None]


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
    yield from (Callout("unsure", line) for line in _doubts(found))
    charts = tuple(_charts(found, index))
    if charts:
        yield Charts(charts, ("Bars: intervals. Hollow: the knee. Dashed: 99th percentile.",))
    yield Bullets(tuple(_knees(found)))
    yield loads.throughput(summary, task, found)
    yield loads.waits(summary, task, found, whole=False)
    failed = loads.errors(f"{task}: what went wrong", found)
    if failed is not None:
        yield failed
    beside = _beside(summary, task, found)
    if beside is not None:
        yield beside
    yield Fold(
        f"{task}: every percentile, coordinated omission, and the client's own cost",
        (
            loads.waits(summary, task, found, whole=True),
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


def _charts(found: Mapping[str, LoadDetails], index: int) -> Iterator[Chart]:
    """Throughput and waits by users, latency by rate."""
    tokens = ("output", "Output, tokens/s ↑", 1.0, False, (_tokens,))
    first = ("ttft", "Time to first token, ms ↓", 1000.0, True, (_ttft(0.5), _ttft(0.99)))
    whole = ("latency", "Latency, ms ↓", 1000.0, True, (_latency(0.5), _latency(0.99)))
    for loop, x_title, wanted in (
        ("closed", "users at once", (tokens, first)),
        ("open", "requests per second, as due", (whole,)),
    ):
        for stem, y_title, factor, log, picks in wanted:
            lines = [
                line
                for place, (model, of) in enumerate(found.items())
                for number, pick in enumerate(picks)
                if (line := _line(model, of, loop, place, bool(number), pick, factor)).points
            ]
            svg = drawn(x_title, y_title, lines, log)
            if svg is not None:
                said = f"{y_title} by {x_title}. The tables hold the same figures."
                yield Chart(f"load-{stem}-{index}", "", said, svg)


def _line(
    model: str, of: LoadDetails, loop: str, place: int, tail: bool, pick: Pick, factor: float
) -> LoadLine:
    points = []
    for level in sorted(of.levels, key=lambda one: one.load):
        value = pick(level) if level.loop == loop and level.requests else None
        if value is None or value.value is None:
            continue
        low, high = (None if end is None else factor * end for end in (value.low, value.high))
        said = f"{model}, {load_words(level)}: {fixed(factor * value.value, 1)}"
        points.append(LoadPoint(level.load, factor * value.value, low, high, said))
    knee = next((one.load for one in of.knees if one.loop == loop), None)
    name = f"{model}, p99" if tail else model
    return LoadLine(name, tuple(points), place, tail, knee)


def _tokens(level: LoadLevel) -> Value | None:
    return level.tokens_per_second


def _ttft(at: float) -> Pick:
    return lambda level: None if level.ttft is None else _at(level.ttft.p50, level.ttft.p99, at)


def _latency(at: float) -> Pick:
    return lambda level: (
        None if level.latency is None else _at(level.latency.p50, level.latency.p99, at)
    )


def _at(median: Value, tail: Value, at: float) -> Value:
    return median if at == 0.5 else tail


def _beside(summary: Summary, task: str, found: Mapping[str, LoadDetails]) -> Table | None:
    """One user of the server beside the same model run in this process; None where none is named."""
    twin = summary.tasks[task].settings.get("in_process")
    timed = next(
        (
            one
            for one in measures.timed_tasks(summary)
            if twin is not None and value_of(summary, str(twin), one, "ttft_seconds") is not None
        ),
        None,
    )
    if twin is None or timed is None:
        return None
    rows: list[Fields] = []
    for model, of in found.items():
        alone = next(
            (one for one in of.levels if (one.loop, one.load) == ("closed", 1.0) and one.ttft), None
        )
        if alone is None:
            continue
        row: Fields = {MODEL: name(model)}
        for label, metric, served in (
            ("First token", "ttft_seconds", alone.ttft),
            ("Further tokens", "itl_seconds", alone.tpot),
        ):
            here = value_of(summary, str(twin), timed, metric)
            there = served.p50 if served is not None else None
            row |= _pair(summary, timed, metric, label, here, there)
        rows.append(row)
    if not rows:
        return None
    return table(
        f"{task}: one user of the server, beside {twin} in this process",
        rows,
        _shapes(summary, task, timed),
    )


def _pair(
    summary: Summary, timed: str, metric: str, label: str, here: Value | None, there: Value | None
) -> Fields:
    described = summary.tasks[timed].metric(metric)
    if here is None or there is None or not here.value or there.value is None:
        return {}

    def shown(value: Value) -> Datum:
        return measures.figure(described, value.model_copy(update={"n": None}))

    return {
        Column(f"{label}, served", "ms ↓, median"): shown(there),
        Column(f"{label}, in process", "ms ↓, median"): shown(here),
        Column(f"{label}: served over in process", "times ↓"): fixed(there.value / here.value, 2),
    }


def _shapes(summary: Summary, task: str, timed: str) -> Iterator[Line]:
    """What has to be known before the two are held against each other."""
    yield (
        f"In process: the median waits of the task {timed}, forward passes and sampling alone. Served: "
        "the way there and back, the server's own work on each token, and its settings are in it.",
    )
    there, here = summary.tasks[task].settings, summary.tasks[timed].settings
    read = here.get("prompt_tokens")
    first = read[0] if isinstance(read, list) else read
    if first != there.get("prompt_tokens"):
        yield (
            f"Prompts differ: {there.get('prompt_tokens')} tokens served, {first} in process, so that "
            "the first tokens are not of the same work.",
        )
