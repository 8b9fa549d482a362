"""Results of one suite at several limits stand side by side, and lend each other what they have."""

from __future__ import annotations

import re
from pathlib import Path

from harness.records.shards import SHARDED
from harness.records.summary import LIMITED

_LIMITED = re.compile(rf"{LIMITED}[1-9][0-9]*$")
_PART = re.compile(rf"({LIMITED}[1-9][0-9]*)?({SHARDED}[1-9][0-9]*-of-[1-9][0-9]*)?$")


def other_limits(results: Path) -> list[Path]:
    """The folders of the same suite's results at other limits, the whole suite's first; no shards'.

    Args:
        results: results/<suite>, results/<suite>@limit-<n>, or a shard's of either; it need not be there.
    """
    if not results.name:  # "." and "/"
        results = results.absolute()
    if not results.name or not results.parent.is_dir():
        return []
    whole = results.with_name(whole_name(results.name))
    found = [
        folder
        for folder in results.parent.iterdir()
        if folder.name.startswith(f"{whole.name}{LIMITED}") and _LIMITED.search(folder.name)
    ]
    smaller_last = sorted(found, key=lambda folder: -int(folder.name.rpartition("-")[2]))
    return [folder for folder in (whole, *smaller_last) if folder != results and folder.is_dir()]


def whole_name(name: str) -> str:
    """The suite that a folder of results is of, whatever its limit and its shard."""
    return _PART.sub("", name)
