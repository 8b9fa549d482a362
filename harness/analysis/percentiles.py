"""Percentiles and means of requests that follow each other on one server, and how sure they are.

A request waits for those before it, so neighbours are alike, and n of them say less than n independent
ones. How much less is seen in the series itself: its integrated autocorrelation time tau, up to where
pairs of autocorrelations become negative (Geyer, "Practical Markov chain Monte Carlo", Statistical
Science 7, 1992). Bounds of a percentile are order statistics, as of n / tau independent values; those of
a mean are Student's over batches (Law and Carson, Operations Research 27, 1979).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.analysis.intervals import NO_INTERVAL, Interval, student_t
from harness.metrics.statistic import FloatArray
from harness.records import Approximate, Value

BATCHES = 10
LEAST_IN_A_BATCH = 2
FEW_FREE = 50
"""Below so many independent requests a series is too short to see how alike neighbours are: bounds of
percentiles of an M/M/1 queue at 80% hold 60 to 90% of the time rather than 95 (tests/analysis)."""
ALIKE = 1.5
"""Correlation time from which on that counts."""


def correlation_time(series: FloatArray) -> float:
    """The integrated autocorrelation time (at least 1): n values say as much as n / it independent ones."""
    n = len(series)
    centred = series - series.mean()
    variance = float(centred @ centred) / n if n else 0.0
    if n < 4 or variance <= 0:
        return 1.0
    size = 1 << (2 * n - 1).bit_length()
    spectrum = np.fft.rfft(centred, size)
    correlations = np.fft.irfft(spectrum * np.conj(spectrum), size)[:n] / (n * variance)
    total = -1.0
    for lag in range(0, n - 1, 2):
        pair = float(correlations[lag] + correlations[lag + 1])
        if pair <= 0:
            break
        total += 2 * pair
    return min(max(1.0, total), float(n))


def percentile(values: FloatArray, level: float, confidence: float = 0.95) -> Value:
    """A percentile (inverted distribution function) of values in their order, and n.

    No bounds where so few values cannot bound it from both sides: of p99 that takes 368 at 95%.
    """
    n = len(values)
    if n == 0:
        return Value(value=None, n=0)
    point = float(np.quantile(values, level, method="inverted_cdf"))
    tau = correlation_time((values <= point).astype(np.float64))
    bounds = _bounds(np.sort(values), tau, level, confidence)
    return Value(value=point, low=bounds.low, high=bounds.high, n=n, approximate=bounds.approximate)


def _bounds(ordered: FloatArray, tau: float, level: float, confidence: float) -> Interval:
    from scipy.stats import binom

    n = len(ordered)
    effective = max(1, math.floor(n / tau))
    miss = (1 - confidence) / 2
    low = int(binom.ppf(miss, effective, level))
    high = int(binom.ppf(1 - miss, effective, level)) + 1
    if low < 1 or high > effective:
        return NO_INTERVAL
    scale = n / effective
    first, last = math.floor(low * scale + 1e-9), math.ceil(high * scale - 1e-9)
    doubt: Approximate | None = "queued" if tau > ALIKE and effective < FEW_FREE else None
    return Interval(float(ordered[first - 1]), float(ordered[last - 1]), doubt)


def too_few(n: int, level: float) -> bool:
    """Whether a percentile of n values is nothing but the largest of them."""
    return n * (1 - level) < 1 - 1e-9


def mean(values: FloatArray, confidence: float = 0.95) -> Value:
    """The mean of values in their order, with an interval over batches of neighbours, and n."""
    if not len(values):
        return Value(value=None, n=0)
    return _over_batches(float(values.mean()), len(values), _batches(values), confidence)


def _batches(values: FloatArray) -> list[float]:
    if len(values) < BATCHES * LEAST_IN_A_BATCH:
        return []
    return [float(part.mean()) for part in np.array_split(values, BATCHES)]


@dataclass(frozen=True)
class Events:
    """What happened when: moments in seconds from the beginning of a window, and how much each counts."""

    moments: FloatArray
    weights: FloatArray

    @classmethod
    def of(cls, moments: Sequence[float]) -> Events:
        """Events that count one each."""
        return cls(np.array(moments, dtype=np.float64), np.ones(len(moments)))

    def rate(self, seconds: float, confidence: float = 0.95) -> Value:
        """How much happened per second within a window, with an interval over parts of it, and n."""
        within = (self.moments >= 0) & (self.moments <= seconds)
        n = int(within.sum())
        if seconds <= 0 or n == 0:
            return Value(value=None, n=n)
        value = float(self.weights[within].sum()) / seconds
        parts: list[float] = []
        if n >= BATCHES * LEAST_IN_A_BATCH:
            edges = np.linspace(0.0, seconds, BATCHES + 1)
            sums, _ = np.histogram(self.moments[within], edges, weights=self.weights[within])
            parts = (sums * BATCHES / seconds).tolist()
        return _over_batches(value, n, parts, confidence)


def _over_batches(value: float, n: int, parts: Sequence[float], confidence: float) -> Value:
    found = student_t(parts, confidence)
    if found.low is None or found.high is None:
        return Value(value=value, n=n)
    half = (found.high - found.low) / 2
    return Value(
        value=value,
        low=max(0.0, value - half),
        high=value + half,
        n=n,
        approximate="queued",
    )
