"""Figures as the card says them: shares in percent, their differences in percentage points."""

from __future__ import annotations

from harness.metrics.divergence import PERPLEXITY_RATIO
from harness.metrics.percent import shown as in_unit
from harness.metrics.percent import unit
from harness.records import Comparison, MetricDescriptor, Value
from harness.reporting.answer.record import Bound
from harness.reporting.format import percent_level
from harness.reporting.measures import (
    decimals,
    difference,
    figure,
    number,
    rounded_down,
    rounded_up,
)
from harness.reporting.outcomes import JudgedDifference


def readable(of: MetricDescriptor) -> MetricDescriptor:
    """A metric as it is said in a sentence: shares in percent, a perplexity by its ratio in percent."""
    if of.name == PERPLEXITY_RATIO.name:
        changed = {"label": "Perplexity", "factor": 100.0, "unit": "% of", "format": ".1f"}
        return of.model_copy(update=changed)
    return in_unit(of)


def value_words(of: MetricDescriptor, value: Value) -> str:
    """A value, its unit and its interval: "79.8% [76.4, 82.9]"."""
    shown = figure(readable(of), value)
    return f"{shown.text}{_unit(readable(of))} {shown.detail}".strip()


def change_words(of: MetricDescriptor, row: Comparison) -> str:
    """A difference, its unit and its interval: "+9.0 pp [+5.2, +12.8]"."""
    shown = difference(readable(of), row)
    return f"{shown.text}{_unit(readable(of), difference=True)} {shown.detail}".strip()


def bound_words(of: MetricDescriptor, bound: Bound) -> str:
    """The loss that is excluded, at which level, and the margin that the suite allows."""
    said = f"{bound_figure(of, bound)} ({level_words(bound)})"
    if bound.margin is None:
        return said
    shown = readable(of)
    margin = f"{number(shown, bound.margin, [bound.margin])}{_unit(shown, difference=True)}"
    return f"{said}, margin {margin}"


def bound_figure(of: MetricDescriptor, bound: Bound) -> str:
    """The loss that is excluded: "loses at most 1.27 pp"; or the gain that is sure."""
    return f"{bound_verb(bound)} {bound_amount(of, bound)}"


def bound_verb(bound: Bound) -> str:
    """Whether a loss is excluded or a gain is sure."""
    return "gains at least" if bound.loss < 0 else "loses at most"


def bound_amount(of: MetricDescriptor, bound: Bound) -> str:
    """How much is lost at most or gained at least, with its unit."""
    shown = readable(of)
    finer = shown.model_copy(update={"format": f".{decimals(shown) + 1}f"})
    after = _unit(shown, difference=True)
    if bound.loss < 0:
        return f"{rounded_down(finer, -bound.loss)}{after}"
    return f"{rounded_up(finer, bound.loss)}{after}"


def level_words(bound: Bound) -> str:
    """How sure a bound is: "95%" of a one-sided one, "95% interval" of an end of an interval."""
    level = percent_level(bound.confidence)
    return level if bound.one_sided else f"{level} interval"


def detectable_words(one: JudgedDifference) -> str:
    """The minimum detectable difference and its unit."""
    shown = readable(one.of)
    return f"{rounded_up(shown, one.row.detectable or 0.0)}{_unit(shown, difference=True)}"


def _unit(of: MetricDescriptor, difference: bool = False) -> str:
    if of.unit == "% of":
        return "%"
    return unit(of, difference) if of.unit != "bytes" else ""
