"""Where what is made and fetched is kept between runs."""

from __future__ import annotations

import os
from pathlib import Path

from harness.errors import InputError
from harness.files import in_the_way


def default_home() -> Path:
    """The folder `$HARNESS_HOME`, or `~/.cache/harness`; it need not be there yet.

    Raises:
        InputError: there is a file in its place.
    """
    home = Path(os.environ.get("HARNESS_HOME") or Path.home() / ".cache" / "harness")
    file = in_the_way(home)
    if file is not None:
        raise InputError(f"$HARNESS_HOME is {home}, and {file} is no folder", "Name a folder.")
    return home
