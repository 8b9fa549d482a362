"""Quality against total bits, where a suite has models of several sizes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from harness.records import Cell, SourceStep, Summary
from harness.reporting.blocks import Charts, Table
from harness.reporting.charts import Point, front
from harness.reporting.scaling import scaling_blocks
from tests.reporting.fixture import quickstart

RUNGS = ("lora-f16", "lora-q8", "lora-q5", "lora-q4")


def with_a_larger_size(times: int = 4, better: float = 0.05) -> Summary:
    """The quickstart, and the same rungs of a model with as many times the parameters."""
    small = quickstart()
    models, cells = dict(small.models), list(small.cells)
    for name in RUNGS:
        model = models[name]
        assert model.parameters is not None and model.bytes is not None
        update = {
            "lineage": [SourceStep(name="large"), *model.lineage[1:]],
            "parameters": times * model.parameters,
            "bytes": times * model.bytes,
        }
        models[f"large-{name}"] = model.model_copy(update=update)
        for cell in small.cells:
            if cell.model == name and cell.task in ("sentiment", "dialogue"):
                cells.append(_better(cell, f"large-{name}", better))
    return small.model_copy(update={"models": models, "cells": cells})


def _better(cell: Cell, model: str, by: float) -> Cell:
    metrics = {
        name: value.model_copy(update={"value": (value.value or 0) + by})
        for name, value in cell.metrics.items()
    }
    return cell.model_copy(update={"model": model, "metrics": metrics})


def test_a_chart_and_a_table_for_each_graded_task_of_two_sizes() -> None:
    blocks = scaling_blocks(with_a_larger_size())
    (charts,) = [block for block in blocks if isinstance(block, Charts)]
    tables = [block for block in blocks if isinstance(block, Table)]
    assert len(charts.charts) == 2
    assert all("total bits (Gbit" in c.svg and "large" in c.svg for c in charts.charts)
    assert [table.caption.split(": ", 1)[1] for table in tables] == [
        "sentiment: accuracy",
        "dialogue: ROUGE-L",
    ]


def test_total_bits_are_parameters_times_bits_per_weight() -> None:
    summary = with_a_larger_size()
    model = summary.models["large-lora-f16"]
    (table, *_) = [block for block in scaling_blocks(summary) if isinstance(block, Table)]
    bits = {row.fields[0].text: row.fields[2].text for row in table.rows}
    assert model.parameters is not None and model.bits_per_weight is not None
    expected = model.parameters * model.bits_per_weight / 1e9
    assert float(bits["large-lora-f16"]) == round(expected, 3)


def test_one_size_has_no_such_chart() -> None:
    assert scaling_blocks(quickstart()) == []
    assert scaling_blocks(with_a_larger_size(times=1)) == []


def test_the_front_holds_what_no_smaller_model_matches() -> None:
    points = [
        Point("a", 1.0, 0.5),
        Point("b", 2.0, 0.4),
        Point("c", 3.0, 0.7),
        Point("d", 4.0, 0.7),
        Point("e", 1.0, 0.6),
    ]
    assert [p.name for p in front(points, higher=True)] == ["e", "c"]
    assert [p.name for p in front(points, higher=False)] == ["a", "b"]


@given(
    st.lists(st.tuples(st.integers(1, 9), st.integers(0, 9)), min_size=1, max_size=12),
    st.booleans(),
)
def test_every_model_is_matched_by_one_of_the_front(
    pairs: list[tuple[int, int]], higher: bool
) -> None:
    points = [Point(str(n), size, value) for n, (size, value) in enumerate(pairs)]
    sign = 1 if higher else -1
    best = front(points, higher)
    for point in points:
        assert any(p.x <= point.x and sign * p.y >= sign * point.y for p in best)
    for point in best:
        others = [p for p in points if p.x <= point.x and p is not point]
        assert not any(sign * p.y > sign * point.y for p in others)
