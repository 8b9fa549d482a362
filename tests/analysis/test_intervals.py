from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize, stats

from harness.analysis.intervals import (
    Interval,
    clopper_pearson,
    normal_quantile,
    proportion,
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


@pytest.mark.parametrize("n", [10, 50, 200])
@pytest.mark.parametrize("share", [0.0003, 0.003, 0.0035, 0.01, 0.02, 0.9, 0.95, 0.98, 0.99, 0.999])
def test_a_proportion_near_0_or_1_is_held_as_often_as_it_is_said(share: float, n: int) -> None:
    """Exactly, by enumeration; Wilson's holds one of 0.17 / n in 84% of cases. From 4 of n on, counts are
    whole numbers still, and no interval of them holds every share in 95%."""
    counts = np.arange(n + 1)
    found = [proportion(count, n) for count in counts.tolist()]
    held = np.array([(one.low or 0.0) <= share <= (one.high or 0.0) for one in found])
    assert float(stats.binom.pmf(counts, n, share)[held].sum()) >= (
        0.93 if round(n * min(share, 1 - share)) >= 4 else 0.95
    )


@pytest.mark.parametrize("count", [1, 2, 30])
def test_far_from_0_and_1_a_proportion_is_wilsons_and_near_them_exact(count: int) -> None:
    """`scipy` has both; 1 and 2 of 60 may be of shares at which even none would turn up."""
    found, exact = proportion(count, 60), stats.binomtest(count, 60)
    near = exact.proportion_ci(0.9, method="exact").low
    plain = exact.proportion_ci(0.95, method="wilson")
    assert found.low == pytest.approx(near if count < 3 else plain.low)
    assert found.high == pytest.approx(plain.high)


@pytest.mark.parametrize("count", [0, 3, 20])
def test_clopper_and_pearson_are_those_of_scipy(count: int) -> None:
    reference = stats.binomtest(count, 20).proportion_ci(0.9, method="exact")
    found = clopper_pearson(count, 20, 0.9)
    assert (found.low, found.high) == pytest.approx((reference.low, reference.high))


def test_two_rounds_are_said_to_be_approximate_and_many_are_not() -> None:
    assert student_t([1.0, 2.0]).approximate == "rounds"
    assert student_t(np.arange(30.0)).approximate is None


def test_nothing_observed_has_no_interval() -> None:
    none = Interval(None, None)
    assert proportion(0, 0) == clopper_pearson(0, 0) == none
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
