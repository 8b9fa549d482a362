"""Tables of a server under load: a row for each model and level."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from harness.analysis.percentiles import too_few
from harness.quantities import plural
from harness.records import (
    Approximate,
    LoadDetails,
    LoadLevel,
    MetricDescriptor,
    Summary,
    TaskSummary,
    Value,
    Waits,
)
from harness.reporting.approximate import approximate_notes
from harness.reporting.blocks import NOT_KNOWN, Column, Datum, Fields, Line, Table, table
from harness.reporting.format import count, fixed, share
from harness.reporting.measures import figure
from harness.reporting.tables import MODEL, name

Found = Mapping[str, LoadDetails]
LOAD = "Load"
LEVELS = (("p50", "median", 0.5), ("p90", "90th percentile", 0.9), ("p99", "99th percentile", 0.99))
Wait = tuple[str, str, Callable[[LoadLevel], Waits | None]]
"""Its label, the metric that describes it, and where it stands in a level."""
WAITS: tuple[Wait, ...] = (
    ("TTFT", "served_ttft_seconds", lambda level: level.ttft),
    ("TPOT", "served_tpot_seconds", lambda level: level.tpot),
    ("Latency", "latency_seconds", lambda level: level.latency),
    ("ITL", "served_itl_seconds", lambda level: level.itl),
)
NOT_RUN = {"errors": "not run: too many errors before", "budget": "not run: token budget used up"}
STOPPED = {"errors": "ended by errors", "seconds": "ended by its time"}


def load_words(level: LoadLevel) -> str:
    """ "4 users" of a closed loop, "2.5 requests/s" of an open one."""
    if level.loop == "closed":
        return plural(int(level.load), "user")
    return f"{level.load:g} requests/s"


def run_levels(details: Found) -> Iterator[tuple[str, LoadLevel]]:
    """Every level that was run, model by model."""
    for model, of in details.items():
        yield from ((model, level) for level in of.levels if level.requests)


def throughput(summary: Summary, task: str, details: Found) -> Table:
    """What each level was answered, and how fast; those that were not run with the reason."""
    made: list[Fields] = []
    tokens, requests = (
        summary.tasks[task].metric(f"peak_{of}_per_second") for of in ("output_tokens", "requests")
    )
    for model, of in details.items():
        for level in of.levels:
            row: Fields = {MODEL: name(model), LOAD: Datum(load_words(level))}
            if level.not_run is not None or not level.requests:
                reason = NOT_RUN.get(level.not_run or "", "not run")
                made.append({**row, Column("Answered"): Datum("–", reason, "missing")})
                continue
            answered = f"{count(level.requests - level.failed)} of {count(level.requests)}"
            row |= {
                Column("Answered"): Datum(
                    answered, STOPPED.get(level.stopped, ""), "bad" if level.failed else "plain"
                ),
                Column("Requests", "per second ↑"): _rate(requests, level.requests_per_second),
                Column("Output", "tokens/s ↑"): _rate(tokens, level.tokens_per_second),
                Column("In flight", "requests, mean"): _number(level.in_flight),
            }
            if level.goodput is not None:
                row[Column("Goodput", "requests/s ↑")] = _number(level.goodput)
            made.append(row)
    note = (
        "Counted while the load lasted, until the last request was sent: what comes after it comes "
        "while users leave. Requests in flight are throughput times mean latency (Little's law)."
    )
    found = (level.tokens_per_second.approximate for _, level in run_levels(details))
    notes = [(note,), *approximate_notes(summary, found)]
    return table(f"{task}: throughput at each load", made, notes)


def _rate(of: MetricDescriptor, value: Value) -> Datum:
    return figure(of, value.model_copy(update={"n": None}))


def _number(value: float | None) -> Datum:
    return NOT_KNOWN if value is None else Datum(fixed(value, 2))


def wait(of: MetricDescriptor, value: Value, level: float) -> Datum:
    """A percentile; of too few requests it is said to be the longest of them."""
    shown = figure(of, value.model_copy(update={"n": None}))
    if value.value is None or value.low is not None:
        return shown
    if too_few(value.n or 0, level):
        return replace(shown, detail=f"longest of {count(value.n)}", tone="unsure")
    return replace(shown, detail="too few to bound it", tone="unsure")


def waits(summary: Summary, task: str, details: Found) -> Table:
    """The median and the 99th percentile of what a request waits for."""
    levels, caption = (LEVELS[0], LEVELS[2]), f"{task}: what a request waits for"
    found = _waits(summary, task, caption, details, WAITS[:3], levels)
    return replace(found, notes=(_many(details), *found.notes))


def every_wait(summary: Summary, task: str, details: Found) -> tuple[Table, ...]:
    """All percentiles, a table for each wait."""
    return tuple(
        _waits(summary, task, f"{of[0]}: every percentile", details, (of,), LEVELS) for of in WAITS
    )


def _waits(
    summary: Summary,
    task: str,
    caption: str,
    details: Found,
    shown: Sequence[Wait],
    levels: Sequence[tuple[str, str, float]],
) -> Table:
    made: list[Fields] = []
    doubts: list[Approximate | None] = []
    for model, level in run_levels(details):
        row: Fields = {MODEL: name(model), LOAD: Datum(load_words(level))}
        for label, metric, of in shown:
            found, described = of(level), summary.tasks[task].metric(metric)
            for key, nth, at in levels:
                head = Column(f"{label}, {nth}", f"{described.unit} ↓", term=metric)
                row[head] = wait(described, getattr(found, key), at) if found else NOT_KNOWN
                doubts.append(getattr(found, key).approximate if found else None)
        made.append(row)
    return table(caption, made, approximate_notes(summary, doubts))


def _many(details: Found) -> Line:
    few = [level.latency for _, level in run_levels(details) if level.latency]
    least = min((of.p99.n or 0 for of in few), default=0)
    said = "An interval allows for neighbouring requests being alike, which wait for one another."
    if too_few(least, 0.99):
        said += (
            f" Of {least} requests the 99th percentile is the longest; 100 are the fewest that have "
            "one, and some 370 independent ones bound it from both sides."
        )
    return (said,)


def omissions(task: TaskSummary, caption: str, details: Found) -> Table:
    """Latency as it is seen request by request, and with what a slow server was not sent."""
    described, made = task.metric("latency_seconds"), list[Fields]()
    for model, level in run_levels(details):
        seen = level.latency if level.loop == "closed" else level.latency_from_send
        whole = level.corrected_latency if level.loop == "closed" else level.latency
        if seen is None or whole is None:
            continue
        row: Fields = {MODEL: name(model), LOAD: Datum(load_words(level))}
        for key, nth, at in LEVELS:
            of_seen, of_whole = getattr(seen, key), getattr(whole, key)
            row[Column(f"As sent, {nth}", "ms ↓")] = wait(described, of_seen, at)
            row[Column(f"As due, {nth}", "ms ↓")] = (
                figure(described, Value(value=of_whole.value))
                if level.loop == "closed"
                else wait(described, of_whole, at)
            )
        made.append(row)
    note = (
        "Coordinated omission: who waits for an answer sends nothing meanwhile, so that a stall delays "
        "one request of each user and is hardly seen. “As due” has it: in an open loop latency counts "
        "from when a request should have been sent, in a closed one the requests are added that "
        "users at their usual pace (the median) would have sent."
    )
    return table(caption, made, [(note,)])


def errors(caption: str, details: Found) -> Table | None:
    """What went wrong at which load; None where nothing did."""
    made: list[Fields] = [
        {
            MODEL: name(model),
            LOAD: Datum(load_words(level)),
            "What went wrong": error,
            Column("Requests", "of those sent"): f"{count(times)} of {count(level.requests)}",
        }
        for model, level in run_levels(details)
        for error, times in sorted(level.errors.items(), key=lambda of: -of[1])
    ]
    notes: Iterable[Line] = (
        (f"{model}: “{of.failure}”",) for model, of in details.items() if of.failure
    )
    return table(caption, made, notes) if made else None


def clients(caption: str, details: Found) -> Table:
    """What the client itself cost at each load."""
    made: list[Fields] = []
    for model, level in run_levels(details):
        if level.client is None:
            continue
        late = Datum(_ms(level.client.late_seconds)) if level.loop == "open" else NOT_KNOWN
        made.append(
            {
                MODEL: name(model),
                LOAD: Datum(load_words(level)),
                Column("Processor", "of one core"): share(level.client.cpu_share),
                Column("Event loop late, 99th percentile", "ms ↓"): _ms(level.client.lag_seconds),
                Column("at most", "ms ↓"): _ms(level.client.longest_lag_seconds),
                Column("Sent late, 99th percentile", "ms ↓"): late,
            }
        )
    note = (
        "As late as its event loop may each moment be that the client noted. Its processor time is "
        "this process's, which runs on one core."
    )
    return table(caption, made, [(note,)])


def _ms(seconds: float) -> str:
    return fixed(1000 * seconds, 1)
