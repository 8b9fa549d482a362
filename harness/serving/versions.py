"""What servers are installed where: looked up without starting them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from functools import cache

SECONDS = 30.0
FIND = """
import importlib.util, sys
sys.exit(any(importlib.util.find_spec(name) is None for name in sys.argv[1:]))
"""
VERSIONS = """
import importlib.metadata, sys
for name in sys.argv[1:]:
    try:
        print(name, importlib.metadata.version(name))
        break
    except importlib.metadata.PackageNotFoundError:
        pass
"""


@cache
def _said(command: tuple[str, ...]) -> tuple[int, str]:
    program, *words = command
    try:
        done = subprocess.run(
            (os.path.abspath(program) if os.sep in program else program, *words),
            capture_output=True,
            text=True,
            timeout=SECONDS,
            errors="replace",
            check=False,
            env={**os.environ, "PYTHONSAFEPATH": "1"},
            cwd=os.path.abspath(os.sep),  # Python before 3.11 knows no safe path
        )
    except (OSError, subprocess.TimeoutExpired):
        return 1, ""
    return done.returncode, f"{done.stdout}\n{done.stderr}".strip()


def has_modules(python: str, modules: Sequence[str]) -> bool:
    """Whether an interpreter ("" is this one) finds all of these; none of them is imported."""
    return _said((python or sys.executable, "-c", FIND, *modules))[0] == 0


def package_version(python: str, packages: Sequence[str]) -> str:
    """The first of these packages that an interpreter has, with its version; "" where it has none."""
    code, said = _said((python or sys.executable, "-c", VERSIONS, *packages))
    return said.splitlines()[0] if said and code == 0 else ""


def program_version(executable: str) -> str:
    """What a program says to `--version`, on one line; "" where it says nothing."""
    lines = _said((executable, "--version"))[1].splitlines()
    told = [line.strip() for line in lines if "version" in line.lower()] or lines
    return told[0][:200] if told else ""
