"""What the report says of each task before its figures."""

from __future__ import annotations

from harness.records import Summary
from harness.reporting.blocks import plain
from harness.reporting.compare import task_line
from tests.reporting.fixture import quickstart


def said_of(summary: Summary, task: str) -> str:
    return plain(task_line(summary, task))


def test_a_task_that_some_models_are_asked_names_them() -> None:
    whole = quickstart()
    timed = ("lora-f16", "lora-q4")
    cells = [cell for cell in whole.cells if cell.task != "speed" or cell.model in timed]
    assert said_of(quickstart(cells=cells), "speed").endswith("Only of lora-f16 and lora-q4.")
    assert "Only of" not in said_of(whole, "speed")
    assert "Only of" not in said_of(quickstart(cells=[]), "speed")
