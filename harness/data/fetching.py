"""The files of a known data set: fetched once, into `$HARNESS_HOME/data/<name>/`.

They come through the Hub's own cache, and are copied: what is read stays as it was when that cache is
emptied, and what a user changes here does not reach it.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from harness.data.catalog import KnownDataset
from harness.data.places import TABLE_ENDINGS, split_of
from harness.errors import BadDataError, HubError
from harness.files import put_in_place
from harness.hub.records import Repo
from harness.locks import held

RECORD = "source.json"
_FETCHED_ENDINGS = (".csv", ".parquet", ".jsonl", ".json")
"""Forms of files that a mirror of SAMSum is taken in, the first that it has."""


@dataclass(frozen=True)
class Origin:
    """Where fetched files are from: a Hub repository at a commit, and the SHA-256 of each file."""

    repo: str
    revision: str
    files: Mapping[str, str]


def fetched_folder(name: str, home: Path) -> Path:
    """Where a data set is kept after it was fetched."""
    return home / "data" / name


def read_origin(name: str, home: Path) -> Origin | None:
    """The record of what was fetched; None where nothing was, or not to the end.

    Raises:
        BadDataError: the record is damaged.
    """
    record = fetched_folder(name, home) / RECORD
    try:
        return Origin(**json.loads(record.read_text()))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError) as error:
        raise BadDataError(f"{record}: cannot be read: {error}", "Delete its folder.") from None


def fetch(entry: KnownDataset, home: Path, again: bool = False) -> Origin:
    """Fetches a data set's files, unless they are there.

    They appear under their final name only when all are whole. Two processes that fetch the same
    data set do it once.

    Args:
        entry: which data set.
        home: `$HARNESS_HOME`.
        again: ask the Hub also where they are there, and put them there anew.

    Raises:
        BadDataError: files that were not fetched are in the way, or the repository holds no such.
        HubError, NoSpaceError: it cannot be fetched; says why, and which file to put where instead.
    """
    from harness.hub.errors import with_our_errors

    return with_our_errors(lambda: _fetch_once(entry, home, again), Repo(entry.hub_repo, "dataset"))


def _fetch_once(entry: KnownDataset, home: Path, again: bool) -> Origin:
    folder = fetched_folder(entry.name, home)
    with held(folder.parent / f"{entry.name}.lock", f"fetching {entry.name}"):
        origin = read_origin(entry.name, home)
        if origin is not None and not again:
            return origin
        if origin is None and folder.is_dir() and any(folder.iterdir()):
            raise BadDataError(
                f"{folder}: holds files that were not fetched, which are left as they are",
                "Move them elsewhere to have the data set fetched.",
            )
        try:
            commit, files = _download(entry, home)
        except (HubError, BadDataError) as error:
            raise type(error)(
                f"{entry.name}: cannot be fetched: {error.message}",
                f"{error.hint} Or put {entry.by_hand} into a folder and name it with --data-dir or "
                f"HARNESS_DATA, or put it into {folder}.",
            ) from None
        with tempfile.TemporaryDirectory(prefix=f".{entry.name}-", dir=folder.parent) as staging:
            place = Path(staging, entry.name)
            place.mkdir()
            origin = Origin(entry.hub_repo, commit, _copy(files, place))
            (place / RECORD).write_text(json.dumps(vars(origin), indent=1))
            put_in_place(place, folder)
        return origin


def _download(entry: KnownDataset, home: Path) -> tuple[str, tuple[Path, ...]]:
    """The newest commit of the data set's repository, and its files in the Hub's cache."""
    from harness.hub.client import fetch, plan_data, resolve

    def choose(names: Sequence[str]) -> Sequence[str]:
        if chosen := choose_files(entry, names):
            return chosen
        raise BadDataError(
            f"{entry.hub_repo} on the Hub no longer holds its files.", "Look where they went to."
        )

    commit = resolve(entry.hub_repo, "main", home, repo_type="dataset")
    download = plan_data(entry.hub_repo, commit, home, choose)
    folder = fetch(download)
    return commit, tuple(folder / file.path for file in download.files)


def choose_files(entry: KnownDataset, names: Sequence[str]) -> list[str]:
    """Those of a repository's files that hold the data set: one archive, or a file a split."""
    if entry.kind == "classify":
        zips = sorted(name for name in names if PurePosixPath(name).match("*hrase*ank*.zip"))
        return zips[:1]
    for ending in _FETCHED_ENDINGS:
        parts: dict[str, str] = {}
        for name in sorted(names):
            split = split_of(name)
            if split is not None and PurePosixPath(name).suffix == ending:
                parts.setdefault(split, name)
        if {"train", "test"} <= parts.keys():
            return list(parts.values())
    return sorted(name for name in names if PurePosixPath(name).name == "corpus.7z")[:1]


def _copy(files: Sequence[Path], folder: Path) -> dict[str, str]:
    """Copies files to where `find_files` looks; gives their SHA-256 by name."""
    hashes = {}
    for file in files:
        split = split_of(file.name) if file.suffix in TABLE_ENDINGS else None
        copied = folder / (f"{split}{file.suffix}" if split else file.name)
        shutil.copyfile(file, copied)
        hashes[copied.name] = hashlib.sha256(copied.read_bytes()).hexdigest()
    return hashes
