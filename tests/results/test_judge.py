"""Which models of a suite are held against one another on which tasks."""

from __future__ import annotations

from typing import Any

import pytest

from harness.analysis.answers import CellAnswers, TaskAnswers
from harness.metrics.registry import metrics_of
from harness.results.judge import SuiteAnswers
from harness.suite.schema import SuiteSpec
from tests.results.made import classified

MODELS = ("f16", "q8", "q4")


def compared(models: list[str] | None) -> set[tuple[str, str | None]]:
    """The candidates that are compared on a task for these models, and why there is no figure."""
    task: dict[str, Any] = {"type": "classify", "dataset": "phrasebank-sample"}
    if models is not None:
        task["models"] = models
    spec = SuiteSpec.model_validate(
        {
            "name": "ladder",
            "models": {name: {"source": "starter"} for name in MODELS},
            "tasks": {"sentiment": task},
            "compare": {"ladder": {"baseline": "f16", "candidates": ["q8", "q4"]}},
        }
    )
    asked = {name: CellAnswers(classified([True] * 30, name)) for name in models or MODELS}
    answers = TaskAnswers(
        "classify", {metric.name: metric for metric in metrics_of("classify")}, asked
    )
    found = SuiteAnswers(spec, {"sentiment": answers}).compare("ladder")
    return {(one.candidate, one.reason) for one in found}


@pytest.mark.parametrize(
    ("models", "candidates"),
    [(None, {"q8", "q4"}), (["f16", "q4"], {"q4"}), (["q8", "q4"], set()), (["f16"], set())],
)
def test_what_a_task_leaves_out_is_no_missing_answer(
    models: list[str] | None, candidates: set[str]
) -> None:
    assert compared(models) == {(candidate, None) for candidate in candidates}
