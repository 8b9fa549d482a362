"""Where what is made and fetched is kept between runs."""

from __future__ import annotations

import os
from pathlib import Path


def default_home() -> Path:
    """The folder `$HARNESS_HOME`, or `~/.cache/harness`."""
    return Path(os.environ.get("HARNESS_HOME") or Path.home() / ".cache" / "harness")
