"""Every number in the page's tables and charts is one of the summary's figures, as it is formatted."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest

from harness.analysis.seeds import deviation_interval
from harness.quantities import byte_size
from harness.records import Comparison, SpeedDetails, Summary, Training, Value
from harness.reporting.differences import ratio, single
from harness.reporting.format import count, duration, fixed, known, probability, share
from harness.reporting.html import html
from harness.reporting.kinds import ladders
from harness.reporting.measures import (
    difference,
    figure,
    metric_of,
    number,
    rounded_up,
    with_interval,
)
from harness.reporting.percent import in_percent
from harness.reporting.sections import document
from harness.reporting.seeds import spreads
from harness.reporting.timings import details_of
from harness.reporting.tuning import TABLE_POINTS, binned_curve
from tests.reporting.every_variant import VARIANTS

NUMBER = re.compile(r"(?<![\w.])[+−]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:e−?\d+)?")
SECTIONS = ("compare", "differences", "trade-offs", "speed", "confusion", "training", "gates")


VOID = {"meta", "br", "rect", "path", "circle", "input"}


class Fields(HTMLParser):
    """Texts of the fields of tables, without names and definitions, by the section that they stand in."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: dict[str, list[str]] = {}
        self._section, self._open = "", list[str]()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        of = dict(attrs)
        self._section = of.get("id") or "" if tag == "section" else self._section
        hidden = of.get("class") == "def" or tag in ("sup", "code", "svg")
        if tag not in VOID:
            self._open.append("hidden" if hidden else tag)
        if tag == "td":
            self.found.setdefault(self._section, []).append("")

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        if "td" in self._open and "hidden" not in self._open:
            self.found[self._section][-1] += data


def shown_of(summary: Summary) -> Iterator[str]:
    """Every text in which a figure of the summary may stand in these sections."""
    whole = in_percent(summary)
    for task, of in whole.tasks.items():
        cells = [cell for cell in whole.cells if cell.task == task]
        for values in (*(cell.metrics for cell in cells), *of.floors.values()):
            for metric, value in values.items():
                yield from _texts(figure(of.metric(metric), value))
        yield from (f"n = {count(cell.n)}" for cell in cells)
        yield from _timed(whole, task)
        yield from (f"{t.repetition:.3f} {t.tokens}" for c in cells for t in _written(c))
        yield count(of.available)
        for root, n in (of.too_long.models if of.too_long else {}).items():
            yield f"{root} {n}"
    for row in whole.comparisons:
        of_row = metric_of(whole, row)
        yield from _texts(difference(of_row, row))
        yield from _texts(ratio(row))
        for end in (row.baseline_value, row.candidate_value):
            yield from _texts(single(of_row, end))
        yield from (probability(p) for p in (row.p, row.p_adjusted))
        yield f"{row.better} / {count(row.worse)} n = {count(row.n)}"
        yield rounded_up(of_row, row.detectable) if row.detectable else ""
        yield from (count(place) for place in row.parted.values())
        yield from _seeds(whole, row)
    for made in whole.models.values():
        yield from _trained(made.training) if made.training else ()
        yield byte_size(made.bytes or 0)
        yield fixed(made.bits_per_weight or 0.0, 2)
        yield fixed((made.parameters or 0) * (made.bits_per_weight or 0.0) / 1e9, 3)
    for first, *rest in ladders(whole.models):
        sizes = [whole.models[name].bytes or 0 for name in (first, *rest)]
        yield from (share(size / sizes[0]) for size in sizes[1:] if sizes[0])


def _trained(of: Training) -> Iterator[str]:
    for counted in (of.steps, of.examples, of.tokens, of.answer_tokens, of.trainable_parameters):
        yield count(counted)
    yield f"{of.epochs:g} {fixed(of.tokens / of.seconds, 0)} {byte_size(of.peak_resident_bytes)}"
    yield f"{share(of.trainable_parameters / of.total_parameters)} {duration(of.seconds)}"
    yield f"{of.first_loss:.3f} {of.final_loss:.3f} {of.hyperparameters}"
    for at in binned_curve(of.curve, TABLE_POINTS):
        yield f"{count(at.step)} {at.epoch:.2f} {count(at.tokens)} {at.loss:.3f} {duration(at.seconds)}"
        yield f"{at.learning_rate:.2e}"


def _seeds(summary: Summary, row: Comparison) -> Iterator[str]:
    for one in spreads(summary, [row]):
        values = list(one.seeds.values.values())
        yield from (number(one.metric, value, values) for value in values)
        yield " ".join(one.seeds.values)
        yield from _texts(difference(one.metric, one.mean))
        ends = deviation_interval(one.seeds.deviation, one.count, one.confidence)
        deviation = (one.seeds.deviation, ends.low, ends.high)
        yield from _texts(with_interval(one.metric, *deviation))
        for error in known(one.examples):
            yield number(one.metric, error, [error])


def _written(cell: Any) -> Iterator[Any]:
    from harness.records import WrittenDetails

    if "written" in cell.details:
        yield from WrittenDetails.model_validate(cell.details["written"]).texts.values()


def _timed(summary: Summary, task: str) -> Iterator[str]:
    of = summary.tasks[task]
    timed: dict[str, SpeedDetails] = details_of(summary, task)
    for one in timed.values():
        yield byte_size(one.cache_bytes)
        for shape in one.shapes:
            rate = of.metric(f"{shape.phase}_tokens_per_second")
            yield from _texts(figure(rate, shape.tokens_per_second))
            for wait in (shape.p50_seconds, shape.p90_seconds, shape.p99_seconds):
                yield from _texts(figure(of.metric("itl_seconds"), wait))
            yield f"{shape.tokens} {shape.batch_size} {shape.depth}"
            yield f"{100 * (shape.spread or 0.0):.1f}%"
            yield byte_size(shape.step_bytes or 0)
            reached = Value(value=shape.share)
            yield from _texts(figure(of.metric("roofline_share"), reached))
            rates = [v for values in shape.repetitions for v in values]
            for value in (*rates, shape.limit_tokens_per_second or 0.0):
                yield from (fixed(value, digits) for digits in (0, 1))


def _texts(datum: Any) -> tuple[str, str]:
    return datum.text, datum.detail


@pytest.mark.parametrize("variant", ["quickstart", "failures", "seeds", "texts", "undecided"])
def test_every_number_of_the_tables_is_a_figure_of_the_summary(variant: str) -> None:
    summary = VARIANTS[variant]()
    assert strangers(html(document(summary)), summary) == []


def strangers(page: str, summary: Summary) -> list[tuple[str, str]]:
    """Numbers in the page's tables that are no figure of the summary, with their fields."""
    texts = (*shown_of(summary), *_said(summary))
    figures = {n for text in texts for n in NUMBER.findall(text)}
    fields = Fields(page).found
    return [
        (found, text)
        for section in SECTIONS
        for text in fields.get(section, [])
        for found in NUMBER.findall(text)
        if found not in figures
    ]


def _said(summary: Summary) -> Iterator[str]:
    """Texts of the summary itself: what failed, names, labels, reasons."""
    for of in summary.tasks.values():
        yield from (metric.label for metric in of.metrics.values())
    for cell in summary.cells:
        yield cell.error.message if cell.error else ""
        yield from (str(counts) for counts in cell.details.get("confusion", {}).get("matrix", []))
    for made in summary.models.values():
        yield made.error.message if made.error else ""
        yield " ".join(str(step) for step in made.lineage)
    yield from (row.task for row in summary.comparisons)
    for gate in summary.gates:
        yield f"{gate.rule} {gate.reason} {count(gate.n)} {count(gate.needed)}"


def test_a_number_that_is_no_figure_is_found() -> None:
    summary = VARIANTS["quickstart"]()
    page = html(document(summary))
    assert page.count("[82.1, 91.5]") > 1
    assert ("17.39", "86.8 [17.39, 91.5]") in [
        (n, " ".join(text.split()))
        for n, text in strangers(page.replace("[82.1, 91", "[17.39, 91"), summary)
    ]
