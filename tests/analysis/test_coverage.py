"""Intervals hold the truth, and gates are right, about as often as they say.

Small versions of what `make bench` simulates; docs/statistics.md has the figures. The bands are
four standard errors of chance, on top of what few resamples and few documents cost.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from harness.analysis.power import detectable
from tests.benchmarks.coverage import simulate
from tests.benchmarks.gate_runs import Asked, compared, followed, judged, rouge
from tests.benchmarks.wide_worlds import WIDE_UNSAMPLED, WIDE_WORLDS
from tests.benchmarks.worlds import UNSAMPLED, WORLDS

TRIALS = {50: 300, 200: 120}
CERTAIN = 0.94


@pytest.mark.parametrize("n", TRIALS)
@pytest.mark.parametrize("world", WORLDS)
def test_intervals_hold_the_truth_about_as_often_as_they_say(world: str, n: int) -> None:
    trials, resamples = TRIALS[n], 400
    if world in UNSAMPLED:
        trials, resamples = 3_000, 0
    slack = 4 * math.sqrt(CERTAIN * (1 - CERTAIN) / trials)
    for name, one in simulate(WORLDS[world], n, trials, resamples, seed=n).items():
        assert abs(one.share - CERTAIN) <= slack + 0.01, name


@pytest.mark.parametrize("world", WIDE_WORLDS)
def test_intervals_of_what_users_bring_hold_the_truth_or_say_that_they_may_not(world: str) -> None:
    n, trials, resamples = 120, 100, 400
    if world in WIDE_UNSAMPLED:
        n, trials, resamples = (5 if world == "outliers" else 50), 2_000, 0
    slack = 4 * math.sqrt(CERTAIN * (1 - CERTAIN) / trials)
    for name, one in simulate(WIDE_WORLDS[world], n, trials, resamples, seed=n).items():
        assert one.share >= CERTAIN - slack - 0.01 or one.marked_share >= 0.5, name


def test_a_loss_of_scores_as_large_as_is_detectable_is_shown_in_80_percent() -> None:
    """Half of the summaries written anew; each pilot says its own figure, and is tried once."""
    rng, shown, asked = np.random.default_rng(5), 0, 60
    for _ in range(asked):
        pilot = compared("rougeL", rouge(rng, 60, 0.0), 60)
        assert pilot.churn is not None
        least = detectable(pilot.churn, 60)
        assert least is not None
        found = compared("rougeL", rouge(rng, 60, least), 60)
        shown += found.high is not None and found.high < 0 and (found.p or 0.0) <= 0.05
    assert shown / asked >= 0.8


@pytest.mark.parametrize("metric", ["accuracy", "rougeL"])
def test_a_model_that_has_not_changed_hardly_ever_fails(metric: str) -> None:
    gates = Asked("max_drop", 0.03), Asked("must", 0.0)
    for gate, found in judged(metric, gates, drop=0.0, n=50, runs=200, seed=1).items():
        assert found.share("not met") <= 0.05, gate


@pytest.mark.parametrize("metric", ["accuracy", "rougeL"])
def test_with_as_many_examples_as_recommended_a_loss_is_told_from_no_change(metric: str) -> None:
    same = followed(metric, 0.05, drop=0.0, pilot=40, runs=40, seed=2)
    lost = followed(metric, 0.05, drop=0.1, pilot=40, runs=40, seed=3)
    assert same.recommended and min(same.recommended) > 40
    assert same.share("met") >= 0.9
    assert lost.share("not met") >= 0.9
