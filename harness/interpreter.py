"""Python for processes of our own: none imports what happens to lie in the working folder.

A suite is a stranger's folder with a file in it, and `python -m` would look for `torch` and `statistics` there first.
"""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
"""Where the package `harness` lies."""


def python_command(*words: str) -> list[str]:
    """The command of this interpreter with its arguments, such as `-m` and a module."""
    return [sys.executable, "-P", *words]


def python_environment(given: Mapping[str, str]) -> dict[str, str]:
    """An environment for it, whose own children look in no working folder either.

    `PYTHONPATH` keeps the folders that the user named; an empty one, which means the working folder, goes. Run
    from its sources, the package is found where this process has it.
    """
    named = [os.path.abspath(one) for one in given.get("PYTHONPATH", "").split(os.pathsep) if one]
    installed = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    places = dict.fromkeys([*named, *([] if str(ROOT) in installed else [str(ROOT)])])
    found = {**given, "PYTHONSAFEPATH": "1", "PYTHONPATH": os.pathsep.join(places)}
    if not places:
        del found["PYTHONPATH"]
    return found
