"""Money: decimal numbers, never floats. What tokens and hours cost; amounts of two currencies never add up."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal

PLACES = 6
"""Decimals that a price per million tokens may have, so that a token's price is a whole number of the
smallest part (`SMALLEST`) and sums are exact."""
SMALLEST = Decimal(1).scaleb(-6 - PLACES)
MILLION = Decimal(1_000_000)
HOUR_SECONDS = Decimal(3600)
_SHOWN = Context(prec=3, rounding=ROUND_HALF_EVEN)


@dataclass(frozen=True)
class Tokens:
    """What a request is billed by.

    Attributes:
        input: tokens that were read, those that the server had cached included.
        output: tokens that were written, reasoning included.
        cached: tokens of the input that the server had cached, as far as it says.
    """

    input: int = 0
    output: int = 0
    cached: int = 0

    def __add__(self, other: Tokens) -> Tokens:
        return Tokens(
            self.input + other.input, self.output + other.output, self.cached + other.cached
        )


@dataclass(frozen=True)
class Prices:
    """What a provider asks per million tokens.

    Attributes:
        input: of what is read.
        output: of what is written, reasoning included.
        currency: by ISO 4217.
        cached_input: of what is read and was cached there; None where it costs as much as any input.
    """

    input: Decimal
    output: Decimal
    currency: str
    cached_input: Decimal | None = None

    def of(self, tokens: Tokens) -> Decimal:
        """What tokens cost: exact, not rounded."""
        cached = min(tokens.cached, tokens.input)
        rate = self.input if self.cached_input is None else self.cached_input
        total = self.input * (tokens.input - cached) + rate * cached + self.output * tokens.output
        return total / MILLION

    def most(self, tokens: Tokens) -> Decimal:
        """What tokens cost where nobody knows how much of the input is cached, and by which price."""
        rate = max(self.input, self.cached_input or Decimal(0))
        return (rate * tokens.input + self.output * tokens.output) / MILLION


def of_time(per_hour: Decimal, seconds: float) -> Decimal:
    """What so many seconds of a machine cost."""
    return per_hour * Decimal(repr(seconds)) / HOUR_SECONDS


def parts_of(amount: Decimal) -> int:
    """An amount as a whole number of the smallest part.

    Raises:
        ValueError: it is none.
    """
    whole = amount / SMALLEST
    if whole != whole.to_integral_value():
        raise ValueError(f"{amount} has more than {-int(SMALLEST.adjusted())} decimals")
    return int(whole)


def amount_of(parts: int) -> Decimal:
    """The amount that a whole number of the smallest part is."""
    return (Decimal(parts) * SMALLEST).normalize()


def money(amount: Decimal, currency: str) -> str:
    """An amount for a reader: "12.3 USD", "0.00412 USD", "1,250 EUR"; three digits, whole units entire."""
    if amount == 0:
        return f"0 {currency}"
    rounded = _SHOWN.plus(amount) if abs(amount) < 100 else amount.quantize(Decimal(1))
    return f"{rounded:,f} {currency}"
