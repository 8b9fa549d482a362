"""Axes: from figures to pixels, with ticks at round figures."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from harness.reporting.format import MINUS

STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True)
class Axis:
    """The figures between two places, which may lie the other way round; perhaps by their logarithm."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    @classmethod
    def over(
        cls,
        values: Iterable[float],
        start: float,
        end: float,
        log: bool = False,
        pad: float = 0.06,
    ) -> Axis:
        """An axis on which all values find room; with only one value, some on both sides."""
        found = [value for value in values if math.isfinite(value) and (value > 0 or not log)]
        low, high = min(found, default=1.0), max(found, default=1.0)
        if log:
            room = max(pad * math.log10(high / low), 0.1)
            return cls(low / 10**room, high * 10**room, start, end, True)
        room = pad * (high - low) or abs(high) * 0.1 or 1.0
        return cls(low - room, high + room, start, end)

    def at(self, value: float) -> float:
        """The pixel of a figure, at the nearer end where it lies outside."""
        if self.log:
            value = max(value, self.low)
            part = math.log(value / self.low) / math.log(self.high / self.low)
        else:
            part = (value - self.low) / (self.high - self.low)
        return self.start + min(1.0, max(0.0, part)) * (self.end - self.start)

    def ticks(self, most: int = 5) -> list[tuple[float, str]]:
        """Round figures on the axis, and how they are written."""
        if self.log:
            return self._powers(most)
        step = _step((self.high - self.low) / most)
        first = math.ceil(self.low / step - 1e-9)
        last = math.floor(self.high / step + 1e-9)
        digits = max(0, -math.floor(math.log10(step) + 1e-9))
        if round(step, digits) != step and abs(step - round(step, digits)) > step / 100:
            digits += 1
        found = [index * step for index in range(first, last + 1)]
        return [(value, _written(value, digits)) for value in found]

    def _powers(self, most: int) -> list[tuple[float, str]]:
        for factors in ((1,), (1, 3), (1, 2, 5), (1, 1.5, 2, 3, 4, 5, 6, 8)):
            found = [
                factor * 10**power
                for power in range(
                    math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1
                )
                for factor in factors
                if self.low <= factor * 10**power <= self.high
            ]
            if len(found) >= 3:
                break
        thinned = found[:: math.ceil(len(found) / (most + 1))] if found else []
        return [(value, _power(value)) for value in thinned]


def _step(least: float) -> float:
    power = 10.0 ** math.floor(math.log10(least))
    fitting = (step * power for step in STEPS if step * power >= least * (1 - 1e-9))
    return float(next(fitting))


def _written(value: float, digits: int) -> str:
    text = f"{abs(value):,.{digits}f}"
    return (MINUS if value < 0 and any(c in "123456789" for c in text) else "") + text


def _power(value: float) -> str:
    if 1e-4 <= value < 1e6:
        return f"{value:,.6f}".rstrip("0").rstrip(".")
    digits, exponent = f"{value:.0e}".split("e")
    return f"{digits}e{int(exponent)}".replace("-", MINUS)
