"""What fine-tuning changed: the differences, and answers that became better or worse."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harness.analysis.comparisons import changed_answers
from harness.analysis.shared import shared_examples
from harness.files import is_file_name
from harness.records import ChangedAnswer, Comparison, MetricDescriptor, Sample, Summary, Training
from harness.reporting.answer.effects import effects
from harness.reporting.kinds import ComparisonKind, without_replicas
from harness.reporting.measures import cell_of
from harness.reporting.outcomes import JudgedDifference
from harness.reporting.tuning import own_trainings
from harness.results.store import ResultsStore

SHOWN = 3
"""Examples of each kind."""


@dataclass(frozen=True)
class Example:
    """An answer that changed, and what it is an answer to."""

    task: str
    of: MetricDescriptor
    answer: ChangedAnswer


@dataclass(frozen=True)
class Demo:
    """Answers that one fine-tuned model made better and worse than its baseline, drawn by a rule."""

    baseline: str
    candidate: str
    better: tuple[Example, ...]
    worse: tuple[Example, ...]
    rows: tuple[Comparison, ...]
    """The differences that they are examples of, a task each."""
    drawn: bool
    """Whether they were drawn from all answers; else they are the largest changes, which alone
    `summary.json` holds."""


def tuned(summary: Summary) -> dict[str, Training]:
    """Each fine-tuning once, by the first model that has it."""
    return own_trainings(without_replicas(summary))


def headlines(summary: Summary, kind: ComparisonKind) -> list[JudgedDifference]:
    """The differences by which tasks are first judged, one for each pair of models and task, as the
    card of the report judges them."""
    return [one for of in effects(summary) if of.kind == kind for one in of.headlines]


def demo(summary: Summary, results: ResultsStore) -> Demo | None:
    """Examples of what fine-tuning changed; None where no answers can be held against each other.

    Of the first fine-tuned model that is compared. From all answers that changed as many are drawn by lot
    (in the order of a hash of the suite's seed, the task and the example's id), the tasks in turn.
    """
    rows = demo_rows(summary)
    if not rows:
        return None
    seed = str(summary.suite.get("defaults", {}).get("seed", 0))
    better: list[list[Example]] = []
    worse: list[list[Example]] = []
    all_there = True
    for row in rows:
        of = summary.tasks[row.task].metric(row.metric)
        changed = _all_changed(summary, results, row)
        all_there &= changed is not None
        found = changed or [*row.changed_for_better, *row.changed_for_worse]
        made = [Example(row.task, of, one) for one in found]
        if changed is not None:
            made.sort(key=lambda one: _lot(seed, one))
        up = of.higher_is_better is not False
        better.append([one for one in made if (_gain(one.answer) > 0) == up])
        worse.append([one for one in made if (_gain(one.answer) > 0) != up])
    return Demo(
        rows[0].baseline, rows[0].candidate, in_turn(better), in_turn(worse), tuple(rows), all_there
    )


def demo_rows(summary: Summary) -> list[Comparison]:
    """The differences that the demo is of: those of the first pair whose answers are scored one by one."""
    rows = [one.row for one in headlines(summary, "fine-tuning") if one.row.better is not None]
    return [
        row
        for row in rows
        if (row.baseline, row.candidate) == (rows[0].baseline, rows[0].candidate)
    ]


def _all_changed(
    summary: Summary, results: ResultsStore, row: Comparison
) -> list[ChangedAnswer] | None:
    """Every answer that changed; None where the samples are not there, or not those of the summary."""
    sides = [_samples(summary, results, model, row) for model in (row.baseline, row.candidate)]
    if not all(sides):
        return None
    shared = shared_examples(*sides)
    if len(shared.candidate) != row.n:
        return None
    found = changed_answers(row.metric, shared.baseline, shared.candidate, results.texts(row.task))
    return found if len(found) == (row.better or 0) + (row.worse or 0) else None


def _samples(
    summary: Summary, results: ResultsStore, model: str, row: Comparison
) -> Sequence[Sample]:
    cell = cell_of(summary, model, row.task)
    if cell is None or not all(map(is_file_name, (model, row.task))):
        return []
    found = results.cell(model, row.task).samples(cell.samples_key)
    return [sample for sample in found if row.metric in sample.scores]


def _gain(answer: ChangedAnswer) -> float:
    return answer.candidate_score - answer.baseline_score


def _lot(seed: str, one: Example) -> str:
    return hashlib.sha256(f"{seed}\n{one.task}\n{one.answer.id}".encode()).hexdigest()


def in_turn(groups: Sequence[Sequence[Example]], most: int = SHOWN) -> tuple[Example, ...]:
    """The first of each group, then the second of each, until there are enough."""

    def turns() -> Iterator[Example]:
        for place in range(max(map(len, groups), default=0)):
            yield from (group[place] for group in groups if place < len(group))

    return tuple(one for one, _ in zip(turns(), range(most), strict=False))
