"""Numbers and texts as a reader should meet them: sensible digits, units, no surprises.

A rounded figure never says the opposite of the exact one: an interval end that is not zero is
never printed as zero while six decimals can show it.
"""

from __future__ import annotations

import math
import unicodedata
from datetime import datetime

MINUS = "−"
DASH = "–"
MAX_DECIMALS = 6


def clean(text: str) -> str:
    """The text without control characters; line breaks and tabs become spaces."""
    if text.isprintable():  # nothing of what follows is in it
        return text
    spaced = "".join(" " if c in "\n\r\t\x0b\x0c\x85\u2028\u2029" else c for c in text)
    return "".join(c for c in spaced if unicodedata.category(c) not in {"Cc", "Cs", "Cf"})


def clean_lines(text: str) -> str:
    """The text without control characters, line by line."""
    return "\n".join(clean(line) for line in text.splitlines())


def clip(text: str, length: int) -> str:
    """A text of at most `length` characters, cut in the middle so that both ends stay readable."""
    tidy = clean(text)
    if len(tidy) <= length:
        return tidy
    head = (length - 1) * 3 // 5
    return f"{tidy[:head]}…{tidy[len(tidy) - (length - 1 - head) :]}"


def fixed(value: float, decimals: int, signed: bool = False) -> str:
    """A number with so many decimals, a true minus sign, and thousands set apart."""
    text = f"{abs(value):,.{decimals}f}"
    if not any(c in "123456789" for c in text):
        return text
    return (MINUS if value < 0 else "+" if signed else "") + text


def scientific(value: float, signed: bool = False) -> str:
    """Two significant digits and a power of ten, such as "3.1e−6"."""
    if value == 0:
        return "0"
    digits, exponent = f"{abs(value):.1e}".split("e")
    return f"{MINUS if value < 0 else '+' if signed else ''}{digits}e{int(exponent)}".replace(
        "e-", f"e{MINUS}"
    )


def decimals_for(values: list[float], least: int) -> int:
    """Decimals so that none of the values that is not zero is printed as zero."""
    smallest = min((abs(v) for v in values if v != 0 and math.isfinite(v)), default=1.0)
    decimals = least
    while decimals < MAX_DECIMALS and round(smallest, decimals) == 0:
        decimals += 1
    return decimals


def decimals_of_magnitude(values: list[float]) -> int:
    """Decimals that leave three significant digits to the largest of the values."""
    largest = max((abs(v) for v in values if math.isfinite(v)), default=0.0)
    if largest == 0:
        return 0
    return min(MAX_DECIMALS, max(0, 2 - math.floor(math.log10(largest))))


def known(*values: float | None) -> list[float]:
    """The values that are there."""
    return [v for v in values if v is not None]


def duration(seconds: float) -> str:
    """Seconds as a reader says them: "0.42 s", "31 s", "3 min 33 s", "2 h 5 min"."""
    if seconds < 10:
        return f"{fixed(seconds, decimals_of_magnitude([seconds]))} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def sentence(text: str) -> str:
    """The text with a full stop, unless it ends like a sentence already."""
    tidy = clean(text).strip()
    return tidy if not tidy or tidy[-1] in ".!?" else f"{tidy}."


def moment(created: str) -> str:
    """An ISO 8601 moment as a reader says it: "2026-11-21 05:00 UTC"; any other text as it is."""
    try:
        at = datetime.fromisoformat(created)
    except ValueError:
        return clean(created)
    return f"{at:%Y-%m-%d %H:%M} {at.tzname() or ''}".strip()


def count(number: int | None) -> str:
    """A whole number with thousands set apart, or a dash."""
    return DASH if number is None else f"{number:,}"


def share(part: float) -> str:
    """A share as a percentage with sensible digits."""
    percent = 100 * part
    if percent in {0, 100} or (10 <= percent < 99.5):
        return f"{percent:.0f}%"
    # 99.97 must not become 100, nor 0.04 become 0
    return f"{fixed(percent, decimals_for([100 - percent, percent], 1))}%"


LEAST_PROBABILITY = 0.001
"""Smaller p-values are only said to be smaller."""


def probability(p: float | None) -> str:
    """A p-value; below a thousandth it is only said to be so."""
    if p is None:
        return DASH
    return f"< {LEAST_PROBABILITY}" if p < LEAST_PROBABILITY else f"{p:.3f}"


def p_value(p: float | None) -> str:
    """A p-value in a sentence: "p = 0.034", "p < 0.001"; "" where there is none."""
    if p is None:
        return ""
    return f"p {probability(p)}" if p < LEAST_PROBABILITY else f"p = {probability(p)}"


def percent_level(confidence: float) -> str:
    """0.95 → "95%"."""
    return f"{100 * confidence:.4g}%"
