"""What models answered to a task, as comparisons want it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from harness.analysis.shared import prompts_hash, shared_examples
from harness.metrics.metric import Metric
from harness.records import AskedTexts, Sample
from harness.suite.schema import TASK_TYPES, TaskType


@dataclass(frozen=True)
class CellAnswers:
    """What one model answered to one task: its samples, or why there are none.

    `extras` holds what was measured once (`load_seconds`, `peak_bytes`); `prompts` is the hash of
    the ids that were asked.
    """

    samples: Sequence[Sample] = ()
    extras: Mapping[str, float] = field(default_factory=dict)
    failure: str | None = None
    prompts: str = ""
    scored_by: Mapping[str, str] = field(default_factory=dict)
    """By metric that the suite names a hash of the code that scored the samples."""
    served: bool = False
    """Whether a server answered, whose tokens nobody here knows."""
    told_by: str = ""
    """How choices were told (`harness.records.served.told_by`)."""
    asked: AskedTexts | None = None
    """What the prompts were as texts; None where that is not known of these samples."""
    machine: Mapping[str, Any] = field(default_factory=dict)
    """That it was timed on; nothing where that is not known, or does not matter."""


@dataclass(frozen=True)
class TaskAnswers:
    """All that a comparison needs of one task.

    `cells` by model; `prompts` by example id; `labels` of a classification, in their own order;
    `note` is what a reader has to know of every difference in it.
    """

    type: str
    metrics: Mapping[str, Metric]
    """All metrics of the task, those of its type and the suite's own; the first is the headline."""
    cells: Mapping[str, CellAnswers]
    prompts: Mapping[str, str] = field(default_factory=dict)
    labels: Sequence[str] | None = None
    note: str = ""

    @property
    def of_type(self) -> TaskType:
        """What is known of its type."""
        return TASK_TYPES[self.type]


def in_common(answers: TaskAnswers, baseline: str, candidate: str) -> TaskAnswers:
    """The task with the cells of two models cut down to the examples that both answered.

    What they were asked is then known by the hashes of these prompts alone, where the samples
    have them. Timings are left as they are.
    """
    cells = answers.cells
    before, after = cells.get(baseline, CellAnswers()), cells.get(candidate, CellAnswers())
    if answers.of_type.timed or not before.samples or not after.samples:
        return answers
    shared = shared_examples(before.samples, after.samples)
    if not shared.candidate:
        nothing = CellAnswers(failure="it answered other examples than the baseline.")
        return replace(answers, cells={**cells, candidate: nothing})
    hashes = [prompts_hash(samples) for samples in (shared.baseline, shared.candidate)]
    if not all(hashes):
        hashes = [before.prompts, after.prompts]
    if shared.note:
        before, after = replace(before, asked=None), replace(after, asked=None)
    cut = {
        baseline: replace(before, samples=shared.baseline, prompts=hashes[0]),
        candidate: replace(after, samples=shared.candidate, prompts=hashes[1]),
    }
    note = " ".join(filter(None, (answers.note, shared.note)))
    return replace(answers, cells={**cells, **cut}, note=note)
