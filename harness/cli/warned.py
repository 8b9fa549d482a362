"""Warnings of the harness's own as lines of a command: each once, before what it is about is shown."""

from __future__ import annotations

import sys
import warnings
from typing import TextIO

from harness.errors import HarnessWarning, legible


def say_warnings() -> None:
    """From here on a `HarnessWarning` is a line on standard error; other warnings are as they were."""
    said: set[str] = set()
    before = warnings.showwarning

    def show(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        if not issubclass(category, HarnessWarning):
            before(message, category, filename, lineno, file, line)
        elif str(message) not in said:
            said.add(str(message))
            sys.stderr.write(f"warning: {legible(str(message))}\n")

    warnings.filterwarnings("always", category=HarnessWarning)
    warnings.showwarning = show
