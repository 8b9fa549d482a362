"""What a page holds of the answers, unpacked as its script does."""

from __future__ import annotations

import json
import re
import zlib
from base64 import b64decode
from pathlib import Path
from typing import Any


def index_of(page: Path) -> dict[str, Any]:
    """The tasks, as the page's script reads them."""
    (text,) = re.findall(
        r'<script type="application/json" id="samples-index">(.*?)</script>',
        page.read_text(encoding="utf-8"),
    )
    found: dict[str, Any] = json.loads(text)
    return found


def columns_of(page: Path) -> dict[str, dict[str, Any]]:
    """By task its columns."""
    packed = re.findall(
        r'<script type="text/plain" id="samples-\d+">([^<]*)</script>',
        page.read_text(encoding="utf-8"),
    )
    names = [task["name"] for task in index_of(page)["tasks"]]
    return {
        name: json.loads(zlib.decompress(b64decode(one)))
        for name, one in zip(names, packed, strict=True)
    }
