"""What the numbers of the card, of Trust, of Reproduction and of charts may be: figures of the summary, counted
and rounded here anew."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from html.parser import HTMLParser

from harness.analysis.power import DETECTION_POWER
from harness.quantities import byte_size
from harness.records import Comparison, MetricDescriptor, Parity, SpeedDetails, Summary, Value
from harness.reporting.answer import answer
from harness.reporting.answer.figures import change_words, readable, value_words
from harness.reporting.compared import compared
from harness.reporting.differences import ratio
from harness.reporting.format import count, duration, fixed, moment, percent_level, share
from harness.reporting.kinds import without_replicas
from harness.reporting.marks import all_checks
from harness.reporting.measures import (
    decimals,
    figure,
    higher_is_better,
    metric_of,
    rounded_up,
)
from harness.reporting.percent import in_percent
from harness.reporting.seeds import Spread

HIDDEN = ("def", "print notes", "tools")
VOID = {"meta", "br", "rect", "path", "circle", "input", "line"}
TICK = "#57606a"
"""The grey of the scales of charts, which are no figures."""


class Said(HTMLParser):
    """All text of each section, and that of its charts without their scales; names and definitions left out."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.prose: dict[str, list[str]] = {}
        self.charts: dict[str, list[str]] = {}
        self._section, self._open = "", list[str]()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        of = {key: value or "" for key, value in attrs}
        self._section = of.get("id", "") if tag == "section" else self._section
        left_out = of.get("class", "") in HIDDEN or tag in ("sup", "code", "script")
        left_out |= tag == "text" and of.get("fill") == TICK
        if tag not in VOID:
            self._open.append("hidden" if left_out else tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        if "hidden" not in self._open and data.strip():
            found = self.charts if "svg" in self._open else self.prose
            found.setdefault(self._section, []).append(data)


def on_card(summary: Summary) -> Iterator[str]:
    """Of the first screen: figures in percent, differences, excluded losses, sizes, speeds, counts."""
    whole = in_percent(summary)
    for task, of in whole.tasks.items():
        cells = [cell.metrics for cell in whole.cells if cell.task == task]
        for values in (*cells, *of.floors.values()):
            for metric, value in values.items():
                yield value_words(of.metric(metric), value)
                shown = figure(of.metric(metric), value)
                yield f"{shown.text} {shown.detail}"
    rows = compared(whole)
    for row in rows:
        yield from _difference(metric_of(whole, row), row)
    yield from _limits(whole)
    yield from _sizes(whole)
    yield from _counts(whole)
    yield from _spreads(whole)
    yield from (check.message for check in all_checks(whole))
    yield from (count(of.available) for of in whole.tasks.values())
    yield f"{percent_level(whole.confidence)} {percent_level(DETECTION_POWER)}"
    yield f"{whole.machine.get('cores')} {whole.machine.get('processor')} {moment(whole.created)}"


def _difference(of: MetricDescriptor, row: Comparison) -> Iterator[str]:
    yield change_words(of, row)
    yield ratio(row).text + ratio(row).detail
    yield rounded_up(readable(of), row.detectable) if row.detectable else ""
    if row.seeds is not None:
        spread = Spread(of, row, row.seeds, 0.95)
        yield change_words(of, spread.mean)
        yield str(len(row.seeds.values))
    if higher_is_better(of) is not None and row.low is not None and row.high is not None:
        yield excluded(of, -row.low if higher_is_better(of) else row.high)


def excluded(of: MetricDescriptor, loss: float) -> str:
    """A loss that is excluded, with a decimal more than its metric and never less than it is."""
    shown = readable(of)
    digits = decimals(shown) + 1
    scaled = shown.factor * loss * 10**digits
    return fixed(abs(math.ceil(scaled - 1e-6)) / 10**digits, digits)


def _limits(summary: Summary) -> Iterator[str]:
    for gate in summary.gates:
        of = metric_of(summary, gate)
        if gate.low is not None and gate.high is not None:
            yield excluded(of, -gate.low if higher_is_better(of) else gate.high)
        shown = readable(of)
        yield fixed(shown.factor * (gate.limit or 0.0), decimals(shown))
        yield f"{gate.rule} {gate.reason} {count(gate.n)} {percent_level(gate.confidence)}"


def _sizes(summary: Summary) -> Iterator[str]:
    for made in summary.models.values():
        yield byte_size(made.bytes or 0)
    for row in summary.comparisons:
        ends = [summary.models[name].bytes for name in (row.candidate, row.baseline)]
        if ends[0] and ends[1]:
            yield share(ends[0] / ends[1])


def _counts(summary: Summary) -> Iterator[str]:
    cells, checks = summary.cells, [c for c in all_checks(summary) if c.status != "skipped"]
    yield f"{sum(c.status == 'ok' for c in cells)}/{len(cells)}"
    yield f"{sum(c.status == 'failed' for c in cells)} of {len(cells)}"
    yield f"{sum(c.status == 'passed' for c in checks)}/{len(checks)}"
    for outcome in ("met", "not met", "undecided"):
        yield f"{sum(gate.outcome == outcome for gate in summary.gates)}/{len(summary.gates)}"
    yield str(len({gate.candidate for gate in summary.gates}))
    yield str(sum(one.qualifies for one in answer(summary).candidates))
    doubted = {c.model for c in cells if c.details.get("speed", {}).get("warnings")}
    yield str(len(doubted & set(without_replicas(summary).models)))
    yield str(len(doubted))
    by_metric = {(r.name, r.candidate): r.metric for r in summary.comparisons}
    yield f"{len(by_metric)} {len(summary.models)} {len(summary.tasks)}"


def _spreads(summary: Summary) -> Iterator[str]:
    for cell in summary.cells:
        if "speed" in cell.details:
            details = SpeedDetails.model_validate(cell.details["speed"])
            yield " ".join(warning.message for warning in details.warnings)
            yield from (share(shape.spread) for shape in details.shapes if shape.spread)


def in_trust(summary: Summary) -> Iterator[str]:
    """Of Trust: what checks and readings found, doubts, and the figures of parity."""
    yield from _counts(summary)
    yield from _spreads(summary)
    for check in all_checks(summary):
        yield f"{check.message} {check.hint} " + " ".join(str(v) for v in check.figures.values())
    passed = [check for check in all_checks(summary) if check.status == "passed"]
    yield f"{len(passed)} 5%"
    for made in summary.models.values():
        for parity in filter(None, (made.parity, made.merge_parity)):
            yield from _parity(parity)


def _parity(of: Parity) -> Iterator[str]:
    yield f"{count(of.prompts)} {count(of.tokens)} {of.reason}"
    yield f"{fixed(of.max_logprob_difference, 4)} {fixed(of.mean_logprob_difference or 0.0, 6)}"
    yield f"{share(of.same_tokens)} {share(of.top1_agreement)} 100%"
    from harness.metrics.divergence import KL_MEAN

    yield figure(KL_MEAN, Value(value=of.mean_kl)).text
    if of.limits:
        most = of.limits
        yield f"{most.max_logprob_difference:g} {most.mean_kl:g} {share(most.top1_agreement)}"
    yield "0.0001"  # of the sentence that says which positions are looked at


def in_reproduction(summary: Summary) -> Iterator[str]:
    """Of Reproduction: models, tasks, cells, machine and versions, and what the suite wrote."""
    for made in summary.models.values():
        yield f"{count(made.parameters)} {byte_size(made.bytes or 0)} {made.key}"
        yield fixed(made.bits_per_weight or 0.0, 2)
        yield " ".join(str(step) for step in made.lineage)
    for of in summary.tasks.values():
        yield f"{count(of.n)} {count(of.available)} {of.seed} {of.shots} {of.settings} {of.notes}"
        yield " ".join(digest[:12] for digest in of.prompts.values())
    for cell in summary.cells:
        yield f"{count(cell.n)} {duration(cell.seconds)} {duration(cell.load_seconds)} {cell.engine}"
        yield " ".join(byte_size(value) for value in cell.footprint.values())
    yield f"{summary.software} {summary.machine} {moment(summary.created)} {duration(summary.seconds)}"
    yield f"{byte_size(summary.machine.get('memory_bytes', 0))}"
    yield " ".join(
        str(value) for key, value in summary.suite.items() if key not in ("text", "spec")
    )


NUMBER = re.compile(r"(?<![\w.])[+−]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:e−?\d+)?")


def untraced(said: Iterable[str], allowed: Iterable[str]) -> list[tuple[str, str]]:
    """Numbers that no allowed text holds, with the text that each stands in."""
    known = {number for text in allowed for number in NUMBER.findall(text)}
    return [(n, text) for text in said for n in NUMBER.findall(text) if n not in known]
