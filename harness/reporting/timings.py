"""What is known of the timings in a summary: the details of each cell, and doubts about them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from harness.analysis.speed import SHORT_SECONDS, SPREAD_LIMIT
from harness.records import Comparison, SpeedDetails, SpeedFigures, Summary, machine_words
from harness.reporting import measures
from harness.reporting.blocks import Block, Callout, Line, Name, Strong, joined, listed
from harness.reporting.format import share
from harness.reporting.marks import SIGN
from harness.reporting.measures import timed_tasks

TOGETHER = timedelta(hours=1)
"""Rounds with less between them were timed in turn, or close to it."""
WARNING_WORDS = {
    "spread": f"Repetitions varied by more than {100 * SPREAD_LIMIT:.0f}% (CV)",
    "busy": "The machine was busy with other programs",
    "machines": "Rounds were timed on different machines",
    "short": f"Repetitions of less than {1000 * SHORT_SECONDS:.0f} ms are too short to time well",
}
SHORT_WORDS = {
    "busy": "machine busy",
    "machines": "rounds on different machines",
    "short": "repetitions too short",
}
PHASES: dict[str, tuple[str, ...]] = {"decode": ("decode", "itl"), "prefill": ("prefill", "ttft")}
"""How the metrics of each phase begin."""


@dataclass(frozen=True)
class Doubt:
    """A warning of one kind, with what it says of each model."""

    lead: str
    messages: tuple[tuple[str, str], ...]
    remedy: str

    @property
    def line(self) -> Line:
        """A line that says what the doubt is, about which models, and what to do."""
        said = [(Name(model), f" ({message})") for model, message in self.messages]
        return (Strong(self.lead), ": ", *joined(said), f". {self.remedy}")


def details_of(summary: Summary, task: str) -> dict[str, SpeedDetails]:
    """The details of each model that was timed; none of those that an older version wrote."""
    return measures.details_of(summary, task, "speed", SpeedDetails)


def headline_of(details: SpeedDetails, phase: str) -> SpeedFigures | None:
    """The figures that the cell's metrics are of."""
    return next((one for one in details.shapes if one.headline and one.phase == phase), None)


def doubts(details: Mapping[str, SpeedDetails]) -> list[Doubt]:
    """What makes the timings of some models less sure, kind by kind."""
    found: dict[str, list[tuple[str, str]]] = {}
    remedies: dict[str, str] = {}
    for model, one in details.items():
        for warning in one.warnings:
            said = (warning.kind == "spread" and _varied(one)) or warning.message
            found.setdefault(warning.kind, []).append((model, said))
            remedies[warning.kind] = warning.remedy
    return [
        Doubt(WARNING_WORDS[kind], tuple(found[kind]), remedies[kind])
        for kind in WARNING_WORDS
        if kind in found
    ]


def _varied(details: SpeedDetails) -> str:
    """By how much each phase varied, at the shape where it did most: "decode by 7.1%"."""
    said = []
    for phase in PHASES:
        found = [one.spread for one in details.shapes if one.phase == phase and one.spread]
        if max(found, default=0.0) > SPREAD_LIMIT:
            said.append(f"{phase} by {share(max(found))}")
    return ", ".join(said)


def doubts_at(summary: Summary, model: str, task: str, metric: str) -> tuple[str, ...]:
    """Why a timing of a model is in doubt, in words; nothing where it is not, or is no timing."""
    return _doubts(summary, (model,), task, metric)


def doubts_of(summary: Summary, row: Comparison) -> tuple[str, ...]:
    """Why a difference of timings is in doubt: what is in doubt of either model."""
    return _doubts(summary, (row.baseline, row.candidate), row.task, row.metric)


def _doubts(summary: Summary, models: Iterable[str], task: str, metric: str) -> tuple[str, ...]:
    """Why a timing of these models is in doubt, in words; nothing where it is not, or is no timing.

    How much repetitions vary is said of the phase that the metric is of; how busy the machine was,
    and whether repetitions were too short, of every timing of a cell. What does not concern all of
    the models is said of the first that it does concern.
    """
    if not summary.tasks[task].metric(metric).is_timing:
        return ()
    found = {
        model: measures.detail_of(measures.cell_of(summary, model, task), "speed", SpeedDetails)
        for model in models
    }
    timed = {model: details for model, details in found.items() if details is not None}
    words: list[str] = []
    for kind, said in SHORT_WORDS.items():
        of_kind = [m for m, d in timed.items() if any(w.kind == kind for w in d.warnings)]
        words += _said_of(of_kind, len(found), said)
    for phase, metrics in PHASES.items():
        shapes = {model: headline_of(details, phase) for model, details in timed.items()}
        spreads = {m: one.spread for m, one in shapes.items() if one and one.spread is not None}
        wide = [m for m, spread in spreads.items() if spread > SPREAD_LIMIT]
        if wide and metric.startswith(metrics):
            most = (
                f"up to {share(max(spreads.values()))}"
                if len(wide) > 1
                else share(spreads[wide[0]])
            )
            words += _said_of(wide, len(found), f"{phase} varied by {most} (CV)")
    return tuple(words)


def _said_of(models: Sequence[str], total: int, said: str) -> list[str]:
    if not models:
        return []
    return [said if len(models) == total else f"{models[0]}: {said}"]


def in_doubt(doubts: Sequence[str]) -> str:
    """What stands at a timing that is in doubt; "" where it is not."""
    return f"{SIGN} {'; '.join(doubts)}" if doubts else ""


def timings_in_doubt(summary: Summary) -> list[tuple[str, str]]:
    """Each model and task whose timings are in doubt."""
    return [
        (model, task)
        for task in timed_tasks(summary)
        for model, details in details_of(summary, task).items()
        if details.warnings
    ]


def timed_elsewhere(summary: Summary, task: str) -> list[Block]:
    """Which machine timed which models, where that is not the one that the report names, or not one alone."""
    places: dict[str, list[str]] = {}
    for cell in summary.cells_of(task):
        if cell.status == "ok":
            places.setdefault(machine_words(summary.machine_of(cell)), []).append(cell.model)
    if not places or list(places) == [machine_words(summary.machine)]:
        return []
    if len(places) == 1:
        here = machine_words(summary.machine)
        return [
            Callout(
                "plain",
                (
                    Strong(f"Timed on {next(iter(places))}"),
                    f", not on the machine of this report ({here}).",
                ),
            )
        ]
    said = joined([(f"{place}: ", *listed(models)) for place, models in places.items()], "; ")
    lead: Line = (Strong(f"{SIGN} Timed on different machines"), ": ", *said)
    return [Callout("unsure", (*lead, ". Across them no speeds are compared."))]


def timed_apart(details: Mapping[str, SpeedDetails]) -> list[str]:
    """Models that were timed at another time than most: hours lie between their rounds."""
    spans = sorted(
        (min(times), max(times), model) for model, one in details.items() if (times := one.started)
    )
    groups: list[list[str]] = []
    until: datetime | None = None
    for began, ended, model in spans:
        if until is None or began > until + TOGETHER:
            groups.append([])
        groups[-1].append(model)
        until = ended if until is None else max(until, ended)
    most = max(groups, key=len, default=[])
    return [model for model in details if model not in most]
