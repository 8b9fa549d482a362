"""One way to a real data set: find its files, or fetch them, read them, check them, split them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path

from harness.data.catalog import CATALOG, KnownDataset, known_dataset
from harness.data.datasets import DatasetInfo, Loaded
from harness.data.embedded import DATASETS
from harness.data.fetching import Origin, fetch, fetched_folder, read_origin
from harness.data.phrasebank import read_phrasebank
from harness.data.places import FoundFiles, data_folder, find_files
from harness.data.samsum import read_samsum
from harness.data.splits import SPLIT_SEED, SPLITTING
from harness.errors import AbsentDataError, InputError
from harness.home import default_home

DataOptions = Mapping[str, object]


def load(
    name: str,
    data_dir: Path | None = None,
    options: DataOptions | None = None,
    may_fetch: bool = True,
) -> Loaded:
    """Reads a data set by name, embedded ones included; arguments and errors as for `info_of`.

    Raises:
        InputError: an embedded data set with options, too.
        BadDataError: the files are damaged or something else, too.
    """
    if name in DATASETS and options:
        raise InputError(f"data set {name}: it has no options", f"Leave out {', '.join(options)}.")
    return info_of(name, data_dir, options, may_fetch).load()


def info_of(
    name: str,
    data_dir: Path | None = None,
    options: DataOptions | None = None,
    may_fetch: bool = True,
) -> DatasetInfo:
    """A data set by name. Its files are found (or fetched) now and read when they are asked for.

    With `data_dir`, or `$HARNESS_DATA`, they are looked for there and nowhere else, and nothing touches
    the network. The fingerprint goes over the files, the options and the way of splitting.

    Args:
        name: of `CATALOG` or `DATASETS`.
        data_dir: a folder with the files.
        options: the data set's own keys, such as `agreement: 66`.
        may_fetch: whether the network may be used where no folder is named.

    Raises:
        InputError: no such data set, option or folder.
        BadDataError: no files; says which to put there.
        AbsentDataError, BadDataError, HubError, NoSpaceError: as `fetched_info`.
    """
    if name in DATASETS:
        return DATASETS[name]
    if name not in CATALOG:
        raise InputError(f"no data set {name!r}", f"There are: {', '.join([*DATASETS, *CATALOG])}.")
    entry = known_dataset(name)
    entry.choose(options or {})
    folder = data_folder(data_dir)
    if folder is not None:
        return _info(entry, options, find_files(name, folder, options))
    return fetched_info(entry, options, may_fetch)


def fetched_info(entry: KnownDataset, options: DataOptions | None, may_fetch: bool) -> DatasetInfo:
    """A data set whose files are in `$HARNESS_HOME/data/<name>`, or are fetched if `may_fetch`.

    Raises:
        AbsentDataError: no files yet, and they must not be fetched.
        BadDataError, HubError, NoSpaceError: they cannot be fetched; says which to put where.
    """
    home = default_home()
    cached = fetched_folder(entry.name, home)
    origin = read_origin(entry.name, home)
    if origin is None and not (cached.is_dir() and any(cached.iterdir())):
        if not may_fetch:
            raise AbsentDataError(
                f"{entry.name}: its files are not here",
                f"`harness data get {entry.name}` fetches them. Or put {entry.by_hand} into a folder "
                "and name it with --data-dir or HARNESS_DATA.",
            )
        origin = fetch(entry, home)
    return _info(entry, options, find_files(entry.name, cached, options), origin)


def _info(
    entry: KnownDataset,
    options: DataOptions | None,
    found: FoundFiles,
    origin: Origin | None = None,
) -> DatasetInfo:
    chosen = entry.choose(options or {})

    @cache
    def load() -> Loaded:
        loaded = _READERS[entry.name](found, chosen, origin.files if origin else {})
        if origin is None:
            return loaded
        note = f"from the Hub's data set {origin.repo} at {origin.revision}"
        notes = (*loaded.reading.notes, note)
        return Loaded(loaded.dataset, replace(loaded.reading, notes=notes))

    return DatasetInfo(
        **entry.facts(),
        phrasing=entry.phrasing,
        files=tuple(found.files.values()),
        load=load,
        variant=json.dumps({**chosen, "split": f"{SPLITTING}.{SPLIT_SEED}"}, sort_keys=True),
    )


_Reader = Callable[[FoundFiles, Mapping[str, str], Mapping[str, str]], Loaded]
_READERS: dict[str, _Reader] = {
    "financial_phrasebank": lambda found, options, sha256: read_phrasebank(
        found, options["agreement"], sha256.get(found.files["all"].name)
    ),
    "samsum": lambda found, options, sha256: read_samsum(found, sha256),
}
