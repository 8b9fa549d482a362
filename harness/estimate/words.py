"""Bytes, times and counts as a reader takes them in."""

from __future__ import annotations

from harness.quantities import byte_size

_TIMES = (("d", 86_400), ("h", 3600), ("min", 60))


def size(count: float) -> str:
    """Bytes as an estimate knows them: "4.9 GB", "16.1 GB", "132 GB"; "-" for none."""
    return byte_size(count, decimals=1) if count else "-"


def duration(seconds: float | None) -> str:
    """Such as "2.5 h", "4.0 min", "20 s"; "?" where it is not known, "-" for none."""
    if seconds is None:
        return "?"
    for unit, length in _TIMES:
        if seconds >= 1.5 * length:
            return f"{seconds / length:.{0 if seconds >= 10 * length else 1}f} {unit}"
    if seconds == 0:
        return "-"
    return f"{seconds:.0f} s" if seconds >= 1 else "< 1 s"


def weights(count: int | None) -> str:
    """A number of weights: "8.0B", "135M"; "?" where it is not known."""
    if count is None:
        return "?"
    return f"{count / 1e9:.1f}B" if count >= 1e9 else f"{count / 1e6:.1f}M"
