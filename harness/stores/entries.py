"""What a store holds under a key: a record of files by name, size and hash."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import PurePosixPath
from typing import Any

from harness.sealed import ChangedError, opened, sealed_text

RECORD = "manifest.json"
"""Beside the folder of the files, written last: with it the entry is there."""


@dataclass(frozen=True)
class StoredFile:
    """A file of an entry."""

    bytes: int
    sha256: str


@dataclass(frozen=True)
class Entry:
    """Files that were put into a store together."""

    kind: str
    """The folder of all of its kind, such as `artifacts/merge`."""
    key: str
    nonce: str
    """The folder below the key that holds the files: whoever puts the same has one of its own."""
    files: Mapping[str, StoredFile]
    """By name, which may have folders in it."""
    about: Mapping[str, Any] = field(default_factory=dict)
    """What whoever put it says of it, as plain data."""

    @property
    def size(self) -> int:
        """Bytes of all files together."""
        return sum(of.bytes for of in self.files.values())

    def is_alike(self, other: Entry) -> bool:
        """Whether both hold the same, whoever put it."""
        return self.files == other.files

    def record(self) -> bytes:
        """What stands in the store."""
        return sealed_text(asdict(self)).encode()

    @classmethod
    def read(cls, content: bytes, kind: str, key: str) -> Entry:
        """From what stands in a store.

        Raises:
            ChangedError: it is none, of something else, or not what was written.
        """
        data = opened(content).data
        try:
            files = {name: StoredFile(**of) for name, of in data.pop("files").items()}
            entry = cls(**data, files=files)
        except (TypeError, KeyError, ValueError, AttributeError):
            raise ChangedError("is not what was written into it") from None
        if (entry.kind, entry.key) != (kind, key):
            raise ChangedError("is of something else")
        if not all(map(is_inside, (*files, entry.nonce))):
            raise ChangedError("names a file that would lie elsewhere")
        return entry


def is_inside(name: str) -> bool:
    """Whether a name in a record leads to a place below the folder that it is taken from."""
    path = PurePosixPath(name)
    return (
        bool(path.parts)
        and not path.is_absolute()
        and ".." not in path.parts
        and "\0" not in name
        and "\\" not in name
    )


def key_of_files(hashes: Mapping[str, str]) -> str:
    """The key of files that nobody made by a step: SHA-256 over their names and hashes."""
    whole = hashlib.sha256()
    for name in sorted(hashes):
        whole.update(f"{name}\0{hashes[name]}\n".encode())
    return whole.hexdigest()
