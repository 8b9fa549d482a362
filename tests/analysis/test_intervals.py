from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize, stats

from harness.analysis.intervals import (
    Interval,
    normal_quantile,
    student_t,
    tango,
    wilson,
)


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),  # Newcombe (1998), "Two-sided confidence intervals for the
        (15, 148, 0.0624, 0.1605),  # single proportion", table I, method 3
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_gives_the_published_intervals(
    successes: int, n: int, low: float, high: float
) -> None:
    interval = wilson(successes, n)
    assert interval.low == pytest.approx(low, abs=5e-5)
    assert interval.high == pytest.approx(high, abs=5e-5)


@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.99])
def test_wilson_agrees_with_scipy(confidence: float) -> None:
    reference = stats.binomtest(15, 20).proportion_ci(confidence, method="wilson")
    interval = wilson(15, 20, confidence)
    assert interval.low == pytest.approx(reference.low, abs=1e-12)
    assert interval.high == pytest.approx(reference.high, abs=1e-12)


@pytest.mark.parametrize(("successes", "n"), [(0, 1), (1, 1), (0, 50), (50, 50)])
def test_wilson_keeps_its_width_where_all_answers_are_alike(successes: int, n: int) -> None:
    interval = wilson(successes, n)
    assert interval.low is not None and interval.high is not None
    assert 0 <= interval.low <= successes / n <= interval.high <= 1
    assert interval.high - interval.low > 0.05


def test_nothing_observed_has_no_interval() -> None:
    none = Interval(None, None)
    assert wilson(0, 0) == none
    assert tango(0, 0, 0) == none
    assert student_t([]) == none
    assert student_t([3.0]) == none


def test_tango_gives_the_published_interval() -> None:
    """Airway reactivity: Fagerland, Lydersen and Laake, "Recommended tests and confidence
    intervals for paired binomial proportions", Statistics in Medicine 33 (2014)."""
    interval = tango(gained=1, lost=7, n=21)
    assert interval.low == pytest.approx(-0.517, abs=5e-4)
    assert interval.high == pytest.approx(-0.026, abs=5e-4)


def likelihood_score(gained: int, lost: int, n: int, delta: float) -> float:
    """Tango's statistic with the constrained likelihood maximized numerically."""

    def negative(share_lost: float) -> float:
        alike = 1 - 2 * share_lost - delta
        return -float(
            gained * np.log(share_lost + delta)
            + lost * np.log(share_lost)
            + (n - gained - lost) * np.log(alike)
        )

    bounds = (max(0.0, -delta) + 1e-12, (1 - delta) / 2 - 1e-12)
    best = optimize.minimize_scalar(
        negative, bounds=bounds, method="bounded", options={"xatol": 1e-12}
    )
    variance = n * (2 * float(best.x) + delta * (1 - delta))
    return float((gained - lost - n * delta) / np.sqrt(variance))


@pytest.mark.parametrize(("gained", "lost", "n"), [(12, 2, 50), (3, 9, 200), (5, 5, 30)])
def test_tango_bounds_are_where_the_likelihood_score_is_critical(
    gained: int, lost: int, n: int
) -> None:
    interval = tango(gained, lost, n, 0.9)
    assert interval.low is not None and interval.high is not None
    z = normal_quantile(0.95)
    assert likelihood_score(gained, lost, n, interval.low) == pytest.approx(z, abs=1e-3)
    assert likelihood_score(gained, lost, n, interval.high) == pytest.approx(-z, abs=1e-3)


def test_two_models_that_answer_alike_are_not_known_to_be_equal() -> None:
    """Closed form for no changes: z^2 / (n + z^2)."""
    z = normal_quantile(0.975)
    interval = tango(0, 0, 40)
    assert interval.high == pytest.approx(z * z / (40 + z * z), abs=1e-9)
    assert interval.low == pytest.approx(-z * z / (40 + z * z), abs=1e-9)


def test_tango_reaches_the_ends_of_its_range() -> None:
    assert tango(7, 0, 7).high == 1.0
    assert tango(0, 7, 7).low == -1.0


def test_student_t_agrees_with_scipy() -> None:
    values = [10.0, 12.5, 11.0, 14.0, 9.5]
    reference = stats.ttest_1samp(values, 0).confidence_interval(0.9)
    interval = student_t(values, 0.9)
    assert interval.low == pytest.approx(reference.low)
    assert interval.high == pytest.approx(reference.high)
