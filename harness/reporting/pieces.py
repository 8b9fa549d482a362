"""Pieces of sentences: what a suite wrote is set apart from what the report says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any, Literal, TypeAlias

Tone = Literal["plain", "good", "bad", "unsure", "missing"]


class Name(str):
    """A word that the suite wrote (a model, a task, a file), shown in code type."""


class Strong(str):
    """A word that a skimming reader must see."""


class Link(str):
    """Words that lead somewhere: to an address of the web, or to a file by its path from here."""

    target: str

    def __new__(cls, text: str, target: str) -> Link:
        """Words, and where they lead."""
        made = super().__new__(cls, text)
        made.target = target
        return made

    def __reduce__(self) -> tuple[type[Link], tuple[str, str]]:
        """What a copy is made from, such as one that another process hands over."""
        return Link, (str(self), self.target)


Line: TypeAlias = tuple[str, ...]
"""A sentence in pieces; the pieces that are `Name`, `Strong` or `Link` are set apart."""


def plain(line: Line) -> str:
    """The sentence without its marks."""
    return "".join(line)


def joined(lines: Sequence[Line], between: str = "; ", last: str = "") -> Line:
    """Several lines as one, with other words before the last one where there are any."""
    parts: list[str] = []
    for index, line in enumerate(lines):
        parts += [last if last and index == len(lines) - 1 else between] if index else []
        parts += line
    return tuple(parts)


def listed(names: Sequence[str]) -> Line:
    """Names as a reader lists them: a, b and c."""
    return joined([(Name(name),) for name in names], ", ", " and ")


def led_to(of: Any, page: str) -> Any:
    """Blocks whose links within a page lead to that page, from beside it; without a page they are words."""
    if isinstance(of, Link) and of.target.startswith("#"):
        return Link(str(of), f"{page}{of.target}") if page else str(of)
    if isinstance(of, tuple | list):
        return type(of)(led_to(part, page) for part in of)
    if is_dataclass(of) and not isinstance(of, type):
        return replace(of, **{one.name: led_to(getattr(of, one.name), page) for one in fields(of)})
    return of
