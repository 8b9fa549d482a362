"""What a check finds, before its place in the file is known."""

from __future__ import annotations

KeyPath = tuple[str | int, ...]
"""The place of something in a suite: `("models", "base", "source")`."""
Found = tuple[KeyPath, str, str]
"""Path of the key, message, hint."""
