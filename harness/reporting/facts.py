"""Facts that the run recorded, of whatever kind, as text."""

from __future__ import annotations

import json
from typing import Any

from harness.quantities import byte_size
from harness.reporting.blocks import Datum
from harness.reporting.format import DASH

HASH_LENGTH = 12


def short(digest: str) -> Datum:
    """The beginning of a hash."""
    text = digest[:HASH_LENGTH]
    return Datum(text, name=True) if text else Datum(DASH, tone="missing")


def key_words(key: str) -> str:
    """A key as a reader would say it: "memory_bytes" is "memory"."""
    return key.removesuffix("_bytes").replace("_", " ")


def settings(of: dict[str, Any]) -> str:
    """Settings as a short list."""
    return ", ".join(f"{key} = {plain_value(value)}" for key, value in of.items())


def plain_value(value: Any) -> str:
    """A setting as a reader would write it."""
    if value in ([], {}, "", None):
        return "none"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def fact(key: str, value: Any) -> str:
    """A value of any kind as text; what its key calls bytes is written with a unit."""
    if key.endswith("bytes") and isinstance(value, int | float):
        return byte_size(value)
    return settings(value) if isinstance(value, dict) else plain_value(value)
