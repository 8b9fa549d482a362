"""Groups of figures that were asked alike: only these are ranked together."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from harness.leaderboard.asked import Figure, is_ranked
from harness.records import MetricDescriptor
from harness.suite.schema import TASK_TYPES, TaskType

IDS = "ids and right answers"
"""The evidence that two cells answered the same examples."""


@dataclass(frozen=True, eq=False)
class Group:
    """Figures of one metric that were asked alike, the oldest first."""

    figures: Sequence[Figure]

    @cached_property
    def newest(self) -> Figure:
        """The figure that says what is asked, and how it is called."""
        return self.figures[-1]

    @property
    def metric(self) -> MetricDescriptor:
        """What the figures are of."""
        return self.newest.metric

    @property
    def of_type(self) -> TaskType:
        """What is known of the task's type."""
        return TASK_TYPES[self.newest.asked.type]

    @property
    def ranked(self) -> bool:
        """Whether its models are ranked."""
        return is_ranked(self.metric, self.of_type)

    @cached_property
    def facts(self) -> Mapping[str, str]:
        """What all of them were asked."""
        return self.newest.facts

    @cached_property
    def evidence(self) -> Mapping[str, str]:
        """What any run knows more exactly of it; no two say otherwise."""
        return {key: value for of in self.figures for key, value in of.evidence.items()}

    @cached_property
    def id(self) -> str:
        """Stays the same while what was asked does, whatever newer runs add."""
        told = json.dumps([sorted(of.items()) for of in (self.facts, self.figures[0].evidence)])
        return hashlib.sha256(told.encode()).hexdigest()[:10]

    @property
    def family(self) -> tuple[str, str, str]:
        """What else is near enough to stand on the same page: type, data set and metric."""
        asked = self.newest.asked
        return asked.type, asked.dataset or "", self.metric.name

    @cached_property
    def task(self) -> str:
        """What its newest suite calls the task."""
        return self.newest.task

    @cached_property
    def by_model(self) -> Mapping[str, Sequence[Figure]]:
        """The figures of each model, by identity, the oldest first."""
        found: dict[str, list[Figure]] = defaultdict(list)
        for figure in self.figures:
            found[figure.made.identity].append(figure)
        return found

    @cached_property
    def table(self) -> Mapping[str, Figure]:
        """Of each model the newest figure, or where it has none the newest failure."""
        return {
            identity: next((of for of in reversed(figures) if of.value is not None), figures[-1])
            for identity, figures in self.by_model.items()
        }


def group(figures: Iterable[Figure]) -> list[Group]:
    """Figures by what was asked alike: those with the same facts whose evidence does not disagree.

    Args:
        figures: the oldest first.
    """
    alike: dict[tuple[tuple[str, str], ...], list[Figure]] = defaultdict(list)
    for figure in figures:
        alike[tuple(figure.facts.items())].append(figure)
    return [Group(part) for same in alike.values() for part in _agreeing(same)]


@dataclass(frozen=True, eq=False)
class _Unit:
    """Figures of one task of one run: whatever its suite asked, it asked all its models."""

    figures: list[Figure]
    evidence: dict[str, str]


def _agreeing(figures: Sequence[Figure]) -> list[list[Figure]]:
    """Splits where evidence disagrees: then only what shares evidence that is in dispute stays together."""
    units: dict[tuple[str, str, str], _Unit] = {}
    for figure in figures:
        place = figure.result.digest, figure.task, figure.evidence.get(IDS, "")
        unit = units.setdefault(place, _Unit([], {}))
        unit.figures.append(figure)
        unit.evidence.update(figure.evidence)
    parts: dict[tuple[int, tuple[str, ...]], list[Figure]] = defaultdict(list)
    every = list(units.values())
    roots = _linked(every, _disputed(every))
    for unit, root in zip(every, roots, strict=True):
        same = [other for other, of in zip(every, roots, strict=True) if of == root]
        exact = tuple(unit.evidence.get(key, "") for key in _disputed(same))
        parts[root, exact] += unit.figures
    return list(parts.values())


def _disputed(units: Sequence[_Unit]) -> list[str]:
    """Evidence of which there are two accounts."""
    accounts: dict[str, set[str]] = defaultdict(set)
    for unit in units:
        for key, value in unit.evidence.items():
            accounts[key].add(value)
    return sorted(key for key, values in accounts.items() if len(values) > 1)


def _linked(units: Sequence[_Unit], disputed: Sequence[str]) -> list[int]:
    """For each unit the first one that it is linked to by evidence in dispute; all are one without any."""
    if not disputed:
        return [0] * len(units)
    above = list(range(len(units)))

    def root(place: int) -> int:
        while above[place] != place:
            above[place] = above[above[place]]
            place = above[place]
        return place

    first: dict[tuple[str, str], int] = {}
    for place, unit in enumerate(units):
        for key in disputed:
            if key in unit.evidence:
                other = first.setdefault((key, unit.evidence[key]), place)
                low, high = sorted((root(place), root(other)))
                above[high] = low
    return [root(place) for place in range(len(units))]


def families(groups: Sequence[Group]) -> list[list[Group]]:
    """Groups that stand on one page, the largest first; pages by task and data set."""
    found: dict[tuple[str, str, str], list[Group]] = defaultdict(list)
    for one in groups:
        found[one.family].append(one)
    for same in found.values():
        same.sort(key=lambda of: (-len(of.by_model), of.task, of.id))
    return sorted(found.values(), key=lambda same: (same[0].task, same[0].family))


@dataclass(frozen=True)
class Differing:
    """Something that sets groups apart: what it is in each, None where that is not said.

    `exact` says that it is a hash, of which only whether it is the same tells anything.
    """

    name: str
    said: Sequence[str | None]
    exact: bool


def differences(groups: Sequence[Group]) -> list[Differing]:
    """What sets groups apart: each fact that is not the same in all, then what only hashes tell."""
    found = []
    for exact in (False, True):
        told = [of.evidence if exact else of.facts for of in groups]
        for name in dict.fromkeys(key for one in told for key in one):
            said = [one.get(name) for one in told]
            if len(set(said)) > 1:
                found.append(Differing(name, said, exact or name.endswith("(hash)")))
    return found
