"""All that a leaderboard shows, as data: models, groups with their rankings, runs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property

from harness.leaderboard.asked import figures_of
from harness.leaderboard.collect import Result
from harness.leaderboard.groups import Group, families, group
from harness.leaderboard.models import Made, made_in, quantization
from harness.leaderboard.ranking import Ranking, rank
from harness.records import ModelSummary
from harness.reporting.marks import Marks


@dataclass(frozen=True, eq=False)
class Model:
    """A model, as every run that had it knows it, the oldest first."""

    identity: str
    made: Sequence[Made]
    apart: str
    """What sets it apart from other models of its name: settings, else its identity; "" of one alone."""

    @cached_property
    def newest(self) -> Made:
        """As the newest run knows it."""
        return self.made[-1]

    @property
    def name(self) -> str:
        """What the newest run calls it."""
        return self.newest.name

    @cached_property
    def names(self) -> list[str]:
        """What else it is called."""
        return sorted({made.name for made in self.made} - {self.name})

    @cached_property
    def summary(self) -> ModelSummary:
        """What the newest run that measured its files knows of it."""
        of = [made.result.summary.models[made.name] for made in reversed(self.made)]
        return next((one for one in of if one.bytes is not None), of[0])

    @cached_property
    def type(self) -> str:
        """What its weights are stored as; "" where no run says."""
        told = quantization(self.newest.lineage)
        if told:
            return told
        cells = self.newest.result.summary.cells
        own = (cell.engine.get("dtype") for cell in cells if cell.model == self.name)
        return str(next((dtype for dtype in own if dtype), ""))

    @cached_property
    def doubt(self) -> str:
        """The checks that failed in the newest run: "⚠ conversion"; "" for none."""
        return Marks.read(self.newest.result.summary).of.get(self.name, "")


@dataclass(frozen=True, eq=False)
class Ranked:
    """A group with its ranking."""

    group: Group
    ranking: Ranking


@dataclass(frozen=True, eq=False)
class Board:
    """Everything, in the order in which it is shown.

    `models` are by identity, and `parents` the identities of what each was made from; `pages` are
    groups by the page of a task that they stand on.
    """

    results: Sequence[Result]
    models: Mapping[str, Model]
    parents: Mapping[str, Sequence[str]]
    pages: Sequence[Sequence[Ranked]]

    @cached_property
    def groups(self) -> list[Ranked]:
        """All groups, those that rank models first, the largest first."""
        every = [one for page in self.pages for one in page]
        return sorted(every, key=_by_weight)

    @cached_property
    def children(self) -> Mapping[str, list[str]]:
        """What was made from each model."""
        found: dict[str, list[str]] = defaultdict(list)
        for identity, above in self.parents.items():
            for parent in above:
                found[parent].append(identity)
        return found

    @cached_property
    def of_model(self) -> Mapping[str, list[Ranked]]:
        """The groups that each model has figures in."""
        found: dict[str, list[Ranked]] = defaultdict(list)
        for one in self.groups:
            for identity in one.group.by_model:
                found[identity].append(one)
        return found


def _by_weight(of: Ranked) -> tuple[bool, int, int]:
    """The most models, then the most examples, stand first."""
    return not of.group.ranked, -len(of.group.table), -of.group.newest.cell.n


def build(results: Sequence[Result]) -> Board:
    """The leaderboard of results, the oldest first."""
    figures = figures_of(results)
    made: dict[str, list[Made]] = defaultdict(list)
    parents: dict[str, set[str]] = defaultdict(set)
    for result in results:
        here = made_in(result)
        for one in here.values():
            made[one.identity].append(one)
            if one.parent in here and here[one.parent].identity != one.identity:
                parents[one.identity].add(here[one.parent].identity)
    namesakes: dict[str, list[Made]] = defaultdict(list)
    for of in made.values():
        namesakes[of[-1].name].append(of[-1])
    models = {
        identity: Model(identity, of, _apart(of[-1], namesakes[of[-1].name]))
        for identity, of in made.items()
    }
    ordered = dict(sorted(models.items(), key=lambda item: (item[1].name, item[0])))
    same_page = families(group(figures))
    with ThreadPoolExecutor() as pool:  # most of it is arithmetic on arrays, side by side
        ranked = [pool.map(lambda of: Ranked(of, rank(of)), groups) for groups in same_page]
        pages = [[*of] for of in ranked]
    return Board(results, ordered, {of: sorted(above) for of, above in parents.items()}, pages)


def _apart(made: Made, namesakes: Sequence[Made]) -> str:
    """What of a model's making is not so in all models of its name."""
    if len(namesakes) == 1:
        return ""
    said = [other.recipe for other in namesakes]
    keys = dict.fromkeys(key for recipe in said for key in recipe)
    words = [
        f"{key} {made.recipe.get(key, 'by default')}"
        for key in keys
        if len({recipe.get(key) for recipe in said}) > 1
    ]
    alike = sum(other.recipe == made.recipe for other in namesakes) > 1
    return ", ".join([*words, *([made.identity[:6]] if alike else [])])
