"""Showing the numbers: Markdown, HTML with charts, and a table for the terminal.

Everything here is a function of a `Summary` and of nothing else.
"""

import sys
from pathlib import Path
from types import ModuleType

from harness.report.terminal import terminal_table
from harness.report.write import write_report

__all__ = ["terminal_table", "write_report"]


class _CallablePackage(ModuleType):
    """`harness.report(path)` is a function to users, and `harness.report` this package."""

    def __call__(self, path: str | Path, out: str | Path | None = None) -> list[Path]:
        from harness.api import report

        return report(path, out)


sys.modules[__name__].__class__ = _CallablePackage
