"""Metrics that are a Python function."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.errors import BadDataError
from harness.metrics.answers import Scored
from harness.metrics.python_metric import open_function
from harness.suite.metrics import own_ref
from harness.suite.schema import OwnMetric
from tests.metrics.metrics import answered, nobody

FILE = """\
from fractions import Fraction

import numpy as np


def length(prediction, target):
    return len(prediction)


def copied(prediction, target, text):
    return prediction in text


def at_most(prediction, target, limit=3):
    return len(prediction) <= limit


def several(prediction, target):
    return {"words": len(prediction.split()), "half": Fraction(1, 2), "np": np.float32(0.25)}


def divided(prediction, target):
    return 1 / len(target)


def nothing(prediction, target):
    pass


def endless(prediction, target):
    return float("inf")


def alone(prediction):
    return 1
"""
ANSWERS = answered(("a b", "x"), ("abcd", "y"), text="abcd e")


def scored(folder: Path, function: str, **more: Any) -> Scored:
    (folder / "mine.py").write_text(FILE)
    metric = OwnMetric(python=f"mine.py:{function}", **more)
    return open_function(own_ref(metric, folder))(ANSWERS, (), nobody)


def test_a_function_scores_each_answer(tmp_path: Path) -> None:
    assert scored(tmp_path, "length").scores == {"length": [3.0, 4.0]}


def test_a_function_of_three_is_given_the_examples_text(tmp_path: Path) -> None:
    assert scored(tmp_path, "copied").scores == {"copied": [0.0, 1.0]}


def test_a_third_parameter_with_a_default_is_the_functions_own(tmp_path: Path) -> None:
    assert scored(tmp_path, "at_most").scores == {"at_most": [1.0, 0.0]}


def test_arguments_are_passed_on(tmp_path: Path) -> None:
    assert scored(tmp_path, "at_most", args={"limit": 4}).scores == {"at_most": [1.0, 1.0]}


def test_figures_of_a_mapping_are_chosen_by_key(tmp_path: Path) -> None:
    assert scored(tmp_path, "several", key="words").scores == {"words": [2.0, 1.0]}
    assert scored(tmp_path, "several", key=["half", "np"], name="mine").scores == {
        "mine_half": [0.5, 0.5],
        "mine_np": [0.25, 0.25],
    }


@pytest.mark.parametrize(
    ("function", "more", "says"),
    [
        ("several", {}, r"mine\.py: `several` .*are several; there are: words, half, np"),
        ("several", {"key": "wrods"}, "has no `wrods`; there are: words, half, np"),
        ("length", {"key": "words"}, "gave 3, which has no `words`"),
        ("length", {"binary": True}, "gave 3, and `binary: true` allows 0 and 1 only"),
        ("nothing", {}, "gave None, which is no finite number"),
        ("endless", {}, "gave inf, which is no finite number"),
        ("alone", {}, r"`alone\(prediction\)` does not take \(prediction, target\)"),
        ("length", {"args": {"limit": 3}}, "does not take .* with limit"),
    ],
)
def test_what_is_no_score_is_told(
    tmp_path: Path, function: str, more: dict[str, Any], says: str
) -> None:
    with pytest.raises(BadDataError, match=says):
        scored(tmp_path, function, **more)


def test_an_error_of_the_function_is_told_with_its_line_and_the_example(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(FILE)
    score = open_function(own_ref(OwnMetric(python="mine.py:divided"), tmp_path))
    line = FILE.splitlines().index("    return 1 / len(target)") + 1
    with pytest.raises(BadDataError) as caught:
        score(answered(("a", "b"), ("a", "")), (), nobody)
    assert caught.value.message == (
        f'{tmp_path / "mine.py"}:{line}: cannot score the answer to "example-1": '
        "ZeroDivisionError: division by zero"
    )
