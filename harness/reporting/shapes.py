"""Every shape that was timed and every repetition of it, and how decoding stands to its limit."""

from __future__ import annotations

from collections.abc import Mapping

from harness.quantities import byte_size
from harness.records import SpeedDetails, SpeedFigures, TaskSummary, Value
from harness.reporting.blocks import Column, Datum, Row, Table
from harness.reporting.format import DASH, decimals_of_magnitude, fixed
from harness.reporting.measures import figure
from harness.reporting.tables import MODEL, name

NO_BREAK = "\u00a0"
NOT_KNOWN = Datum(DASH, tone="missing")


def percent(part: float | None) -> str:
    """A spread as a reader says it."""
    return DASH if part is None else f"{100 * part:.1f}%"


def limit(task: TaskSummary, shape: SpeedFigures | None, cache_bytes: int) -> tuple[Datum, Datum]:
    """The limit and the share of it, or in words why there is none to speak of."""
    if shape is None or shape.limit_tokens_per_second is None or shape.step_bytes is None:
        return NOT_KNOWN, NOT_KNOWN
    step = f"at {byte_size(shape.step_bytes)} a step"
    if shape.step_bytes <= cache_bytes:
        cache = f"{step}, cache of {byte_size(cache_bytes)}"
        return Datum(DASH, cache, "missing"), Datum("fits in cache", tone="missing")
    roof = Datum(rate(shape.limit_tokens_per_second), step)
    if shape.share is None:
        return roof, Datum("above it", "partly from cache", "missing")
    return roof, figure(task.metric("roofline_share"), Value(value=shape.share))


def rate(value: float) -> str:
    """Tokens per second."""
    return fixed(value, min(1, decimals_of_magnitude([value])))


def shapes(task: TaskSummary, caption: str, details: Mapping[str, SpeedDetails]) -> Table:
    """Tokens per second of each model at each shape."""
    heads = {words(one): _head(one) for of in details.values() for one in of.shapes}
    rows = []
    for model, of in details.items():
        found = {words(one): one for one in of.shapes}
        rows.append(Row((name(model), *(_speed(task, found.get(shape)) for shape in heads))))
    columns = (MODEL, *heads.values())
    note = (
        "“× 4”: in so many sequences side by side, their tokens counted together. “behind 2048”: "
        "when the cache holds so many tokens of each sequence already."
    )
    return Table(caption, columns, tuple(rows), ((note,),))


def _speed(task: TaskSummary, shape: SpeedFigures | None) -> Datum:
    if shape is None:
        return NOT_KNOWN
    return figure(task.metric(f"{shape.phase}_tokens_per_second"), shape.tokens_per_second)


def waits(task: TaskSummary, details: Mapping[str, SpeedDetails]) -> Table:
    """Spread, waits and limit of each model at each shape."""
    columns = (
        MODEL,
        Column("What", numeric=False),
        Column("Spread"),
        Column("Wait, median", "ms ↓"),
        Column("90th percentile", "ms ↓"),
        Column("99th percentile", "ms ↓"),
        Column("Limit", "by memory, tokens/s"),
        Column("Reached", "% of the limit ↑"),
    )
    rows = tuple(
        Row(
            (
                name(model),
                Datum(words(one)),
                Datum(percent(one.spread)),
                *(figure(task.metric("itl_seconds"), wait) for wait in _waits_of(one)),
                *limit(task, one, of.cache_bytes),
            )
        )
        for model, of in details.items()
        for one in of.shapes
    )
    note = (
        "A wait is for the first token (prefill) or for one more token of each sequence (decode)."
    )
    return Table("Waits and limits of every shape", columns, rows, ((note,),))


def _waits_of(shape: SpeedFigures) -> tuple[Value, ...]:
    """The percentiles; their number stands with the last alone, being the same for all."""
    bare = Value(value=shape.p50_seconds.value), Value(value=shape.p90_seconds.value)
    return (*bare, shape.p99_seconds)


def repetitions(details: Mapping[str, SpeedDetails]) -> Table:
    """Tokens per second of each repetition, round by round."""
    rounds = max(len(one.repetitions) for of in details.values() for one in of.shapes)
    columns = (
        MODEL,
        Column("What", numeric=False),
        *(Column(f"Round {number}", "tokens/s") for number in range(1, rounds + 1)),
    )
    rows = []
    for model, of in details.items():
        for one in of.shapes:
            texts = [", ".join(map(rate, values)) for values in one.repetitions]
            fields = [Datum(text) for text in texts] + [NOT_KNOWN] * (rounds - len(texts))
            rows.append(Row((name(model), Datum(words(one)), *fields)))
    return Table("Every repetition, in the order in which they ran", columns, tuple(rows))


def words(shape: SpeedFigures) -> str:
    """A shape in short: "decode 128 × 4 behind 2048"."""
    return f"{_what(shape)} behind {shape.depth}" if shape.depth else _what(shape)


def _what(shape: SpeedFigures) -> str:
    side = f" × {shape.batch_size}" if shape.batch_size > 1 else ""
    return f"{shape.phase} {shape.tokens}{side}"


def _head(shape: SpeedFigures) -> Column:
    behind = f"behind {shape.depth} " if shape.depth else ""
    return Column(_what(shape).replace(" ", NO_BREAK), f"{behind}↑")
