"""Intervals that are marked, labels that are named."""

from __future__ import annotations

from harness.records import Summary
from harness.reporting.approximate import approximate_notes, rare_label_notes
from harness.reporting.blocks import plain
from harness.reporting.measures import figure
from harness.reporting.tables import matrix, task_table
from tests.reporting.fixture import quickstart


def with_doubt(metric: str, doubt: str) -> Summary:
    """The quickstart, where every value of a metric is approximate."""
    made = quickstart()
    cells = [
        cell.model_copy(
            update={
                "metrics": {
                    name: value.model_copy(update={"approximate": doubt})
                    if name == metric
                    else value
                    for name, value in cell.metrics.items()
                }
            }
        )
        for cell in made.cells
    ]
    return made.model_copy(update={"cells": cells})


def with_labels(counts: dict[str, int]) -> Summary:
    """The quickstart, where so many examples of each label were asked."""
    made = quickstart()
    matrix = [[0] * len(counts) + [count] for count in counts.values()]
    details = {"confusion": {"labels": list(counts), "matrix": matrix}}
    cells = [
        cell.model_copy(update={"details": details}) if cell.task == "sentiment" else cell
        for cell in made.cells
    ]
    return made.model_copy(update={"cells": cells})


def said(summary: Summary, task: str) -> str:
    return "\n".join(plain(note) for note in rare_label_notes(summary, task))


def test_an_approximate_figure_bears_a_sign_and_its_table_says_why() -> None:
    made = with_doubt("rougeL", "uneven")
    shown = task_table(made, "dialogue")
    assert any("≈[" in field.detail for row in shown.rows for field in row.fields)
    assert "a handful of examples makes most of the spread" in "\n".join(map(plain, shown.notes))
    assert "≈: an approximate interval" in "\n".join(map(plain, matrix(made).notes))


def test_where_no_interval_is_approximate_nothing_is_said_of_it() -> None:
    made = quickstart()
    assert "≈" not in "\n".join(
        map(plain, [*matrix(made).notes, *task_table(made, "dialogue").notes])
    )
    assert approximate_notes(made, [None, None]) == []
    value = made.cells[0].metrics["accuracy"]
    assert "≈" not in figure(made.tasks["sentiment"].metric("accuracy"), value).detail


def test_labels_with_few_examples_or_none_are_named() -> None:
    text = said(with_labels({"joy": 40, "fear": 9, "awe": 0}), "sentiment")
    assert "sentiment has no example of awe, of which nothing can be known" in text
    assert "sentiment has few examples of fear (9):" in text
    assert "joy" not in text
    assert said(with_labels({"joy": 40, "fear": 10}), "sentiment") == ""
    assert said(quickstart(), "dialogue") == ""


def test_of_many_labels_some_are_named() -> None:
    text = said(with_labels({f"label-{n}": 1 for n in range(20)}), "sentiment")
    assert "label-7 (1)" in text and "label-8 (1)" not in text and "12 more" in text
