"""Two models side by side, task by task: their differences, and every answer that changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.analysis.answers import TaskAnswers, in_common
from harness.analysis.comparisons import build_comparisons, changed_answers
from harness.records import ChangedAnswer, Comparison, MetricDescriptor


@dataclass(frozen=True)
class ComparedTask:
    """One task of two models.

    `changed` holds every example whose score of the `flips` metric changed, the largest change
    first; `reworded` counts those that were answered otherwise and scored the same.
    """

    name: str
    type: str
    metrics: Mapping[str, MetricDescriptor]
    rows: Sequence[Comparison]
    flips: Comparison | None = None
    """The metric whose changes are shown one by one; None where no metric scores an example."""
    changed: Sequence[ChangedAnswer] = ()
    reworded: int = 0


@dataclass(frozen=True)
class ComparedModels:
    """A candidate against a baseline, which may be the same model somewhere else.

    `baseline` is what the baseline is called beside the candidate, `baseline_model` its name.
    """

    baseline: str
    candidate: str
    baseline_model: str
    tasks: Sequence[ComparedTask]
    notes: Sequence[str] = ()


def compare_task(
    name: str,
    answers: TaskAnswers,
    baseline: str,
    candidate: str,
    seed: int,
    metrics: Sequence[str],
    confidence: float = 0.95,
    any_prompts: bool = False,
) -> ComparedTask:
    """Compares two models on the examples of a task that both answered.

    Args:
        name: the task's.
        answers: of at least these two models.
        baseline: the model before.
        candidate: the model after.
        seed: of the resampling.
        metrics: those that are shown; the first that scores single examples, or else the task's
            first such metric, says which answers changed.
        confidence: of every interval.
        any_prompts: compare answers to different prompts too.

    Raises:
        BadDataError: a sample lacks what a metric is made of.
    """
    scored = [m for m in (*metrics, *answers.metrics) if answers.metrics[m].scores_examples][:1]
    compared = build_comparisons(
        "compare",
        baseline,
        [candidate],
        {name: answers},
        seed,
        confidence,
        any_prompts=any_prompts,
        common=True,
        metrics={*metrics, *scored},
    )
    by_metric = {one.metric: one for one in compared}
    rows = [by_metric[metric] for metric in metrics]
    flips = next((by_metric[m] for m in scored if by_metric[m].reason is None), None)
    changed: Sequence[ChangedAnswer] = ()
    reworded = 0
    if flips is not None:
        cells = in_common(answers, baseline, candidate).cells
        before = {sample.id: sample for sample in cells[baseline].samples}
        after = cells[candidate].samples
        changed = changed_answers(flips.metric, [*before.values()], after, answers.prompts)
        moved = {change.id for change in changed}
        reworded = sum(one.answer != before[one.id].answer and one.id not in moved for one in after)
    return ComparedTask(name, answers.type, answers.metrics, rows, flips, changed, reworded)
