"""What was read: from where, how much of it, what was left out, and what looks wrong.

A count that differs from the published one is a complaint and not an error: the copy may be newer,
or cut on purpose. Whoever shows results shows the complaints beside them.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from harness.errors import BadDataError

Pin = Literal["matches", "differs", "none"]
PLACES = 5
"""So many places are named of rows that were left out."""


@dataclass(frozen=True)
class SourceFile:
    """A file that was read.

    `pin` is `matches` where the SHA-256 is that of a copy which this project was tested with,
    `differs` where other copies of this form are known, `none` where no SHA-256 is pinned.
    """

    path: str
    sha256: str
    bytes: int
    pin: Pin = "none"
    members: tuple[str, ...] = ()
    """The members of an archive that were read."""
    encoding: str = ""
    """The encoding that a text was decoded from; empty where that is not a question."""


@dataclass(frozen=True)
class Dropped:
    """Rows that were left out for one reason; `places` names the first few."""

    reason: str
    rows: int
    places: tuple[str, ...] = ()


@dataclass(frozen=True)
class SplitReading:
    """One split. `sha256` goes over ids and contents, whatever their order (`split_sha256`)."""

    name: str
    rows: int
    labels: dict[str, int]
    """Rows per label; empty where answers are free text."""
    sha256: str

    def shares(self) -> dict[str, float]:
        """Each label's share of the rows, from 0 to 1."""
        return {label: count / self.rows for label, count in self.labels.items()}


@dataclass(frozen=True)
class Reading:
    """The record of reading one data set."""

    dataset: str
    options: dict[str, str]
    sources: tuple[SourceFile, ...]
    read: dict[str, int]
    """Rows found per part of the source, before any was left out."""
    dropped: tuple[Dropped, ...]
    splits: tuple[SplitReading, ...]
    complaints: tuple[str, ...] = ()
    """What differs from what is published; empty where all is well."""
    notes: tuple[str, ...] = ()
    """What a reader should know and need not mend."""

    @property
    def ok(self) -> bool:
        """Whether all is as published."""
        return not self.complaints

    def as_dict(self) -> dict[str, Any]:
        """The record as plain data, for JSON."""
        return dataclasses.asdict(self)


class Tally:
    """Counts what is left out while rows are read, by reason, in the order of first sight."""

    def __init__(self) -> None:
        self._places: dict[str, list[str]] = {}

    def drop(self, reason: str, place: str) -> None:
        self._places.setdefault(reason, []).append(place)

    def dropped(self) -> tuple[Dropped, ...]:
        return tuple(
            Dropped(reason, len(places), tuple(places[:PLACES]))
            for reason, places in self._places.items()
        )


def read_bytes(path: Path) -> bytes:
    """The contents of a file.

    Raises:
        BadDataError: it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadDataError(f"{path}: cannot be read: {error.strerror}") from None


def source_file(
    path: Path,
    data: bytes,
    pins: Sequence[str] = (),
    expected: str | None = None,
    members: Sequence[str] = (),
    encoding: str = "",
) -> SourceFile:
    """The record of a file.

    Args:
        path: where it lies.
        data: its contents.
        pins: SHA-256 of copies that are known to be good.
        expected: the SHA-256 that it must have, if someone said so.
        members: of an archive, what was read of it.
        encoding: how it was decoded.

    Raises:
        BadDataError: the SHA-256 is not the expected one.
    """
    found = hashlib.sha256(data).hexdigest()
    if expected is not None and found != expected.lower():
        raise BadDataError(
            f"{path}: wrong checksum: SHA-256 is {found}, expected {expected.lower()}",
            "The file is damaged or another version: delete it and get it again.",
        )
    pin: Pin = "none" if not pins else "matches" if found in pins else "differs"
    return SourceFile(str(path), found, len(data), pin, tuple(members), encoding)


def count_labels(labels: Iterable[str]) -> dict[str, int]:
    """Rows per label, in the order of the labels' names."""
    return dict(sorted(Counter(labels).items()))
