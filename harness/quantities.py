"""Sizes and counts in words, for every room that speaks to a reader."""

from __future__ import annotations

import math
import re

_UNITS = (("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3))
SIZE = re.compile(r"(\d+(?:\.\d+)?) ?(kB|MB|GB|TB)")
"""How a size is given."""
TIME = re.compile(r"(\d+(?:\.\d+)?) ?(s|min|h|)")
"""How a time is given."""


def byte_size(count: float, decimals: int = 2) -> str:
    """Bytes in decimal units, as disks and downloads are sold: "999 B", "3.91 MB", "132 GB".

    Three significant digits (all that stand before the point), of them at most so many decimals.
    """
    for unit, size in _UNITS:
        if count >= size:
            magnitude = math.floor(math.log10(count / size))
            return f"{count / size:,.{max(0, min(decimals, 2 - magnitude))}f} {unit}"
    return f"{count:.0f} B"


def bytes_of(text: object) -> int:
    """Bytes of a size in decimal units, such as "100 GB". Raises ValueError where it is none."""
    found = SIZE.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        raise ValueError("a size is a number with kB, MB, GB or TB, such as 100 GB")
    return round(float(found[1]) * dict(_UNITS)[found[2]])


def seconds_of(text: str) -> float:
    """Seconds of a time such as "90s", "30min" or "2h"; "0" is none. Raises ValueError where it is no time."""
    found = TIME.fullmatch(text.strip())
    if found is None or (not found[2] and float(found[1])):
        raise ValueError("a time is a number with s, min or h, such as 30min")
    return float(found[1]) * {"": 0, "s": 1, "min": 60, "h": 3600}[found[2]]


def plural(number: int, noun: str) -> str:
    """A count and what is counted: "1 model", "7 models", "1,200 tokens"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
