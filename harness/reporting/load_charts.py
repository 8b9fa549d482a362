"""Charts of a server under load: throughput and waits by users, latency by request rate."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from harness.records import LoadDetails, LoadLevel, Value
from harness.reporting.blocks import Chart
from harness.reporting.charts import LoadLine, LoadPoint, loads
from harness.reporting.format import fixed
from harness.reporting.loads import load_words

Pick = Callable[[LoadLevel], Value | None]


def load_charts(found: Mapping[str, LoadDetails], index: int) -> Iterator[Chart]:
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
            svg = loads(x_title, y_title, lines, log)
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
