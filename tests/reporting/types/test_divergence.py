"""What 16 bits alone change stands beside every divergence, or why it was not measured."""

from __future__ import annotations

from typing import Any

from harness.records import Summary, Value
from harness.reporting.markdown import markdown
from harness.reporting.sections import document
from tests.reporting.fixture import quickstart, tasks

FLOOR = {"kl_mean": Value(value=2.7e-7, low=2.3e-7, high=3.0e-7), "kl_max": Value(value=4.8e-7)}


def report(**changes: Any) -> str:
    of = tasks()
    summary: Summary = quickstart(
        tasks={**of, "fidelity": of["fidelity"].model_copy(update=changes)}
    )
    return markdown(document(summary))


def test_the_floor_is_a_row_of_the_divergence_and_of_the_overview() -> None:
    text = report(floors={"16-bit": FLOOR})
    rows = [line for line in text.splitlines() if line.startswith("| *16-bit rounding")]
    assert len(rows) == 2
    assert all("2.7e−7 [2.3e−7, 3.0e−7]" in row for row in rows)
    assert "within 16-bit rounding noise" in text
    assert "16-bit rounding is how far `lora-f16` in 16 bits lies from its own weights" in text


def test_where_it_was_not_measured_the_reader_is_told_why() -> None:
    text = report(settings={"16-bit rounding": "not measured: lora-f16 is itself quantized"})
    assert (
        "What 16 bits alone change in `lora-f16` was not measured: lora-f16 is itself quantized."
        in text
    )
    assert "*16-bit rounding*" not in text
