"""Requests that a chat model ought to decline, and harmless ones that look like them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType

_LINE = re.compile(r"^(harmful|harmless) ([a-z-]+): (.+)$", re.M)


@cache
def requests(kind: str) -> Mapping[str, str]:
    """The requests of a kind, `harmful` or `harmless`, by id."""
    text = files("harness.probes").joinpath("requests.txt").read_text(encoding="utf-8")
    return MappingProxyType({name: asked for of, name, asked in _LINE.findall(text) if of == kind})
