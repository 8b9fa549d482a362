"""A shared store: files by kind and key, written once, and held against their hashes whenever they are fetched.

`<url>/<kind>/<key>/<nonce>/<name>` are files, and `<url>/<kind>/<key>/manifest.json` says which, with size and
hash of each. It is one small object that is written last: before it, nothing is there. Of two that put the same at
once the first one's record stays where the file system can tell, and each has files of its own, so that neither
reads half of the other's.
"""

from __future__ import annotations

import hashlib
import os
import posixpath
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

from harness.disk import NO_SPACE
from harness.errors import DamagedInStoreError, HarnessError, InputError, StoreError
from harness.sealed import ChangedError
from harness.stores.entries import RECORD, Entry, StoredFile
from harness.stores.urls import checked, credentials_hint, file_system, protocol_of, reason_of

CHUNK = 8 * 2**20
IDENTITY = "harness-store"
"""A file that says which store this is, so that a folder of the same name elsewhere is told from it."""
FULL = ("quota", "insufficientstorage", "storagefull", "no space left", "507")
REFUSED = (
    "credentials", "accessdenied", "access denied", "forbidden", "invalidaccesskey", "signature",
    "unauthorized", "permission", "token",
)  # fmt: skip
"""Of what file systems say when they are full, or let nobody in; lower case."""
OnBytes = Callable[[int], None]


class SharedStore:
    """A store that machines share."""

    def __init__(self, url: str) -> None:
        """Finds the file system; nothing is asked of it yet.

        Raises:
            InputError: the URL is none, nobody knows its protocol, or a package is missing.
        """
        self.url = checked(url)
        self._fs, self._root = file_system(self.url)
        self._is_local = protocol_of(self.url) == "file"

    def identity(self) -> str:
        """What tells this store from others; it is made where there is none, so that writing is tried.

        Raises:
            InputError: it cannot be reached, read or written to.
        """
        try:
            self._there()
            with self._reaching("it cannot be written to"):
                self._create(f"{self._root}/{IDENTITY}", uuid4().hex.encode())
            with self._reaching("it cannot be read"):
                return str(self._fs.cat_file(f"{self._root}/{IDENTITY}").decode())
        except StoreError as error:
            raise InputError(error.message, error.hint) from None

    def entry(self, kind: str, key: str) -> Entry | None:
        """What is there under a key; None where nothing is.

        Raises:
            DamagedInStoreError: its record is not what was written; it is set aside.
            StoreError: the store cannot be reached.
        """
        file = f"{self._folder(kind, key)}/{RECORD}"
        try:
            with self._reaching(f"{kind}/{key[:12]} cannot be looked up", may_lack=True):
                content = self._fs.cat_file(file)
        except FileNotFoundError:
            self._there()
            return None
        try:
            return Entry.read(content, kind, key)
        except ChangedError as error:
            self._set_aside(kind, key)
            raise DamagedInStoreError(
                f"{self.url}/{kind}/{key[:12]}…/{RECORD}", str(error)
            ) from None

    def keys(self, kind: str) -> frozenset[str]:
        """All keys of a kind that something may be there under: one question for many."""
        try:
            with self._reaching(f"{kind} cannot be listed", may_lack=True):
                found = self._fs.ls(f"{self._root}/{kind}", detail=False)
        except FileNotFoundError:
            self._there()
            return frozenset()
        return frozenset(posixpath.basename(str(path).rstrip("/")) for path in found)

    def put(
        self,
        kind: str,
        key: str,
        files: Mapping[str, Path],
        about: Mapping[str, Any] | None = None,
        on_bytes: OnBytes = lambda count: None,
    ) -> Entry:
        """Puts files there together, and gives what then stands there: another's, who was first.

        Raises:
            StoreError: the store is full, gone, or refuses; nothing is there then.
            OSError: a file of this machine cannot be read.
        """
        found = self.entry(kind, key)
        if found is not None:
            return found
        self._there()
        nonce = uuid4().hex[:16]
        folder = f"{self._folder(kind, key)}/{nonce}"
        try:
            stored = {
                name: self._send(file, f"{folder}/{name}", on_bytes) for name, file in files.items()
            }
            entry = Entry(kind, key, nonce, stored, dict(about or {}))
            with self._reaching(f"{kind}/{key[:12]} cannot be put there"):
                is_ours = self._create(f"{self._folder(kind, key)}/{RECORD}", entry.record())
        except BaseException:
            self._remove(folder)
            raise
        if is_ours:
            return entry
        self._remove(folder)
        first = self.entry(kind, key)
        if first is None:
            raise StoreError(f"{self.url}: {kind}/{key[:12]} went away while it was put there")
        return first

    def fetch(self, entry: Entry, folder: Path, on_bytes: OnBytes = lambda count: None) -> None:
        """Writes an entry's files into a folder; each is held against its hash, and fetched once more where it differs.

        Raises:
            DamagedInStoreError: a file is not what was put there, or is gone; the entry is set aside, so that
                whoever looks next finds none and makes it again.
            StoreError: the store cannot be reached.
            OSError: the disk of this machine is full.
        """
        for name, wanted in entry.files.items():
            source = f"{self._folder(entry.kind, entry.key)}/{entry.nonce}/{name}"
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            for _ in range(2):
                fault = self._receive(source, target, wanted, on_bytes)
                if not fault:
                    break
            else:
                self._set_aside(entry.kind, entry.key)
                raise DamagedInStoreError(
                    f"{self.url}/{entry.kind}/{entry.key[:12]}…/{name}", fault
                )

    def forget(self, kind: str, key: str) -> None:
        """Has nothing be there under a key; files that others may be fetching stay.

        Raises:
            StoreError: the store cannot be reached, or refuses.
        """
        self._set_aside(kind, key, "replaced")

    def _send(self, file: Path, target: str, on_bytes: OnBytes) -> StoredFile:
        digest, size = hashlib.sha256(), 0
        with file.open("rb") as source:
            with self._reaching(f"{file.name} cannot be put there"):
                if self._is_local:
                    self._fs.makedirs(posixpath.dirname(target), exist_ok=True)
                out = self._fs.open(target, "wb")
            try:
                while chunk := source.read(CHUNK):
                    digest.update(chunk)
                    size += len(chunk)
                    with self._reaching(f"{file.name} cannot be put there"):
                        out.write(chunk)
                    on_bytes(len(chunk))
            finally:
                with self._reaching(f"{file.name} cannot be put there"):
                    if self._is_local:
                        out.flush()
                        os.fsync(out.fileno())
                    out.close()
        with self._reaching(f"{file.name} cannot be put there"):
            there = int(self._fs.info(target)["size"])
        if there != size:
            raise StoreError(f"{self.url}: {file.name} arrived with {there:,} of {size:,} bytes")
        return StoredFile(size, digest.hexdigest())

    def _receive(self, source: str, target: Path, wanted: StoredFile, on_bytes: OnBytes) -> str:
        """Copies a file here; what is wrong with what came, "" where nothing is."""
        digest, size = hashlib.sha256(), 0
        try:
            with self._reaching(f"{target.name} cannot be fetched", may_lack=True):
                stream = self._fs.open(source, "rb", block_size=CHUNK)
        except FileNotFoundError:
            self._there()
            return "is missing"
        with stream, target.open("wb") as out:
            while True:
                with self._reaching(f"{target.name} cannot be fetched"):
                    chunk = stream.read(CHUNK)
                if not chunk:
                    break
                digest.update(chunk)
                size += len(chunk)
                out.write(chunk)
                on_bytes(len(chunk))
        if size != wanted.bytes:
            return f"has {size:,} bytes instead of {wanted.bytes:,}"
        return "" if digest.hexdigest() == wanted.sha256 else "is not what was put there"

    def _create(self, place: str, content: bytes) -> bool:
        """Writes a small object whole; whether it is ours that stands there, and not one that was there before."""
        if self._is_local:
            return _create_here(Path(place), content)
        if self._fs.exists(place):
            return False
        try:
            self._fs.pipe_file(place, content, mode="create")
        except FileExistsError:
            return False
        except (TypeError, NotImplementedError):  # this one cannot tell who is first
            self._fs.pipe_file(place, content)
        return True

    def _set_aside(self, kind: str, key: str, why: str = "damaged") -> None:
        """Has a key's record be none, while its files stay for whoever reads or wants to look at them."""
        place = f"{self._folder(kind, key)}/{RECORD}"
        what = f"{kind}/{key[:12]} cannot be set aside"
        with suppress(FileNotFoundError), self._reaching(what, may_lack=True):
            self._fs.mv(place, f"{place}.{why}-{uuid4().hex[:8]}")

    def _remove(self, folder: str) -> None:
        """Takes back what was put there in vain, as far as the store lets us."""
        with suppress(Exception):
            self._fs.rm(folder, recursive=True)

    def _folder(self, kind: str, key: str) -> str:
        return f"{self._root}/{kind}/{key}"

    def _there(self) -> None:
        """A folder that is not there is a disk that is not mounted: none is made in its place."""
        if self._is_local and not Path(self._root).is_dir():
            if Path(self._root).exists():
                raise StoreError(f"{self.url}: this is a file, and no folder", "Name a folder.")
            raise StoreError(
                f"{self.url}: there is no such folder",
                "Mount it, or make it (mkdir), and run the same command again.",
            )

    @contextmanager
    def _reaching(self, what: str, may_lack: bool = False) -> Iterator[None]:
        """Turns whatever a file system raises into our message; where it `may_lack` what is asked for, that passes."""
        try:
            yield
        except HarnessError:
            raise
        except Exception as error:  # each file system of fsspec has errors of its own
            if may_lack and isinstance(error, FileNotFoundError):
                raise
            raise self._error(what, error) from None

    def _error(self, what: str, error: Exception) -> StoreError:
        said = f"{type(error).__name__} {error}".lower()
        again = "and run the same command: it goes on from here."
        if (isinstance(error, OSError) and error.errno in NO_SPACE) or _says(said, FULL):
            return StoreError(f"{self.url}: {what}: the store is full", f"Make room there, {again}")
        reason = f"{self.url}: {what}: {reason_of(error)}"
        if _says(said, REFUSED) and not self._is_local:
            return StoreError(reason, credentials_hint(self.url))
        return StoreError(reason, f"See that it can be reached and written to, {again}")


def _create_here(place: Path, content: bytes) -> bool:
    """A link appears whole, and only where none is there."""
    place.parent.mkdir(parents=True, exist_ok=True)
    aside = place.with_name(f".{place.name}.{uuid4().hex[:8]}")
    try:
        with aside.open("wb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        os.link(aside, place)
    except FileExistsError:
        return False
    finally:
        aside.unlink(missing_ok=True)
    return True


def _says(said: str, words: tuple[str, ...]) -> bool:
    return any(word in said for word in words)
