"""JSON files beside a model's weights."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from harness.errors import BadModelError


def read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file; an empty one where there is no such file.

    Raises:
        BadModelError: the file is there but holds no JSON object.
    """
    if not path.is_file():
        return {}
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise BadModelError(f"{path} is not valid JSON: {error}", "Download it again.") from error
    if not isinstance(content, dict):
        raise BadModelError(f"{path} holds no JSON object.", "Download it again.")
    return content
