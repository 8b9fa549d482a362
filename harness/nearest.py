"""The valid name that someone may have meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def closest(word: object, known: Iterable[str]) -> str | None:
    """The known name that is nearest to a word, whatever its case; None where none is near."""
    lowered = {name.lower(): name for name in sorted(known)}
    close = difflib.get_close_matches(str(word).lower(), list(lowered), n=1, cutoff=0.6)
    return lowered[close[0]] if close else None


def nearest(word: object, known: Iterable[str]) -> str:
    """A hint with the nearest valid name, and with all of them."""
    names = sorted(known)
    if not names:
        return "There is none to choose from."
    close = closest(word, names)
    choice = f"Did you mean `{close}`? " if close else ""
    return f"{choice}Valid: {', '.join(names)}."
