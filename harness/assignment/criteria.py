"""What a report is judged by: deliverables and criteria, read from a template's `criteria.yaml`."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import yaml

from harness.errors import InputError
from harness.nearest import nearest
from harness.suite.source_map import SourceMap

KEYS = ("checks", "words", "open")
GROUPS = ("deliverables", "criteria")


@dataclass(frozen=True)
class Criterion:
    """Something to hand in, or to be judged by."""

    text: str
    checks: tuple[str, ...] = ()
    """Named checks that must all be met."""
    words: tuple[str, ...] = ()
    """Places that the author must have written in; alone they make it the author's word."""
    open: str = ""
    """How to get it, where it is open: Markdown's `code` is code."""


@dataclass(frozen=True)
class Criteria:
    """All that a template asks for."""

    deliverables: tuple[Criterion, ...]
    criteria: tuple[Criterion, ...]


def read_criteria(
    text: str, file: str, checks: Collection[str], places: Collection[str]
) -> Criteria:
    """The criteria of a template.

    Args:
        text: of `criteria.yaml`.
        file: what it is called in messages.
        checks: names of all checks.
        places: names of all places that the report has for the author's words.

    Raises:
        InputError: it is no YAML, or asks for what there is not; names the line and the nearest name.
    """
    try:
        source = SourceMap(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        problem = getattr(error, "problem", None) or "it cannot be read"
        raise InputError(f"{file}:{line}: not YAML: {problem}") from None
    return _Reader(source, file, frozenset(checks), frozenset(places)).read()


@dataclass(frozen=True)
class _Reader:
    source: SourceMap
    file: str
    checks: frozenset[str]
    places: frozenset[str]

    def read(self) -> Criteria:
        for fault in self.source.faults:
            raise InputError(f"{self.file}:{fault.place.line}: {fault.said}")
        for again in self.source.repeated:
            said = f"`{again.key}` stands here twice"
            raise InputError(f"{self.file}:{again.place.line}: {said}")
        data = self.source.data
        if not isinstance(data, dict):
            raise InputError(f"{self.file}:1: no criteria", f"Valid keys: {', '.join(GROUPS)}.")
        for key in data:
            if key not in GROUPS:
                raise self._wrong((key,), f"unknown key `{key}`", nearest(key, GROUPS))
        found = [self._group(name, data.get(name) or {}) for name in GROUPS]
        return Criteria(*found)

    def _group(self, name: str, data: Any) -> tuple[Criterion, ...]:
        if not isinstance(data, dict):
            raise self._wrong((name,), "each entry is `What is asked for: {checks: …}`")
        return tuple(self._criterion((name, text), text, of) for text, of in data.items())

    def _criterion(self, path: tuple[str, str], text: str, data: Any) -> Criterion:
        if not isinstance(data, dict):
            raise self._wrong(path, f"an entry has keys: {', '.join(KEYS)}")
        for key in data:
            if key not in KEYS:
                raise self._wrong((*path, key), f"unknown key `{key}`", nearest(key, KEYS))
        checks = self._names((*path, "checks"), data.get("checks"), self.checks, "check")
        words = self._names((*path, "words"), data.get("words"), self.places, "place")
        if not checks and not words:
            raise self._wrong(path, "nothing decides it", "Give `checks:` or `words:`.")
        open_ = data.get("open", "")
        if not isinstance(open_, str):
            raise self._wrong((*path, "open"), "this is no text")
        return Criterion(text, checks, words, open_)

    def _names(
        self, path: tuple[str, ...], data: Any, known: frozenset[str], noun: str
    ) -> tuple[str, ...]:
        names = data if isinstance(data, list) else [] if data is None else [data]
        for index, name in enumerate(names):
            at: tuple[str | int, ...] = (*path, index) if isinstance(data, list) else path
            if not isinstance(name, str) or name not in known:
                raise self._wrong(at, f"no {noun} `{name}`", nearest(name, known))
        return tuple(names)

    def _wrong(self, path: tuple[str | int, ...], said: str, hint: str = "") -> InputError:
        return InputError(f"{self.file}:{self.source.place(path).line}: {said}", hint)
