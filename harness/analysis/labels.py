"""Labels that were swapped: answers that fit another naming of the labels better than their own.

A data set whose `0` is another's `2`, or a mapping written the wrong way round, gives an accuracy
that looks like a bad model. It shows in the confusion matrix: there the answers are right about the
classes, and wrong about their names.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from harness.analysis.significance import mcnemar
from harness.metrics.classification import answer_codes, confusion, target_codes
from harness.records import Check, Sample

SIGNIFICANCE = 0.001
"""Over all ways of renaming the labels; a wrong accusation is worse than a missed one."""


def swapped_labels(
    samples: Sequence[Sample], labels: Sequence[str], model: str, task: str
) -> Check:
    """Looks for a renaming of the labels under which the answers fit better.

    The best renaming is found by assignment on the confusion matrix (Kuhn 1955). It counts where
    McNemar's exact test tells its hits from the plain ones, corrected for the number of renamings
    (Bonferroni), and where it beats always answering the commonest label: a model that knows nothing
    and favours one label is not accused.
    """
    from scipy.optimize import linear_sum_assignment

    targets, answers = target_codes(samples, labels), answer_codes(samples, labels)
    counts = confusion(samples, labels)
    meant, given = linear_sum_assignment(-counts[:, :-1])
    renamed = np.append(np.argsort(given), len(labels))[answers]
    plain, better = answers == targets, renamed == targets
    n = len(samples)
    p = mcnemar(int(np.sum(better & ~plain)), int(np.sum(plain & ~better)))
    commonest = int(counts.sum(axis=1).max()) if n else 0
    found = (
        bool(better.sum() > plain.sum())
        and p * (math.factorial(len(labels)) - 1) < SIGNIFICANCE
        and int(better.sum()) > commonest
    )
    figures = {"accuracy": float(plain.mean()) if n else 0.0}
    message, hint = "No renaming of the labels fits the answers better.", ""
    if found:
        moved = [
            f"{labels[one]} where {labels[other]} is right"
            for other, one in zip(meant.tolist(), given.tolist(), strict=True)
            if other != one
        ]
        message = (
            f"The labels look swapped: {model} answers {', '.join(moved)}; renamed so, "
            f"{better.mean():.1%} of its answers would be right instead of {plain.mean():.1%}."
        )
        hint = (
            "Compare some examples with their labels: in the data set, in the order of its label "
            "names, and in what the model was trained on."
        )
        figures["accuracy_renamed"] = float(better.mean())
    return Check(
        name="labels",
        model=model,
        task=task,
        status="failed" if found else "passed",
        message=message,
        hint=hint,
        figures=figures,
    )
