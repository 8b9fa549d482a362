"""Values as files can hold them: numbers exact or absent, texts that every encoding takes."""

from __future__ import annotations

import json
import math
from typing import Any


def finite(value: Any) -> Any:
    """Plain data without NaN and infinity, which JSON does not have: they become None, however deep."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {text(str(key)): finite(of) for key, of in value.items()}
    if isinstance(value, list | tuple):
        return [finite(of) for of in value]
    return text(value) if isinstance(value, str) else value


def text(value: str) -> str:
    """A text that can be written as UTF-8: half a surrogate pair becomes U+FFFD."""
    return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def dumped(value: Any, indent: int | None = None) -> str:
    """JSON that is valid everywhere, with the characters as they are."""
    return json.dumps(finite(value), ensure_ascii=False, allow_nan=False, indent=indent)
