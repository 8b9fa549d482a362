"""What a suite names on the Hub: its commit (`resolve`), its files (`plan_…`), getting them (`fetch`).

    commit = resolve("org/model", "main", home)
    download = plan_model("org/model", commit, home)
    print(download.total_bytes, download.needed_bytes)
    folder = fetch(download)

Without torch, so that `harness plan` can ask. Files come into the Hub's own cache (HF_HOME) and are
used there. Tokens come from HF_TOKEN or the Hub's login and go nowhere but to the Hub.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from contextvars import copy_context
from dataclasses import replace
from functools import partial
from pathlib import Path

from huggingface_hub import constants

from harness.errors import BadModelError, HarnessError, InputError
from harness.hub import choice as hub_choice
from harness.hub.cache import Snapshot, free_bytes
from harness.hub.errors import no_space, with_our_errors
from harness.hub.records import COMMIT, Download, RemoteFile, Repo
from harness.hub.revisions import list_files, named, resolve
from harness.hub.transfer import fetch_contents

__all__ = [
    "fetch",
    "plan_adapter",
    "plan_data",
    "plan_file",
    "plan_metric",
    "plan_model",
    "resolve",
]

STREAMS = 4
"""So many files are fetched at the same time."""
TOLD = 500
"""About so many times `progress` is told something."""
ByteProgress = Callable[[int, int], None]
"""A function that is told how many bytes of how many have arrived."""


def plan_model(
    repo: str, commit: str, home: Path, *, pickle: bool = False, code: bool = False
) -> Download:
    """What a Transformers model needs: nothing is fetched but the list of the repo's files.

    Args:
        repo: `org/name`.
        commit: 40 hexadecimal digits, from `resolve`.
        home: `$HARNESS_HOME`.
        pickle: the suite allows pickled weights for this model, by name.
        code: the suite trusts this repo's Python code (`trust_remote_code`), by name.

    Raises:
        BadModelError: the repo has no usable weights, or not all; the hint tells what it has.
        HubError: as `resolve`.
    """
    choose = partial(hub_choice.model_files, pickle=pickle, code=code)
    return _plan(named(repo), commit, home, choose, hub_choice.card_of)


def plan_adapter(repo: str, commit: str, home: Path, *, pickle: bool = False) -> Download:
    """What a PEFT adapter needs; otherwise as `plan_model`."""
    choose = partial(hub_choice.adapter_files, pickle=pickle)
    return _plan(named(repo), commit, home, choose, hub_choice.card_of)


def plan_metric(repo: str, commit: str, home: Path) -> Download:
    """What a metric of `evaluate` needs: the Python files of a Space, but not its web page.

    Raises:
        MissingFileError: the Space holds no script of its name.
        HubError: as `resolve`.
    """
    script = f"{repo.rpartition('/')[2]}.py"
    choose = partial(hub_choice.metric_files, script=script)
    return _plan(named(repo, "space"), commit, home, choose)


def plan_file(location: str, commit: str, home: Path) -> Download:
    """What a file `org/repo/path` needs: of a split GGUF all parts, whichever is named.

    Raises:
        InputError: the location names no file.
        MissingFileError: with the nearest names.
        HubError: as `resolve`.
    """
    parts = location.split("/")
    if len(parts) < 3 or not all(parts) or ".." in parts:
        raise InputError(
            f"{location!r} names no file on the Hub.", "Write org/repo/file, as in org/repo/m.gguf."
        )
    choose = partial(hub_choice.one_file, path="/".join(parts[2:]))
    download = _plan(named("/".join(parts[:2])), commit, home, choose)
    return replace(download, target=download.target / download.files[0].path)


def plan_data(
    repo: str,
    commit: str,
    home: Path,
    choose: Callable[[Sequence[str]], Sequence[str]],
) -> Download:
    """What a data set needs: `choose` is given the paths of all its repo's files, and gives some.

    Raises:
        InputError: `choose` finds nothing.
        HubError: as `resolve`.
    """

    def chosen(files: Sequence[RemoteFile], _: str) -> tuple[RemoteFile, ...]:
        by_path = {file.path: file for file in files}
        return tuple(by_path[path] for path in choose(list(by_path)))

    return _plan(named(repo, "dataset"), commit, home, chosen)


def fetch(download: Download, progress: ByteProgress = lambda done, total: None) -> Path:
    """Gets what is missing, and gives the place of the whole; touches no network if it is there.

    What arrived in an earlier run is not fetched again, down to the bytes of a file.

    Args:
        download: from a `plan_…` of this run or an earlier one.
        progress: called from several threads, one at a time.

    Raises:
        NoSpaceError: before the first byte, or when the disk fills meanwhile.
        InterruptedDownloadError, DamagedDownloadError: run again.
        BadModelError: the index names a shard that the repo does not have.
        HubError: as `resolve`.
    """
    snapshot = Snapshot(download.repo, download.commit)
    missing = [file for file in download.files if not snapshot.holds(file)]
    needed = sum(snapshot.bytes_to_write(file) for file in missing)
    free = free_bytes()
    if needed > free:
        raise no_space(constants.HF_HUB_CACHE, needed, free)
    tally = _Tally(download.total_bytes - needed, download.total_bytes, progress)
    index = [file for file in download.files if file.path.endswith(".index.json")]
    _fetch_all([file for file in missing if file in index], snapshot, tally)
    for file in index:
        hub_choice.check_index(_shards(snapshot.file(file)), download.files, _where(snapshot))
    _fetch_all([file for file in missing if file not in index], snapshot, tally)
    if missing:
        _fetch_beside(download, snapshot)
    return download.target


class _Tally:
    """Adds up what has arrived, from all threads, and tells it in steps that can be seen."""

    def __init__(self, done: int, total: int, progress: ByteProgress) -> None:
        self._done, self._total, self._progress = done, total, progress
        self._told = done
        self._lock = threading.Lock()

    def add(self, count: int) -> None:
        with self._lock:
            self._done += count
            moved = abs(self._done - self._told)
            if moved * TOLD >= self._total or self._done == self._total:
                self._told = self._done
                self._progress(self._done, self._total)


def _plan(
    repo: Repo,
    commit: str,
    home: Path,
    choose: Callable[[Sequence[RemoteFile], str], tuple[RemoteFile, ...]],
    beside: Callable[[Sequence[RemoteFile]], tuple[RemoteFile, ...]] = lambda files: (),
) -> Download:
    if not COMMIT.fullmatch(commit):
        raise InputError(f"{commit!r} is no commit of {repo.name}.", "Resolve the revision first.")
    snapshot, listing = Snapshot(repo, commit), list_files(repo, commit, home)
    try:
        files = choose(listing.files, _where(snapshot))
    except HarnessError:
        if listing.unasked is not None:
            raise listing.unasked from None
        raise
    return Download(
        repo=repo,
        commit=commit,
        files=files,
        missing=tuple(file for file in files if not snapshot.holds(file)),
        target=snapshot.folder,
        needed_bytes=sum(snapshot.bytes_to_write(file) for file in files),
        beside=beside(listing.files),
    )


def _fetch_beside(download: Download, snapshot: Snapshot) -> None:
    """Gets what can be done without, if it is to be had; a model that is here whole runs without a connection."""
    absent = [file for file in download.beside if not snapshot.holds(file)]
    with suppress(HarnessError, OSError):
        _fetch_all(absent, snapshot, _Tally(0, 0, lambda done, total: None))


def _fetch_all(files: Sequence[RemoteFile], snapshot: Snapshot, tally: _Tally) -> None:
    """Fetches several files at a time; the first failure stops the others, whose parts stay."""
    stop = threading.Event()

    def get(file: RemoteFile) -> None:
        with_our_errors(
            lambda: fetch_contents(file, snapshot, tally.add, stop),
            snapshot.repo,
            snapshot.commit,
            file.path,
        )

    with ThreadPoolExecutor(STREAMS, thread_name_prefix="hub") as pool:
        futures = [pool.submit(copy_context().run, get, file) for file in files]
        try:
            for future in as_completed(futures):
                future.result()
        except BaseException:
            stop.set()
            pool.shutdown(wait=True, cancel_futures=True)
            raise


def _shards(index: Path) -> set[str]:
    try:
        return set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise BadModelError(
            f"{index} cannot be read as an index of shards ({error}).",
            "Take another revision of the repo, or ask its author.",
        ) from error


def _where(snapshot: Snapshot) -> str:
    return f"{snapshot.repo.name} at {snapshot.commit[:12]}"
