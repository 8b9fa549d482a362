"""Every shape that was timed and every repetition of it, and how decoding stands to its limit."""

from __future__ import annotations

from collections.abc import Mapping

from harness.quantities import byte_size
from harness.records import SpeedDetails, SpeedFigures, TaskSummary, Value
from harness.reporting.blocks import NOT_KNOWN, Column, Datum, Fields, Table, table
from harness.reporting.format import DASH, decimals_of_magnitude, fixed
from harness.reporting.measures import figure
from harness.reporting.tables import MODEL, name

NO_BREAK = "\u00a0"
LIMITED = "by memory, tokens/s"
REACHED = Column("Reached", "% of the limit ↑")


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
    rows: list[Fields] = [
        {MODEL: name(model), **{_head(one): _speed(task, one) for one in of.shapes}}
        for model, of in details.items()
    ]
    note = (
        "“× 4”: in so many sequences side by side, their tokens counted together. “behind 2048”: "
        "when the cache holds so many tokens of each sequence already."
    )
    return table(caption, rows, [(note,)])


def _speed(task: TaskSummary, shape: SpeedFigures) -> Datum:
    return figure(task.metric(f"{shape.phase}_tokens_per_second"), shape.tokens_per_second)


def waits(task: TaskSummary, details: Mapping[str, SpeedDetails]) -> Table:
    """Spread, waits and limit of each model at each shape."""
    wait, rows = task.metric("itl_seconds"), list[Fields]()
    for model, of in details.items():
        for one in of.shapes:
            # how many waits there were stands with the last percentile, being the same for all
            p50, p90 = (Value(value=at.value) for at in (one.p50_seconds, one.p90_seconds))
            roof, reached = limit(task, one, of.cache_bytes)
            rows.append(
                {
                    MODEL: name(model),
                    "What": words(one),
                    Column("Spread"): percent(one.spread),
                    Column("Wait, median", "ms ↓"): figure(wait, p50),
                    Column("90th percentile", "ms ↓"): figure(wait, p90),
                    Column("99th percentile", "ms ↓"): figure(wait, one.p99_seconds),
                    Column("Limit", LIMITED): roof,
                    REACHED: reached,
                }
            )
    note = (
        "A wait is for the first token (prefill) or for one more token of each sequence (decode)."
    )
    return table("Waits and limits of every shape", rows, [(note,)])


def repetitions(details: Mapping[str, SpeedDetails]) -> Table:
    """Tokens per second of each repetition, round by round."""
    rows: list[Fields] = [
        {
            MODEL: name(model),
            "What": words(one),
            **{
                Column(f"Round {number}", "tokens/s"): ", ".join(map(rate, values))
                for number, values in enumerate(one.repetitions, start=1)
            },
        }
        for model, of in details.items()
        for one in of.shapes
    ]
    return table("Every repetition, in the order in which they ran", rows)


def words(shape: SpeedFigures) -> str:
    """A shape in short: "decode 128 × 4 behind 2048"."""
    return f"{_what(shape)} behind {shape.depth}" if shape.depth else _what(shape)


def _what(shape: SpeedFigures) -> str:
    side = f" × {shape.batch_size}" if shape.batch_size > 1 else ""
    return f"{shape.phase} {shape.tokens}{side}"


def _head(shape: SpeedFigures) -> Column:
    behind = f"behind {shape.depth} " if shape.depth else ""
    return Column(_what(shape).replace(" ", NO_BREAK), f"{behind}↑")
