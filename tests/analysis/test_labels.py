"""Swapped labels are found; models that are merely bad are not accused."""

from __future__ import annotations

import numpy as np

from harness.analysis.labels import swapped_labels
from harness.records import Check
from tests.analysis.samples import classified

LABELS = ("negative", "neutral", "positive")
SHARES = (0.125, 0.6, 0.275)


def drawn(rng: np.random.Generator, n: int) -> list[str]:
    return [str(label) for label in rng.choice(LABELS, size=n, p=SHARES)]


def answered(rng: np.random.Generator, targets: list[str], accuracy: float) -> list[str | None]:
    """Right with this chance, else another label."""
    return [
        target
        if rng.random() < accuracy
        else str(rng.choice([label for label in LABELS if label != target]))
        for target in targets
    ]


def check(targets: list[str], answers: list[str | None]) -> Check:
    return swapped_labels(classified(targets, answers), LABELS, "q4", "sentiment")


def test_swapped_labels_are_named() -> None:
    rng = np.random.default_rng(0)
    targets = drawn(rng, 300)
    swap = {"negative": "positive", "positive": "negative", "neutral": "neutral"}
    answers = [swap[answer or ""] for answer in answered(rng, targets, 0.85)]
    found = check(targets, list(answers))
    assert found.status == "failed"
    assert "negative where positive is right" in found.message
    assert "positive where negative is right" in found.message
    assert "neutral where" not in found.message
    assert found.figures["accuracy_renamed"] > 0.8 > 0.6 > found.figures["accuracy"]


def test_labels_in_a_circle_are_named() -> None:
    rng = np.random.default_rng(1)
    targets = drawn(rng, 200)
    turn = dict(zip(LABELS, (*LABELS[1:], LABELS[0]), strict=True))
    found = check(targets, [turn[target] for target in targets])
    assert found.figures == {"accuracy": 0.0, "accuracy_renamed": 1.0}
    assert all(f"{turn[label]} where {label} is right" in found.message for label in LABELS)


def test_a_good_model_passes() -> None:
    rng = np.random.default_rng(2)
    targets = drawn(rng, 300)
    assert check(targets, answered(rng, targets, 0.8)).status == "passed"


def test_a_model_that_favours_one_label_is_not_accused() -> None:
    rng = np.random.default_rng(3)
    targets = drawn(rng, 600)
    for label in LABELS:
        assert check(targets, [label] * 600).status == "passed"


def test_unparsed_answers_are_no_label() -> None:
    rng = np.random.default_rng(4)
    targets = drawn(rng, 100)
    assert check(targets, [None] * 100).status == "passed"
    assert check([], []).status == "passed"


def test_models_that_guess_are_not_accused() -> None:
    rng = np.random.default_rng(5)
    accused = 0
    for trial in range(500):
        targets = drawn(rng, 50 if trial % 2 else 600)
        answers: list[str | None] = [str(label) for label in rng.choice(LABELS, size=len(targets))]
        accused += check(targets, answers).status == "failed"
    assert accused == 0
