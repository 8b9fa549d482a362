"""Finds results: in files, in results folders, and in folders of many of them."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from harness.errors import InputError
from harness.records import Summary
from harness.results.store import read_summary

SUMMARY = "summary.json"
DEEPEST = 8
"""Folders within folders that are looked into."""


@dataclass(frozen=True)
class Result:
    """One run's results; `folder` is where its samples may be, `digest` the SHA-256 of its summary."""

    folder: Path
    digest: str
    summary: Summary

    @property
    def suite(self) -> str:
        """What its suite is called."""
        return str(self.summary.suite.get("name", ""))

    @property
    def age(self) -> tuple[str, str]:
        """What results are put in order by, the oldest first: their moment, else their contents."""
        return comparable(self.summary.created), self.digest


@dataclass(frozen=True)
class Collected:
    """What was found, the oldest first, whatever the order in which it was named.

    `unread` holds files in folders of many results that are none, with the reason.
    """

    results: Sequence[Result]
    unread: Sequence[tuple[Path, str]] = ()


def collect(places: Sequence[Path]) -> Collected:
    """All results in these places; results that stand in two of them count once.

    Raises:
        InputError: a place is not there, holds no results, or names a file that is none.
    """
    found: dict[str, Result] = {}
    unread: list[tuple[Path, str]] = []
    for place in places:
        if not place.exists():
            raise InputError(
                f"{place}: there is nothing here", "Name results, or folders of results."
            )
        named = place.is_file() or (place / SUMMARY).is_file()
        files = [place if place.is_file() else place / SUMMARY] if named else [*_below(place)]
        if not files:
            raise InputError(
                f"{place}: there are no results here",
                f"A folder of results holds a {SUMMARY}; `harness run SUITE` writes one.",
            )
        for file in files:
            try:
                one = _read(file)
            except InputError as error:
                if named:
                    raise
                unread.append((file, error.message.removeprefix(f"{file}: ")))
                continue
            # Of copies the first by name stands, so that the order of the arguments does not matter.
            other = found.get(one.digest)
            if other is None or str(one.folder.resolve()) < str(other.folder.resolve()):
                found[one.digest] = one
    if not found:
        raise InputError("none of the results can be read", unread[0][1])
    ordered = sorted(found.values(), key=lambda one: one.age)
    return Collected(ordered, sorted(set(unread)))


def comparable(created: str) -> str:
    """A moment as text that sorts by time; "" where it is none."""
    try:
        at = datetime.fromisoformat(created)
    except ValueError:
        return ""
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC).isoformat()


def _read(file: Path) -> Result:
    summary = read_summary(file, any_names=True)
    return Result(file.parent, hashlib.sha256(file.read_bytes()).hexdigest(), summary)


def _below(place: Path) -> Iterator[Path]:
    """Summaries below a folder; hidden folders, links, and what lies in a results folder are passed over."""
    for folder, inner, files in os.walk(place):
        here = Path(folder)
        if SUMMARY in files:
            yield here / SUMMARY
            inner.clear()
        elif len(here.relative_to(place).parts) >= DEEPEST:
            inner.clear()
        inner[:] = sorted(name for name in inner if not name.startswith("."))
