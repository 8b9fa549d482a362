"""Passages of general text: what a language model predicts well before, and perhaps worse after, a fine-tuning."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType

KINDS = ("encyclopedic", "news", "dialogue", "code")
"""What each file of passages holds: `<kind>.txt`."""
_HEAD = re.compile(r"^# ([a-z]+)\n", re.M)


@cache
def passages() -> Mapping[str, str]:
    """The texts by id, such as `news-bridge`: six of each kind."""
    found: dict[str, str] = {}
    for kind in KINDS:
        text = files("harness.probes").joinpath(f"passages/{kind}.txt").read_text(encoding="utf-8")
        _, *parts = _HEAD.split(text)
        for name, body in zip(parts[::2], parts[1::2], strict=True):
            found[f"{kind}-{name}"] = body.strip("\n")
    return MappingProxyType(found)
