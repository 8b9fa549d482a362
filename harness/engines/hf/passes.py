"""Bare passes through a model, for timing: some sequences of equal length, run further and further."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol


class Passes(Protocol):
    """Sequences and what the model remembers of them."""

    def read(self, rows: Sequence[Sequence[int]]) -> Any:
        """Runs as many further ids of every sequence.

        Returns:
            Logits after the last id of each, (sequences, vocabulary).
        """

    def repeated(self, count: int) -> Passes:
        """`count` sequences that begin with what the first of these has run; this one stays."""

    @property
    def cache_bytes(self) -> int:
        """Bytes that are remembered of all sequences."""
