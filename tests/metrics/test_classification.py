from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, f1_score

from harness.analysis.resampling import observed
from harness.metrics.classification import confusion
from harness.metrics.registry import METRICS
from tests.analysis.samples import classified

LABELS = ("a", "b", "c")
answered = st.lists(
    st.tuples(st.sampled_from(LABELS), st.sampled_from([*LABELS, None])), min_size=1, max_size=40
)


@given(answered)
def test_accuracy_and_macro_f1_are_those_of_scikit_learn(
    pairs: list[tuple[str, str | None]],
) -> None:
    targets, answers = [target for target, _ in pairs], [answer for _, answer in pairs]
    samples = classified(targets, answers)
    found = {
        name: observed(METRICS[name].statistic(samples, LABELS))
        for name in ("accuracy", "macro_f1")
    }
    given_ = [answer or "none" for answer in answers]
    assert found["accuracy"] == pytest.approx(accuracy_score(targets, given_))
    assert found["macro_f1"] == pytest.approx(
        f1_score(targets, given_, labels=sorted(set(targets)), average="macro", zero_division=0.0)
    )


def test_a_label_that_nobody_asked_for_is_left_out_of_macro_f1() -> None:
    """Five labels, three of them asked for: a perfect model has 1 and not 0.6; an answer with one of the
    others misses the label that was due, and is no label of its own."""
    targets = ["a", "b", "b", "c"]
    perfect, once = classified(targets, targets), classified(targets, ["a", "e", "b", "c"])
    macro_f1 = METRICS["macro_f1"]
    assert observed(macro_f1.statistic(perfect, "abcde")) == 1.0
    assert observed(macro_f1.statistic(once, "abcde")) == pytest.approx((1 + 2 / 3 + 1) / 3)


def test_confusion_counts_by_target_and_answer_with_the_unparsed_last() -> None:
    samples = classified(["a", "a", "b", "b"], ["a", None, "b", "a"])
    assert confusion(samples, ["a", "b"]).tolist() == [[1, 0, 1], [1, 1, 0]]


def test_confusion_of_nothing_is_all_zeros() -> None:
    assert confusion([], ["a", "b"]).tolist() == [[0, 0, 0], [0, 0, 0]]
