"""The key of a metric's code: it changes with the files, and with the packages that they import."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from importlib import metadata
from pathlib import Path

from harness.python_hook import find_hook, hook_files, hook_key, imported_names
from harness.suite.metrics import MetricRef

KNOWN_REVISION = 2
"""Raised by hand when a metric in `text.py` comes to give something else."""


def code_key(ref: MetricRef) -> str:
    """SHA-256 of a metric's code as it lies here; of one on the Hub of `evaluate`'s version alone.

    Raises:
        InputError: a file is missing, or is no Python.
    """
    if ref.by == "harness":
        parts = ["harness", ref.place, str(KNOWN_REVISION), version_of("sacrebleu")]
    elif ref.by == "python":
        hook = find_hook(ref.place, Path(ref.folder))
        parts = ["python", hook_key(hook), *_versions(hook_files(hook))]
    else:
        files = [] if ref.repo else _files(Path(ref.place))
        contents = [hashlib.sha256(file.read_bytes()).hexdigest() for file in files]
        named = [f"{file.name} {digest}" for file, digest in zip(files, contents, strict=True)]
        parts = ["evaluate", version_of("evaluate"), *named, *_versions(files)]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


@cache
def version_of(package: str) -> str:
    """The version of an installed distribution, or ""."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


def _files(script: Path) -> list[Path]:
    """The script, and the Python files beside it, which it may import."""
    return [script, *sorted(file for file in script.parent.glob("*.py") if file != script)]


def _versions(files: list[Path]) -> list[str]:
    """Of the distributions that these files import: `sacrebleu 2.5`."""
    imported = {name for file in files for name in imported_names(file)}
    distributions = {
        distribution for name in imported for distribution in _distributions().get(name, ())
    }
    return [f"{name} {version_of(name)}" for name in sorted(distributions)]


@cache
def _distributions() -> dict[str, list[str]]:
    return dict(metadata.packages_distributions())
