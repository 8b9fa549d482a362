"""Results of one suite at several limits stand side by side, and lend each other what they have."""

from __future__ import annotations

import re
from pathlib import Path

from harness.records.summary import LIMITED

_LIMITED = re.compile(rf"{LIMITED}[1-9][0-9]*$")


def other_limits(results: Path) -> list[Path]:
    """The folders of the same suite's results at other limits, the whole suite's first.

    Args:
        results: results/<suite>, or results/<suite>@limit-<n>; it need not be there.
    """
    whole = results.with_name(_LIMITED.sub("", results.name))
    if not results.parent.is_dir():
        return []
    found = [
        folder
        for folder in results.parent.iterdir()
        if folder.name.startswith(f"{whole.name}{LIMITED}") and _LIMITED.search(folder.name)
    ]
    smaller_last = sorted(found, key=lambda folder: -int(folder.name.rpartition("-")[2]))
    return [folder for folder in (whole, *smaller_last) if folder != results and folder.is_dir()]
