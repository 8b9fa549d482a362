"""How fast a step goes, in words: for the terminal, and for whoever watches from elsewhere."""

from __future__ import annotations

from harness.runner.jobs import Pace


def rates(pace: Pace, unit: str) -> str:
    """How many examples and tokens a second, and how it goes, as words."""
    if pace.seconds <= 0:
        return ""
    examples, tokens = pace.examples / pace.seconds, pace.tokens / pace.seconds
    digits = 0 if examples >= 10 else 1 if examples >= 1 else 2
    words = [f"{examples:,.{digits}f} {unit}/s"] if unit != "tokens" else []
    words += [f"{tokens:,.0f} tokens/s", *(f"{name} {x:.2f}" for name, x in pace.figures.items())]
    return ", ".join(words)
