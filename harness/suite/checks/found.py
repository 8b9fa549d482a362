"""What a check finds, before its place in the file is known."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from harness.nearest import nearest

KeyPath = tuple[str | int, ...]
"""The place of something in a suite: `("models", "base", "source")`."""
Found = tuple[KeyPath, str, str]
"""Path of the key, message, hint."""


def check_named(path: KeyPath, what: str, name: str, there: Collection[str]) -> Iterator[Found]:
    """A mistake where a name is not there; `what` it should be, such as "model"."""
    if name not in there:
        yield path, f"there is no {what} `{name}`", nearest(name, there)
