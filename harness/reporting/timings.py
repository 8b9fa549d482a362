"""What is known of the timings in a summary: the details of each cell, and doubts about them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from harness.analysis.speed import SHORT_SECONDS, SPREAD_LIMIT
from harness.records import SpeedDetails, SpeedFigures, Summary
from harness.reporting import measures
from harness.reporting.blocks import Line, Name, Strong, joined

TOGETHER = timedelta(hours=1)
"""Rounds with less between them were timed in turn, or close to it."""
WARNING_WORDS = {
    "spread": f"Repetitions spread by more than {100 * SPREAD_LIMIT:.0f}%",
    "busy": "The machine was busy with other programs",
    "short": f"Repetitions of less than {1000 * SHORT_SECONDS:.0f} ms are too short to time well",
}


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
            found.setdefault(warning.kind, []).append((model, warning.message))
            remedies[warning.kind] = warning.remedy
    return [
        Doubt(WARNING_WORDS[kind], tuple(found[kind]), remedies[kind])
        for kind in WARNING_WORDS
        if kind in found
    ]


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
