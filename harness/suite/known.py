"""What a suite is checked against: the names that this installation knows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Known:
    """What this installation knows by name, against which a suite is checked."""

    datasets: Mapping[str, str]
    """Data set name -> the task type that it is made for (classify or summarize)."""
    gguf_types: frozenset[str]
    with_agreement: frozenset[str] = frozenset()
    """Data sets of which a suite says how many annotators agree."""
    architectures: frozenset[str] = frozenset()
    """Shapes that random weights can be drawn in."""
    timings: frozenset[str] = frozenset()
    """Metrics that `max_slowdown` can be set on."""
    sources: frozenset[str] = field(default_factory=lambda: frozenset({"starter"}))
    """Sources that are not folders."""
