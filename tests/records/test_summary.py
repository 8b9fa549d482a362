"""A summary knows its cells by where they stand, whatever copies of it are made."""

from __future__ import annotations

from tests.reporting.fixture import quickstart


def test_a_cell_is_found_by_model_and_task_and_a_copy_finds_its_own() -> None:
    made = quickstart()
    for cell in made.cells:
        assert made.cell(cell.model, cell.task) is cell
    task = made.cells[0].task
    assert list(made.cells_of(task)) == [cell for cell in made.cells if cell.task == task]
    assert made.cell("nobody", task) is None and made.cells_of("nothing") == ()
    first = made.cells[0].model_copy(update={"n": 7})
    copied = made.model_copy(update={"cells": [first], "costs": []})
    assert copied.cell(first.model, first.task) is first
    assert len(copied.cells_of(task)) == 1 and copied.cell(made.cells[-1].model, "speed") is None
    assert made.cell(first.model, first.task) is made.cells[0]
    assert copied.model_copy() == copied.model_copy(update={"cells": [first]})
