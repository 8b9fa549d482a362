"""JSON files beside a model's weights."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from harness.errors import BadModelError

MOST_BYTES = 1 << 26
"""The largest index of weights has some 15 MB."""


def read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file; an empty one where there is no such file.

    Raises:
        BadModelError: the file is there but holds no JSON object.
    """
    if not path.is_file():
        return {}
    if path.stat().st_size > MOST_BYTES:
        raise BadModelError(f"{path} has more than {MOST_BYTES >> 20} MiB.", "Download it again.")
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"), parse_constant=_number)
    except RecursionError:
        raise BadModelError(f"{path} is nested too deep.", "Download it again.") from None
    except OSError as error:
        raise BadModelError(f"{path} cannot be read: {error.strerror}.") from None
    except ValueError as error:  # also not UTF-8, and numbers with thousands of digits
        raise BadModelError(f"{path} is not valid JSON: {error}", "Download it again.") from None
    if not isinstance(content, dict):
        raise BadModelError(f"{path} holds no JSON object.", "Download it again.")
    return content


def _number(name: str) -> float:
    """Infinity, which configurations of Mamba hold."""
    if name == "NaN":
        raise ValueError("it holds NaN")
    return float(name)
