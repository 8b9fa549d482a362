"""Artifacts in a shared store: looked up, fetched into this machine's own home, put there once they are made."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Lock

from harness.errors import DamagedInStoreError, StoreError
from harness.files import put_in_place, scratch_beside
from harness.locks import Waits, held
from harness.plan.steps import Step
from harness.quantities import byte_size
from harness.results.artifacts import MANIFEST, ArtifactStore, Manifest
from harness.results.damage import Damaged
from harness.sealed import ChangedError, write_sealed
from harness.stores.cache import FetchedCache
from harness.stores.entries import Entry
from harness.stores.store import SharedStore

WORTH_SAYING = 100_000_000
"""Bytes whose transfer a run tells of."""
THEN = "it was set aside, and is made again"


def is_shared(step: Step) -> bool:
    """Whether what a step makes is put into a store: what comes from the Hub is fetched from there."""
    return step.row.is_artifact and not step.row.in_place and step.kind != "fetch"


class SharedArtifacts:
    """The artifacts of a store, as one machine has them (`harness.results.artifacts.Elsewhere`)."""

    def __init__(self, store: SharedStore, home: Path, far: bool = False) -> None:
        """Of a machine.

        Args:
            store: that all share.
            home: of this machine.
            far: whether other machines do the steps, so that `bring` brings prompts alone, which results keep.
        """
        self.store, self.damaged = store, Damaged()
        self._far, self._here = far, ArtifactStore(home)
        self._cache, self._lock = FetchedCache(home), Lock()
        self._listed: dict[str, set[str]] = {}
        """By kind of entry: keys that were there when it was first asked, or were put there since."""
        self._known: dict[str, tuple[Entry, Manifest]] = {}

    def manifest(self, step: Step) -> Manifest | None:
        """Of an artifact that the store has.

        Raises:
            StoreError: it cannot be reached.
        """
        found = self._find(step)
        return None if found is None else found[1]

    def made(self, step: Step) -> None:
        """Takes note that another machine has put it there just now."""
        self._forget(step)
        self._keys(step).add(step.key)

    def look_anew(self) -> None:
        """Forgets what was looked up: another machine has found something damaged."""
        with self._lock:
            self._known.clear()
            self._listed.clear()

    def bring(self, step: Step) -> Manifest | None:
        """The same as `manifest`, with the files here where this machine wants them."""
        if self._far and step.kind != "prompts":
            return self.manifest(step)
        with self.using([step]):
            return self._here.here(step)

    @contextmanager
    def using(self, steps: Iterable[Step], waits: Waits = lambda who: None) -> Iterator[None]:
        """Has the files of those artifacts here that the store has, and keeps them from being evicted meanwhile.

        One that is damaged there is left out, and noted.

        Raises:
            StoreError: the store cannot be reached.
            OSError: the disk of this machine is full.
        """
        with ExitStack() as stack:
            for step in steps:
                if (found := self._find(step)) is not None:
                    folder, entry = self._here.folder(step), found[0]
                    using = self._cache.using(entry.kind, entry.key, folder, entry.size)
                    stack.enter_context(using)
                    try:
                        self._bring(step, *found, waits)
                    except DamagedInStoreError as error:
                        self._lose(step, error)
            yield

    def _bring(self, step: Step, entry: Entry, manifest: Manifest, waits: Waits) -> None:
        folder = self._here.folder(step)
        with held(folder.with_suffix(".lock"), f"fetching it from {self.store.url}", waits):
            here = self._here.here(step, thoroughly=True)
            if here is not None and here.is_alike(manifest):
                return
            told = _telling(waits, entry.size)
            told(f"{byte_size(entry.size)} from {self.store.url}")
            try:
                with scratch_beside(folder) as scratch:
                    self.store.fetch(entry, scratch)
                    for name, mark in (manifest.files or {}).items():
                        os.utime(scratch / name, ns=(mark.mtime_ns, mark.mtime_ns))
                    write_sealed(scratch / MANIFEST, manifest.data())
                    put_in_place(scratch, folder)
            finally:
                told("")

    def give(self, step: Step, waits: Waits = lambda who: None, anew: bool = False) -> None:
        """Puts an artifact that is here into the store, unless it is there.

        Where another machine was first with another make of it, that one takes its place here.

        Args:
            step: that made it.
            waits: is told what goes there.
            anew: whether it takes the place of what is there.

        Raises:
            StoreError: the store is full, gone, or refuses.
        """
        manifest = self._here.here(step)
        if manifest is None or manifest.files is None or not manifest.whole:
            return
        folder, kind = self._here.folder(step), kind_of(step)
        files = {name: folder / name for name in manifest.files}
        size = sum(of.bytes for of in manifest.files.values())
        told = _telling(waits, size)
        told(f"{byte_size(size)} to {self.store.url}")
        if anew:
            self.store.forget(kind, step.key)
        entry = self.store.put(kind, step.key, files, manifest.data())
        told("")
        self.made(step)
        hashes = {name: of.sha256 for name, of in manifest.files.items()}
        if hashes != {name: of.sha256 for name, of in entry.files.items()}:
            with self.using([step], waits):
                pass

    def lacks(self, step: Step) -> bool:
        """Whether an artifact is here and not in the store."""
        return is_shared(step) and self._find(step) is None and self._here.here(step) is not None

    def _find(self, step: Step) -> tuple[Entry, Manifest] | None:
        if not is_shared(step) or step.key not in self._keys(step):
            return None
        with self._lock:
            known = self._known.get(step.key)
        if known is None:
            try:
                entry = self.store.entry(kind_of(step), step.key)
                known = None if entry is None else (entry, _manifest(entry, step, self.store.url))
            except DamagedInStoreError as error:
                self._lose(step, error)
            if known is None:
                return None
            with self._lock:
                self._known[step.key] = known
        return known

    def _keys(self, step: Step) -> set[str]:
        kind = kind_of(step)
        with self._lock:
            if kind not in self._listed:
                self._listed[kind] = set(self.store.keys(kind))
            return self._listed[kind]

    def _lose(self, step: Step, error: DamagedInStoreError) -> None:
        self.damaged.note(error.place, error.fault, THEN)
        self._forget(step)
        self._keys(step).discard(step.key)

    def _forget(self, step: Step) -> None:
        with self._lock:
            self._known.pop(step.key, None)


def shared_artifacts(store: SharedStore | None, home: Path, far: bool) -> SharedArtifacts | None:
    """The artifacts of a store where there is one."""
    return None if store is None else SharedArtifacts(store, home, far)


def give_all(shared: SharedArtifacts | None, steps: Iterable[Step]) -> None:
    """Puts what is here of some artifacts into a store that lacks them. Raises StoreError."""
    if shared is None:
        return
    for step in steps:
        if shared.lacks(step):
            shared.give(step)


def _telling(waits: Waits, size: int) -> Waits:
    """Tells of what takes its time alone."""
    return waits if size >= WORTH_SAYING else lambda who: None


def kind_of(step: Step) -> str:
    """The kind of entry that an artifact is in a store."""
    return f"artifacts/{step.kind}"


def _manifest(entry: Entry, step: Step, url: str) -> Manifest:
    try:
        manifest = Manifest.of(dict(entry.about))
    except ChangedError as error:
        raise StoreError(f"{url}: {entry.kind}/{entry.key[:12]} {error}") from None
    if manifest.key != step.key or set(manifest.files or {}) != set(entry.files):
        raise StoreError(f"{url}: {entry.kind}/{entry.key[:12]} is of another step")
    return manifest
