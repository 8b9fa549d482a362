"""How often a difference is shown that is as large as a comparison says is detectable.

A pilot of n examples saw some flips. The candidates are then asked anew, one of them worse by what was
said, and judged as a comparison judges them: Tango's interval excludes zero, and Holm's adjusted p agrees.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from harness.analysis.intervals import tango
from harness.analysis.power import Churn, detectable
from harness.analysis.significance import holm, mcnemar

CASES = (
    (30, 1, 1),
    (50, 2, 1),
    (100, 0, 0),
    (200, 2, 1),
    (200, 5, 6),
    (200, 25, 20),
    (600, 2, 2),
    (600, 12, 15),
    (2_000, 3, 1),
    (2_000, 30, 35),
)
"""Examples, and flips either way that a pilot saw."""


@dataclass(frozen=True)
class Pilot:
    """What was seen, and how many candidates are compared."""

    n: int
    gained: int
    lost: int
    candidates: int

    @property
    def churn(self) -> Churn:
        changes = np.zeros(self.n)
        changes[: self.gained] = 1.0
        changes[self.gained : self.gained + self.lost] = -1.0
        found = Churn.of(changes, reach=1.0)
        assert found is not None
        return found

    @property
    def detectable(self) -> float | None:
        """As a comparison says it."""
        return detectable(self.churn, self.n, candidates=self.candidates)

    def churns(self) -> dict[str, float]:
        """What the share that changes besides may have been."""
        seen = (self.gained + self.lost) / self.n
        return {"none": 0.0, "as seen": seen, "upper limit": self.churn.upper}


def shown(pilot: Pilot, least: float, churn: float, trials: int, seed: int) -> float:
    """The share of trials in which a loss of `least` is shown, while `churn` changes either way."""
    rng = np.random.default_rng(seed)
    n, noise = pilot.n, [churn / 2, churn / 2, 1 - churn]
    lost = rng.multinomial(n, [churn / 2, churn / 2 + least, 1 - churn - least], trials)
    others = rng.multinomial(n, noise, (trials, pilot.candidates - 1))
    counted = 0
    for (gains, losses, _), rest in zip(lost.tolist(), others.tolist(), strict=True):
        p = _p(gains, losses)
        adjusted = holm([p, *(_p(one[0], one[1]) for one in rest)])[0]
        counted += adjusted is not None and adjusted <= 0.05 and _below(gains, losses, n)
    return counted / trials


@cache
def _p(gained: int, lost: int) -> float:
    return mcnemar(gained, lost)


@cache
def _below(gained: int, lost: int, n: int) -> bool:
    high = tango(gained, lost, n).high
    return high is not None and high < 0
