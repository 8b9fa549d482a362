"""What runs on a node that shares no folder with the driver: what a job reads is fetched from the store into the node's
own home, what it makes is put there, and what it writes travels back beside its events."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from harness.disk import disk_fault
from harness.errors import DamagedInStoreError, HarnessError, StoreError
from harness.executors.mirror import LOGS, Mirror
from harness.executors.node import events_of, other_software
from harness.executors.parcels import FILES, Packed, Parcel, placed
from harness.files import put_in_place, scratch_beside
from harness.home import default_home
from harness.locks import held
from harness.marks import FileMark, fault_of
from harness.plan.kinds import KINDS
from harness.plan.params import Params
from harness.plan.steps import Step
from harness.records import Failure
from harness.results.artifacts import ArtifactStore
from harness.results.store import ResultsStore
from harness.runner.jobs import Event, Job
from harness.runner.local import LocalExecutor
from harness.runner.shared import SharedArtifacts
from harness.runner.sharing import SharingExecutor, failure_of
from harness.stores.cache import FetchedCache
from harness.stores.store import SharedStore

FOLDER = "harness-away-"
"""What temporary folders of results begin with (`harness.runner.scratch`)."""


def work_away(packed: Packed) -> Iterator[str | bytes]:
    """Does a job on this node, in a home of its own.

    Args:
        packed: the job; the store's credentials are this node's.

    Yields:
        Events (`Event.to_json`), and before each what was written until then (`Piece.to_bytes`).
    """
    job = Job.from_json(packed.job)
    first = job.steps[0].step.key
    refused = other_software(packed.software)
    if refused is not None:
        yield from _failed(first, refused)
        return
    away = Path(tempfile.mkdtemp(prefix=FOLDER))
    try:
        home = default_home().absolute()
        store = _store(packed)
        with _at_hand(packed, store, home) as table:
            table |= {packed.home: str(home), packed.results: str(away)}
            _begin(packed.begun, table)
            yield from _told(packed, Job.from_json(placed(packed.job, table)), store, home, away)
    except OSError as error:
        if (fault := disk_fault(error)) is None:
            raise
        yield from _failed(first, Failure(kind="disk-full", message=fault[0], hint=fault[1]))
    except HarnessError as error:
        yield from _failed(first, failure_of(error))
    finally:
        shutil.rmtree(away, ignore_errors=True)


def _told(
    packed: Packed, job: Job, store: SharedStore, home: Path, away: Path
) -> Iterator[str | bytes]:
    """Events of a job whose files are at hand, and what it writes."""
    shared = SharedArtifacts(store, home)
    steps = {key: _bare(kind, key) for kind, key in packed.parents}
    local, artifacts = LocalExecutor(packed.timeout_seconds), ArtifactStore(home)
    executor = SharingExecutor(local, steps, artifacts, shared, packed.again, borrowed=True)
    logs = Path(job.results, LOGS)
    cells = {
        one.step.key: ResultsStore(Path(job.results)).of(one.step).folder
        for one in job.steps
        if one.step.row.gives == "answers"
    }
    mirror = Mirror(away)
    folders = [logs]
    try:
        for event in events_of(job, executor):
            if event is not None and event.step in cells:
                folders = [logs, cells[event.step]]
            ends = event is not None and event.event in ("done", "failed", "died")
            for piece in mirror.pieces(folders, now=ends):
                yield piece.to_bytes()
            if event is not None:
                yield _as_the_driver_sees_it(event, str(away), packed.results).to_json()
        for piece in mirror.pieces([logs], now=True):
            yield piece.to_bytes()
    finally:
        mirror.close()


def _as_the_driver_sees_it(event: Event, away: str, results: str) -> Event:
    """An event whose texts name the driver's copies of files."""
    data = {
        name: of.replace(away, results) if isinstance(of, str) else of
        for name, of in event.data.items()
    }
    return replace(event, data=data)


def _store(packed: Packed) -> SharedStore:
    store = SharedStore(packed.store)
    if store.identity() != packed.identity:
        raise StoreError(
            f"{packed.store} is another place on a node than where the command was given",
            "Mount the same folder there, or name a store that all nodes reach, such as s3://….",
        )
    return store


@contextmanager
def _at_hand(packed: Packed, store: SharedStore, home: Path) -> Iterator[dict[str, str]]:
    """The driver's files, fetched, and kept from being evicted; by their paths there what they are here."""
    cache, table = FetchedCache(home), dict[str, str]()
    with ExitStack() as stack:
        for parcel in packed.parcels:
            place = stack.enter_context(_fetched(parcel, store, cache, home))
            table[parcel.path] = str(place / parcel.name if parcel.name else place)
        yield table


@contextmanager
def _fetched(parcel: Parcel, store: SharedStore, cache: FetchedCache, home: Path) -> Iterator[Path]:
    entry, folder = store.entry(FILES, parcel.key), home / FILES / parcel.key
    if entry is None:
        place = f"{store.url}/{FILES}/{parcel.key[:12]}…"
        raise DamagedInStoreError(place, f"({parcel.path}) is no longer there")
    with cache.using(FILES, parcel.key, folder, entry.size):
        with held(folder.with_suffix(".lock"), f"fetching it from {store.url}"):
            marks = {name: FileMark(of.bytes, -1, of.sha256) for name, of in entry.files.items()}
            if any(fault_of(folder / name, mark, True) for name, mark in marks.items()):
                with scratch_beside(folder) as scratch:
                    store.fetch(entry, scratch)
                    put_in_place(scratch, folder)
        yield folder


def _begin(begun: Mapping[str, bytes], table: Mapping[str, str]) -> None:
    """Writes what stands of the job's cells."""
    for path, content in begun.items():
        above = next(str(one) for one in Path(path).parents if str(one) in table)
        file = Path(table[above] + path[len(above) :])
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)


def _bare(kind: str, key: str) -> Step:
    """A step that was done elsewhere, as far as its artifact goes."""
    return Step(key, KINDS[kind].name, f"{kind} {key[:12]}", Params(), {})


def _failed(key: str, failure: Failure) -> Iterator[str]:
    yield Event(key, "start").to_json()
    yield Event(key, "failed", failure.model_dump()).to_json()
