"""Training curves are thinned without losing a step."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.records import Learned
from harness.reporting.blocks import plain
from harness.reporting.tuning import binned_curve, cost, own_trainings
from tests.reporting.fixture import quickstart
from tests.reporting.fixture_models import curve


@given(st.integers(min_value=0, max_value=150), st.integers(min_value=1, max_value=60))
def test_bins_hold_every_step_once(steps: int, most: int) -> None:
    points = curve(3.0, 1.0, steps) if steps else []
    bins = binned_curve(points, most)
    assert len(bins) == min(most, steps)
    if steps and steps % most == 0:
        mean = sum(p.loss for p in points) / steps
        assert sum(p.loss for p in bins) / len(bins) == pytest.approx(mean)
    assert [p.step for p in bins][-1:] == [p.step for p in points][-1:]


def test_a_training_that_descendants_carry_too_is_shown_once() -> None:
    models = quickstart().models
    assert models["lora-q4"].training == models["lora"].training
    assert list(own_trainings(quickstart())) == ["lora", "qlora"]


def test_where_a_training_was_interrupted_stands_below_what_it_cost() -> None:
    (at,) = curve(3.0, 1.5, 1)
    of = own_trainings(quickstart())["lora"]
    assert len(cost({"lora": of}).notes) == 1
    twice = of.model_copy(update={"interrupted": [at, at], "resumed": [0, 20]})
    _, note = cost({"lora": twice}).notes
    assert note == (
        f"lora was interrupted at step 1 (loss {at.loss:.3f}), and began anew, at step 1 "
        f"(loss {at.loss:.3f}), and went on from step 20.",
    )
    older = of.model_copy(update={"interrupted": [at]})
    assert "and began anew." in str(cost({"lora": older}).notes[1])


def test_few_points_stay_as_they_are() -> None:
    points = curve(3.0, 1.0, 5)
    assert binned_curve(points, 60) == points


def test_losses_of_mixed_data_are_means_of_quarters() -> None:
    """Batches of two data sets alternate: the first and the last tenth may be of either."""
    of = own_trainings(quickstart())["lora"]
    zigzag = [
        p.model_copy(update={"loss": p.loss + at % 2}) for at, p in enumerate(curve(3.0, 1.0, 40))
    ]
    parts = [Learned(kind="task", name=name, rows=9, learned=9, left_out={}) for name in ("a", "b")]
    mixed = of.model_copy(update={"learned": parts, "curve": zigzag, "final_loss": 99.0})
    first, last = ([p.loss for p in part] for part in (zigzag[:10], zigzag[30:]))
    (row,) = cost({"lora": mixed}).rows
    assert row.fields[-1].text == f"{sum(first) / 10:.3f} → {sum(last) / 10:.3f}"
    assert any("quarter" in plain(note) for note in cost({"lora": mixed}).notes)
    alone = mixed.model_copy(update={"learned": parts[:1]})
    assert cost({"lora": alone}).rows[0].fields[-1].text == f"{of.first_loss:.3f} → 99.000"
