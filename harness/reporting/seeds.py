"""The same fine-tuning with several seeds: a second source of variance, beside the examples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from harness.analysis.intervals import FEW_ROUNDS, normal_quantile
from harness.analysis.seeds import deviation_interval
from harness.records import Comparison, MetricDescriptor, SeedVariance, Summary
from harness.reporting.blocks import (
    Block,
    Bullets,
    Column,
    Datum,
    Fields,
    Fold,
    Heading,
    Line,
    Name,
    Prose,
    Table,
    table,
)
from harness.reporting.format import DASH, percent_level
from harness.reporting.kinds import families, only
from harness.reporting.marks import Marks
from harness.reporting.measures import (
    difference,
    is_headline,
    label,
    metric_of,
    number,
    subject,
    task_metrics,
    with_interval,
)
from harness.reporting.tables import task_table

SAID = (
    "Each of these fine-tunings was repeated with other seeds. That is a second source of variance, "
    "which more examples do not reduce: they make sure of the difference between these very weights, "
    "and say nothing of what another seed would have led to."
)
T_NOTE = (
    "The mean difference is that over the seeds, its interval Student's t over them, with the "
    "baseline as it is and on the same examples; of a few seeds it holds the truth as often as it says "
    "only where what they lead to is normal (≈). The standard error over the examples is that of the "
    "difference of the first seed."
)


@dataclass(frozen=True)
class Spread:
    """Both sources of variance of one difference, in the metric's own unit."""

    metric: MetricDescriptor
    row: Comparison
    seeds: SeedVariance
    confidence: float

    @property
    def count(self) -> int:
        """How many seeds."""
        return len(self.seeds.values)

    @property
    def examples(self) -> float | None:
        """Standard error of the difference over the examples, from the width of its interval."""
        if self.row.low is None or self.row.high is None:
            return None
        return (self.row.high - self.row.low) / (2 * normal_quantile((1 + self.confidence) / 2))

    @property
    def larger(self) -> str:
        """Which of the two is the larger, or that they are equal; "" where one is not known."""
        if self.examples is None:
            return ""
        if self.examples == self.seeds.deviation:
            return "equal"
        return "examples" if self.examples > self.seeds.deviation else "seeds"

    @property
    def is_sure(self) -> bool:
        """Whether so few seeds can tell which of the two is larger."""
        found = deviation_interval(self.seeds.deviation, self.count, self.confidence)
        if self.examples is None or found.low is None or found.high is None:
            return False
        return not found.low <= self.examples <= found.high

    @property
    def mean(self) -> Comparison:
        """The mean difference over the seeds, to be shown as a difference is."""
        found = self.seeds
        update: dict[str, Any] = {
            "delta": found.delta,
            "low": found.low,
            "high": found.high,
            "p_adjusted": None,
            "approximate": "rounds" if self.count < FEW_ROUNDS else None,
        }
        return self.row.model_copy(update=update | {"p": None, "better": None, "worse": None})


def spreads(summary: Summary, rows: Sequence[Comparison]) -> list[Spread]:
    """The differences whose fine-tuning was repeated; of what a model costs, seeds say nothing."""
    return [
        Spread(of, row, row.seeds, summary.confidence)
        for row in rows
        if row.seeds is not None and (of := metric_of(summary, row)).measures != "cost"
    ]


def seed_blocks(summary: Summary, rows: Sequence[Comparison]) -> list[Block]:
    """What another seed would have given; nothing where no fine-tuning was repeated."""
    found, groups = spreads(summary, rows), families(summary)
    if not found and not groups:
        return []
    blocks: list[Block] = [Heading("What another seed would have given"), Prose((SAID,))]
    first = [one for one in found if is_headline(summary, one.row)]
    rest = [one for one in found if one not in first]
    if first:
        blocks.append(Bullets(tuple(_sentence(one) for one in first)))
        blocks.append(_table(summary, "Over seeds and over examples", first))
    if rest:
        caption = "Over seeds and over examples: every other metric"
        blocks.append(Fold(caption, (_table(summary, caption, rest),)))
    return [*blocks, *(_figures(summary, model, group) for model, group in groups.items())]


def excludes_zero(of: SeedVariance) -> bool:
    """Whether the interval of the mean difference over the seeds lies on one side of zero."""
    return of.low is not None and of.high is not None and not of.low <= 0 <= of.high


def _sentence(one: Spread) -> Line:
    """Both sources in plain words, and which is the larger."""
    row, of = one.row, one.seeds
    shown = difference(one.metric, one.mean)
    level = percent_level(one.confidence)
    return (
        Name(row.candidate),
        f", {label(one.metric)} on ",
        Name(row.task),
        f": with {one.count} seeds {_values(one)}, standard deviation "
        f"{_amount(one, of.deviation)}; the mean difference from ",
        Name(row.baseline),
        f" is {shown.text} {shown.detail}".rstrip(),
        "" if excludes_zero(of) else f", a {level} interval that does not exclude zero",
        f".{_comparison(one)}",
    )


def _comparison(one: Spread) -> str:
    if one.examples is None:
        return ""
    examples, seeds = _amount(one, one.examples), _amount(one, one.seeds.deviation)
    if one.larger == "equal":
        return f" The standard error over the examples is as large ({examples})."
    said = {
        "seeds": f"the seed matters more than which examples were drawn ({seeds} against {examples})",
        "examples": f"which examples were drawn matters more than the seed ({examples} against {seeds})",
    }[one.larger]
    if one.is_sure:
        return f" {said[:1].upper()}{said[1:]}."
    return f" As far as {one.count} seeds can tell, {said}; more seeds might say otherwise."


def _values(one: Spread) -> str:
    values = list(one.seeds.values.values())
    return ", ".join(number(one.metric, value, values) for value in values)


def _amount(one: Spread, value: float) -> str:
    return number(one.metric, value, [value])


def _table(summary: Summary, caption: str, found: Sequence[Spread]) -> Table:
    level, doubts = percent_level(summary.confidence), Marks.read(summary)
    rows: list[Fields] = [
        {
            Column("Model", "and its baseline", numeric=False): doubts.against(one.row),
            "Task and metric": subject(one.metric, one.row),
            "By seed": Datum(_values(one), f"seeds {', '.join(one.seeds.values)}"),
            Column("Standard deviation over seeds", f"[{level} interval]"): _deviation(one),
            Column("Standard error over examples"): _error(one) or DASH,
            "The larger": Datum(
                one.larger or DASH, "" if one.is_sure or not one.larger else "inconclusive"
            ),
            Column("Mean difference", f"[{level} t interval]"): difference(one.metric, one.mean),
        }
        for one in found
    ]
    models = [model for one in found for model in (one.row.candidate, one.row.baseline)]
    return table(caption, rows, [(T_NOTE,), *doubts.notes(models)])


def _error(one: Spread) -> str:
    return "" if one.examples is None else _amount(one, one.examples)


def _deviation(one: Spread) -> Datum:
    ends = deviation_interval(one.seeds.deviation, one.count, one.confidence)
    return with_interval(one.metric, one.seeds.deviation, ends.low, ends.high)


def _figures(summary: Summary, model: str, replicas: Sequence[str]) -> Fold:
    """Every figure of a model and of its repetitions, which stand in no other table."""
    tasks = {n: of.model_copy(update={"floors": {}}) for n, of in summary.tasks.items()}
    alone = only(summary, (model, *replicas)).model_copy(update={"tasks": tasks})
    tables = [task_table(alone, task) for task in summary.tasks if task_metrics(alone, task)]
    return Fold(f"{model} and its repetitions: every figure by seed", tuple(tables))
