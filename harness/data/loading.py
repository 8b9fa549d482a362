"""One way to a real data set: find its files, or fetch them, read them, check them, split them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from harness.data.catalog import CATALOG, KnownDataset, known_dataset
from harness.data.datasets import DATASETS, Dataset, DatasetInfo
from harness.data.fetching import Origin, fetch, fetched_folder, read_origin
from harness.data.loaded import Loaded
from harness.data.phrasebank import read_phrasebank
from harness.data.places import FoundFiles, data_folder, find_files
from harness.data.readings import Reading, Tally, read_bytes, source_file
from harness.data.samsum import read_samsum
from harness.data.splits import SPLIT_SEED, Split, leaks
from harness.errors import AbsentDataError, InputError
from harness.home import default_home

SPLITTING = 1
"""Raised whenever the same files would give other splits: it is part of every data set's key."""

DataOptions = Mapping[str, object]


@dataclass(frozen=True)
class Located:
    """The files of a data set, and where they were fetched from, if they were."""

    found: FoundFiles
    origin: Origin | None = None


def locate(
    name: str,
    data_dir: Path | None = None,
    options: DataOptions | None = None,
    may_fetch: bool = True,
) -> Located:
    """Where the files of a data set are.

    With `data_dir`, or `$HARNESS_DATA`, they are looked for there and nowhere else, and nothing touches
    the network.

    Raises:
        InputError: no such data set, option or folder.
        BadDataError: no files; says which to put there.
        AbsentDataError, BadDataError, HubError, NoSpaceError: as `locate_fetched`.
    """
    entry = known_dataset(name)
    entry.choose(options or {})
    folder = data_folder(data_dir)
    if folder is not None:
        return Located(find_files(name, folder, options))
    return locate_fetched(entry, options, may_fetch)


def locate_fetched(entry: KnownDataset, options: DataOptions | None, may_fetch: bool) -> Located:
    """The files in `$HARNESS_HOME/data/<name>`, where they are fetched to if `may_fetch`.

    Raises:
        AbsentDataError: no files yet, and they must not be fetched.
        BadDataError, HubError, NoSpaceError: they cannot be fetched; says which to put where.
    """
    home = default_home()
    cached = fetched_folder(entry.name, home)
    origin = read_origin(entry.name, home)
    if origin is None and cached.is_dir() and any(cached.iterdir()):
        return Located(find_files(entry.name, cached, options))
    if origin is None and not may_fetch:
        raise AbsentDataError(
            f"{entry.name}: its files are not here",
            f"`harness data get {entry.name}` fetches them. Or put {entry.by_hand} into a folder and "
            "name it with --data-dir or HARNESS_DATA.",
        )
    origin = origin or fetch(entry, home)
    return Located(find_files(entry.name, cached, options), origin)


def load(
    name: str,
    data_dir: Path | None = None,
    options: DataOptions | None = None,
    may_fetch: bool = True,
) -> Loaded:
    """Reads a data set by name, embedded ones included.

    Args:
        name: of `CATALOG` or `DATASETS`.
        data_dir: a folder with the files; see `locate`.
        options: the data set's own keys, such as `agreement: 66`.
        may_fetch: whether the network may be used where no folder is named.

    Raises:
        InputError: no such data set, option or folder.
        BadDataError: the files are missing, damaged or something else.
        HubError, NoSpaceError: they cannot be fetched.
        MissingToolError: a 7z archive, and py7zr is not installed.
    """
    if name in DATASETS:
        if options:
            raise InputError(
                f"data set {name}: it has no options", f"Leave out {', '.join(options)}."
            )
        return load_embedded(DATASETS[name])
    _check_name(name)
    return read_located(name, locate(name, data_dir, options, may_fetch), options)


def info_of(
    name: str,
    data_dir: Path | None = None,
    options: DataOptions | None = None,
    may_fetch: bool = True,
) -> DatasetInfo:
    """A data set in the form in which `DATASETS` has the embedded ones; arguments as for `load`.

    Files are found (or fetched) now and read when `read` is first called. Its fingerprint goes over
    the files, the options and the way of splitting.
    """
    if name in DATASETS:
        return DATASETS[name]
    _check_name(name)
    located = locate(name, data_dir, options, may_fetch)
    entry = known_dataset(name)
    chosen = {**entry.choose(options or {}), "split": f"{SPLITTING}.{SPLIT_SEED}"}

    @cache
    def read() -> Dataset:
        return read_located(name, located, options).dataset

    return DatasetInfo(
        name=name,
        kind=entry.kind,
        description=entry.description,
        licence=entry.licence,
        synthetic=False,
        phrasing=entry.phrasing,
        files=tuple(located.found.files.values()),
        read=read,
        variant=json.dumps(chosen, sort_keys=True),
    )


def load_embedded(info: DatasetInfo) -> Loaded:
    """An embedded data set with the record of its reading."""
    dataset = info.read()
    split = Split(dataset.train, dataset.test, dataset.validation)
    shared = leaks(dataset.train, dataset.test)
    reading = Reading(
        dataset=info.name,
        options={},
        sources=tuple(source_file(file, read_bytes(file)) for file in info.files),
        read={part.name: part.rows for part in split.readings(labels=False)},
        dropped=Tally().dropped(),
        splits=split.readings(labels=bool(dataset.labels)),
        complaints=(f"train texts that are tested: {', '.join(shared)}",) if shared else (),
        notes=("synthetic: it says nothing about real text",) if info.synthetic else (),
    )
    return Loaded(dataset, reading)


def _check_name(name: str) -> None:
    if name not in CATALOG:
        raise InputError(f"no data set {name!r}", f"There are: {', '.join([*DATASETS, *CATALOG])}.")


def read_located(name: str, located: Located, options: DataOptions | None) -> Loaded:
    """Reads a known data set's files; raises as `load` does of files."""
    entry: KnownDataset = known_dataset(name)
    expected = located.origin.files if located.origin else {}
    loaded = _READERS[name](located.found, entry.choose(options or {}), expected)
    if located.origin is None:
        return loaded
    origin = f"from the Hub's data set {located.origin.repo} at {located.origin.revision}"
    return Loaded(loaded.dataset, _noted(loaded.reading, origin))


def _noted(reading: Reading, note: str) -> Reading:
    return replace(reading, notes=(*reading.notes, note))


_Reader = Callable[[FoundFiles, Mapping[str, str], Mapping[str, str]], Loaded]
_READERS: dict[str, _Reader] = {
    "financial_phrasebank": lambda found, options, sha256: read_phrasebank(
        found, options["agreement"], sha256.get(found.files["all"].name)
    ),
    "samsum": lambda found, options, sha256: read_samsum(found, sha256),
}
