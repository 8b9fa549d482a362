"""A cell that nodes without shared folders ask in parts."""

from __future__ import annotations

from contextlib import suppress

import pytest

from harness.executors.keeping import LostError
from tests.executors.test_away import ANSWERS, Place, place

__all__ = ["place"]


@pytest.mark.parametrize("end", [None, LostError, KeyboardInterrupt])
def test_parts_of_a_cell_on_several_nodes_are_joined_on_one(
    place: Place,
    end: type[BaseException] | None,
) -> None:
    """Undisturbed; and where, once answers of a part were told, its node goes away, or the driver does."""
    place.cluster.end = None if end is None else end("gone")
    outcome = None
    while outcome is None:
        with suppress(KeyboardInterrupt):
            outcome = place.run(division={("base", "sentiment"): 2})
    assert not outcome.failures and all(cell.n == ANSWERS for cell in outcome.summary.cells)
    if end is not None:
        assert {"base/sentiment/part-1", "base/sentiment/part-2"} <= set(place.cluster.told)
    folder = place.results.cell("base", "sentiment")
    cell = folder.result(thoroughly=True)
    assert cell is not None and not folder.parts()
    samples = folder.samples(cell.key)
    assert [of.index for of in samples] == list(range(ANSWERS))
    asked = [of for node in place.nodes for of in node.done if of.startswith("base/sentiment")]
    assert set(asked) == {f"base/sentiment {index}" for index in range(ANSWERS)}
    twice = len(asked) - ANSWERS
    assert twice == 0 if end is None else twice <= 2, "at most what a part had not told of yet"
    assert place.run().unchanged
