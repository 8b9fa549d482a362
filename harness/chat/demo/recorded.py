"""What the models of results answered, example by example, as a demo shows it."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from harness.records import Answered, Comparison, Summary
from harness.reporting.browser.chosen import all_ids, pairs
from harness.reporting.browser.kinds import Kind, kind_of
from harness.reporting.measures import headline, is_headline
from harness.results.answered import read_answered
from harness.results.store import read_summary

Row = Mapping[str, Any]
GroupKey = Literal["all", "fixed", "broke", "right", "wrong", "better", "worse", "same", "other"]
TITLES: Mapping[GroupKey, str] = {
    "all": "All",
    "fixed": "Fixed",
    "broke": "Broke",
    "right": "Both right",
    "wrong": "Both wrong",
    "better": "Better",
    "worse": "Worse",
    "same": "The same score",
    "other": "Another text",
}


@dataclass(frozen=True)
class Pair:
    """Two models whose answers are held against each other."""

    before: str
    after: str


@dataclass(frozen=True)
class Group:
    """Examples of one kind of change; together the groups of a pair are all its examples."""

    key: GroupKey
    ids: tuple[str, ...]
    of: int
    """Examples that both models answered."""

    @property
    def title(self) -> str:
        return TITLES[self.key]

    @property
    def share(self) -> float:
        """Of all examples that both answered."""
        return len(self.ids) / self.of if self.of else 0.0

    def drawn(self, count: int, seed: int) -> list[str]:
        """Some of its examples by lot, in the order of all."""
        chosen = set(random.Random(seed).sample(self.ids, min(count, len(self.ids))))
        return [id for id in self.ids if id in chosen]


@dataclass(frozen=True)
class RecordedAnswer:
    """What a model answered to one example of the suite."""

    model: str
    text: str
    """As it was written; of a label that was chosen, the label. "" where there is no answer."""
    label: str | None = None
    """The label that it is taken for, where answers are labels and it was written."""
    right: bool | None = None
    """None where answers have a score in place."""
    scores: Mapping[str, float] = field(default_factory=dict)
    """By name of a metric of this task."""
    shares: Mapping[str, float] = field(default_factory=dict)
    """Of each label its share of the probability of all labels; empty where it was written."""


@dataclass(frozen=True)
class DemoExample:
    """One example with its answers."""

    id: str
    text: str
    """Its own text, without the words around it; "" where results do not hold it."""
    reference: str
    answers: tuple[RecordedAnswer, ...]


@dataclass(frozen=True)
class Recorded:
    """The results of a suite, with all that was answered."""

    folder: Path
    summary: Summary
    answered: Answered

    @classmethod
    def read(cls, results: Path, home: Path | None = None) -> Recorded:
        """Reads results/<suite>.

        Raises:
            InputError: there is no summary.
        """
        summary = read_summary(results)
        return cls(results, summary, read_answered(results, summary, home))

    @cached_property
    def tasks(self) -> list[str]:
        """Tasks whose answers can be shown, those first that two models answered."""
        found = [task for task in self.summary.tasks if self.kind(task) != "distance"]
        shown = [task for task in found if self._rows(task)]
        return sorted(shown, key=lambda task: len(self._rows(task)) < 2)

    def kind(self, task: str) -> Kind:
        """How answers are told apart."""
        return kind_of(self.summary.tasks[task])

    def models(self, task: str) -> list[str]:
        """Those that answered, in the suite's order."""
        return [model for model in self.summary.models if model in self._rows(task)]

    def pairs(self, task: str) -> list[Pair]:
        """Those that the suite compares, or else the first model with each other one."""
        return [Pair(*pair) for pair in pairs(self.summary, task, self.models(task))]

    def comparison(self, task: str, pair: Pair) -> Comparison | None:
        """The paired difference in the task's headline metric, where the suite compares the two."""
        wanted = (task, pair.before, pair.after)
        for row in self.summary.comparisons:
            if (row.task, row.baseline, row.candidate) == wanted and is_headline(self.summary, row):
                return row
        return None

    def groups(self, task: str, pair: Pair) -> list[Group]:
        """All examples that both answered, then the same by how they changed."""
        rows = self._rows(task)
        before, after = rows.get(pair.before, {}), rows.get(pair.after, {})
        ids = [id for id in self._ids(task) if id in before and id in after]
        of: dict[GroupKey, list[str]] = {key: [] for key in _KEYS[self.kind(task)]}
        metric = headline(self.summary.tasks[task]).name
        for id in ids:
            of[_change(self.kind(task), metric, before[id], after[id])].append(id)
        found: dict[GroupKey, list[str]] = {"all": ids, **of}
        return [Group(key, tuple(members), len(ids)) for key, members in found.items()]

    def example(self, task: str, id: str, models: Sequence[str]) -> DemoExample:
        """An example and what some models answered; one that was not asked has no answer."""
        rows, told = self._rows(task), self.summary.tasks[task]
        asked = [(model, rows[model][id]) for model in models if id in rows.get(model, {})]
        reference = next((row["target"] for _, row in asked if row["target"]), "")
        answers = tuple(self._answer(task, model, row) for model, row in asked)
        text = self.answered.texts.get(task, {}).get(id, "") or told.asked.get(id, "")
        return DemoExample(id, text, reference, answers)

    def _answer(self, task: str, model: str, row: Row) -> RecordedAnswer:
        told, data = self.summary.tasks[task], row["data"]
        written = data.get("text")
        answer = row["answer"]
        is_right = self.kind(task) == "right"
        return RecordedAnswer(
            model,
            text=str(written if written is not None else answer or ""),
            label=answer if is_right and written is not None else None,
            right=bool(row["scores"].get(headline(told).name)) if is_right else None,
            scores={name: row["scores"][name] for name in told.metrics if name in row["scores"]},
            shares=shares(data.get("logprobs", {}), data.get("end_logprobs")),
        )

    def _ids(self, task: str) -> list[str]:
        return all_ids({model: self.answered.cells[model, task] for model in self._rows(task)})

    def _rows(self, task: str) -> dict[str, dict[str, Row]]:
        """By model and example."""
        return self._every.get(task, {})

    @cached_property
    def _every(self) -> dict[str, dict[str, dict[str, Row]]]:
        found: dict[str, dict[str, dict[str, Row]]] = {}
        for (model, task), cell in self.answered.cells.items():
            found.setdefault(task, {})[model] = {row["id"]: row for row in cell.rows}
        return found


_KEYS: Mapping[Kind, tuple[GroupKey, ...]] = {
    "right": ("fixed", "broke", "right", "wrong"),
    "score": ("better", "worse", "same"),
    "written": ("other", "same"),
    "distance": (),
}


def _change(kind: Kind, metric: str, before: Row, after: Row) -> GroupKey:
    if kind == "written":
        return "same" if before["answer"] == after["answer"] else "other"
    was, is_now = (float(row["scores"].get(metric) or 0.0) for row in (before, after))
    if kind == "score":
        return "same" if was == is_now else "better" if is_now > was else "worse"
    if was and is_now:
        return "right"
    return "fixed" if is_now else "broke" if was else "wrong"


def shares(
    logprobs: Mapping[str, float], ends: Mapping[str, float] | None = None
) -> dict[str, float]:
    """Of each choice its share of the probability of all of them: a softmax of log-probabilities."""
    if not logprobs:
        return {}
    totals = {name: value + (ends or {}).get(name, 0.0) for name, value in logprobs.items()}
    largest = max(totals.values())
    weights = {name: math.exp(total - largest) for name, total in totals.items()}
    return {name: weight / sum(weights.values()) for name, weight in weights.items()}
