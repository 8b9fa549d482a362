"""What is told to be missing of results."""

from __future__ import annotations

from typing import Any

import pytest

from harness.records import Partial, TaskSummary
from harness.results.partial import partial_of
from harness.suite.schema import SuiteSpec
from tests.analysis.samples import descriptors

GATES = [
    {"compare": "ladder", "task": "sentiment", "metric": "accuracy", "max_drop": 0.03},
    {"models": ["q4"], "task": "sentiment", "metric": "accuracy", "min": 0.5},
    {"models": ["q4"], "against": "baseline", "task": "sentiment", "metric": "accuracy", "max_drop": 1},
]  # fmt: skip
CELLS = [(model, "sentiment") for model in ("f16", "q8", "q4")]


def spec(limit: int | None = None, of_task: int | None = None, **tasks: Any) -> SuiteSpec:
    sentiment = {"type": "classify", "dataset": "phrasebank-sample", "limit": of_task}
    return SuiteSpec.model_validate(
        {
            "name": "s",
            "defaults": {"limit": limit},
            "models": {model: {"source": "starter"} for model, _ in CELLS},
            "tasks": {"sentiment": sentiment, **tasks},
            "compare": {"ladder": {"baseline": "f16", "candidates": ["q8", "q4"]}},
            "gates": GATES,
        }
    )


def found(available: int | None) -> dict[str, TaskSummary]:
    metrics = descriptors("classify")
    of = TaskSummary(type="classify", description="", available=available, metrics=metrics)
    return {"sentiment": of}


def test_the_whole_lacks_nothing() -> None:
    assert partial_of(spec(), found(600), CELLS, CELLS, None) is None


@pytest.mark.parametrize(
    ("answered", "gates"),
    [(CELLS[:2], 2), (CELLS[1:], 2), (CELLS[:1], 3), ([], 3), ([CELLS[0], CELLS[2]], 1)],
)
def test_missing_cells_are_named_and_the_verdicts_that_wait_for_them_counted(
    answered: list[tuple[str, str]], gates: int
) -> None:
    partial = partial_of(spec(), found(600), CELLS, answered, None)
    missing = [cell for cell in CELLS if cell not in answered]
    assert partial == Partial(missing=missing, gates=gates)


@pytest.mark.parametrize(
    ("limit", "of_suite", "of_task", "available", "smaller"),
    [
        (10, None, None, 600, True),
        (10, None, None, None, True),
        (600, None, None, 600, False),
        (200, 200, None, 600, False),
        (199, 200, None, 600, True),
        (50, 200, 50, 600, False),
        (100, 50, 200, 600, True),
        (100, 200, None, 80, False),
    ],
)
def test_a_limit_is_partial_where_the_suite_asks_for_more(
    limit: int, of_suite: int | None, of_task: int | None, available: int | None, smaller: bool
) -> None:
    partial = partial_of(spec(of_suite, of_task), found(available), CELLS, CELLS, limit)
    assert partial == (Partial(limit=limit) if smaller else None)


@pytest.mark.parametrize(("limit", "smaller"), [(1, True), (2, False)])
def test_prompts_of_the_users_own_are_all_asked_for(limit: int, smaller: bool) -> None:
    asked = spec(1, own={"type": "write", "prompts": ["One", "Two"]})
    assert (partial_of(asked, found(1), CELLS, CELLS, limit) is not None) == smaller
