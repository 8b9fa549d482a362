"""Metrics of classification: whether the label that a model gave is the one that a person gave."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from harness.errors import BadDataError
from harness.metrics.metric import Metric
from harness.metrics.statistic import FloatArray, SumStatistic
from harness.records import Sample


def labels_of(samples: Sequence[Sample]) -> tuple[str, ...]:
    """The labels that occur as targets, sorted."""
    return tuple(sorted({sample.target for sample in samples if sample.target is not None}))


def answer_codes(samples: Sequence[Sample], labels: Sequence[str]) -> npt.NDArray[np.intp]:
    """Position of each answer among `labels`; `len(labels)` where none was found (examples,)."""
    position = {label: index for index, label in enumerate(labels)}
    codes = [position.get(sample.answer or "", len(labels)) for sample in samples]
    return np.array(codes, dtype=np.intp)


def target_codes(samples: Sequence[Sample], labels: Sequence[str]) -> npt.NDArray[np.intp]:
    """Position of each target among `labels` (examples,).

    Raises:
        BadDataError: a sample's target is not one of the labels.
    """
    position = {label: index for index, label in enumerate(labels)}
    for sample in samples:
        if sample.target not in position:
            raise BadDataError(
                f'The target {sample.target!r} of example "{sample.id}" is not one of the labels '
                f"{', '.join(labels)}.",
                "`harness run SUITE --again MODEL/TASK` asks it anew.",
            )
    return np.array([position[sample.target or ""] for sample in samples], dtype=np.intp)


def macro_f1(samples: Sequence[Sample], labels: Sequence[str]) -> SumStatistic:
    """The mean of F1 = 2 TP / (2 TP + FP + FN) over the labels that are due somewhere.

    A label without an example cannot be measured: it is left out, and who answers with it misses the
    label that was due. An unparsed answer misses its own label and is none of the others.
    Columns (examples, 3 x labels): whether the target, the answer, and both are each label.
    """
    codes = np.arange(len(labels))
    target = target_codes(samples, labels)[:, None] == codes
    answer = answer_codes(samples, labels)[:, None] == codes
    columns = np.hstack([target, answer, target & answer]).astype(np.float64)

    def finish(sums: FloatArray) -> FloatArray:
        targets, answers, hits = np.split(sums, 3, axis=1)
        due = targets > 0
        each = 2 * hits / np.where(due, targets + answers, 1.0)
        mean: FloatArray = np.where(due, each, 0.0).sum(axis=1) / due.sum(axis=1)
        return mean

    return SumStatistic(columns, finish)


def confusion(samples: Sequence[Sample], labels: Sequence[str]) -> npt.NDArray[np.intp]:
    """Counts by target (rows) and answer (columns), both in the order of `labels`.

    The last column counts the answers in which no label was found.

    Raises:
        BadDataError: a sample's target is not one of the labels.
    """
    counts = np.zeros((len(labels), len(labels) + 1), dtype=np.intp)
    np.add.at(counts, (target_codes(samples, labels), answer_codes(samples, labels)), 1)
    return counts


METRICS = (
    Metric(
        name="accuracy",
        label="Accuracy",
        higher_is_better=True,
        kind="proportion",
        explanation="The share of examples that the model labelled as a person did.",
        score=lambda answer: float(answer.text == answer.target),
        bounded=True,
    ),
    Metric(
        name="macro_f1",
        label="Macro F1",
        higher_is_better=True,
        kind="f1",
        explanation="The harmonic mean of precision and recall of each label that has examples, "
        "averaged with equal weight for each, so that a rare label counts as much as a common one; 1 "
        "is perfect.",
        made_of=macro_f1,
    ),
    Metric(
        name="unparsed",
        label="Unparsed answers",
        higher_is_better=False,
        kind="proportion",
        explanation="The share of answers in which no label could be found; each counts as wrong.",
        score=lambda answer: float(answer.text is None),
        bounded=True,
    ),
)
