"""What `harness data list | get | check | show` say, as records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from harness.data.catalog import CATALOG, KnownDataset, known_dataset
from harness.data.datasets import DatasetFacts, Example
from harness.data.embedded import DATASETS
from harness.data.fetching import fetch, fetched_folder, read_origin
from harness.data.loading import DataOptions, fetched_info, load
from harness.data.places import data_folder, find_files
from harness.data.readings import Reading
from harness.data.subsets import draw
from harness.errors import BadDataError, InputError
from harness.home import default_home

Where = Literal["embedded", "found", "fetched", "absent"]


@dataclass(frozen=True, kw_only=True)
class ListedDataset(DatasetFacts):
    """A data set that a suite can name.

    `where` says whether it comes with the project, lies in the user's folder, was fetched, or is not
    here; `path` is the first of its files, or empty.
    """

    where: Where
    path: str
    options: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class ShownExamples:
    """Some examples of a split, drawn by the seed, and where they stand."""

    entry: ListedDataset
    reading: Reading
    split: str
    available: int
    examples: tuple[Example, ...]


def list_data(data_dir: Path | None = None) -> tuple[ListedDataset, ...]:
    """All data sets, embedded ones first; reads no data and touches no network.

    Raises:
        InputError: the data folder is none.
    """
    folder = data_folder(data_dir)
    embedded = [
        ListedDataset(**info.facts(), where="embedded", path=str(info.files[0]), options={})
        for info in DATASETS.values()
    ]
    known = [_listed(entry, folder, default_home()) for entry in CATALOG.values()]
    return (*embedded, *known)


def get_data(
    name: str,
    options: DataOptions | None = None,
    again: bool = False,
) -> Reading:
    """Fetches a data set into `$HARNESS_HOME/data` unless it is there, and checks it.

    Raises:
        InputError: no such data set or option.
        HubError, NoSpaceError: it cannot be fetched.
        BadDataError: what came is not it.
    """
    if name in DATASETS:
        return load(name, None, options).reading
    entry, home = known_dataset(name), default_home()
    entry.choose(options or {})
    by_hand = _whereabouts(entry, None, home)[0] == "found"
    if again or not by_hand:
        fetch(entry, home, again=again)
    return fetched_info(entry, options, may_fetch=False).load().reading


def show_data(
    name: str,
    data_dir: Path | None = None,
    options: DataOptions | None = None,
    split: str = "test",
    count: int = 3,
    seed: int = 0,
) -> ShownExamples:
    """Some examples of a data set, as a suite with this `limit` and `seed` would ask them.

    Raises:
        InputError: no such data set, option, folder or split.
        BadDataError: it is not here, or cannot be read.
    """
    loaded = load(name, data_dir, options, may_fetch=False)
    parts = loaded.dataset.parts()
    if not parts.get(split):
        there = ", ".join(part for part, examples in parts.items() if examples)
        raise InputError(f"data set {name}: no split {split!r}", f"There are: {there}.")
    chosen = draw(parts[split], count, seed, stratify=bool(loaded.dataset.labels))
    entry = next(item for item in list_data(data_dir) if item.name == name)
    return ShownExamples(entry, loaded.reading, split, len(parts[split]), tuple(chosen))


def _listed(entry: KnownDataset, folder: Path | None, home: Path) -> ListedDataset:
    where, path = _whereabouts(entry, folder, home)
    return ListedDataset(**entry.facts(), where=where, path=path, options=entry.options)


def _whereabouts(entry: KnownDataset, folder: Path | None, home: Path) -> tuple[Where, str]:
    """The first file of any variant in the folder that would be looked through."""
    looked = folder or fetched_folder(entry.name, home)
    variants: list[dict[str, object]] = [{}]
    for option, values in entry.options.items():
        variants = [{option: value} for value in values]
    for variant in variants:
        try:
            found = find_files(entry.name, looked, variant)
        except BadDataError:
            continue
        fetched = folder is None and read_origin(entry.name, home) is not None
        return ("fetched" if fetched else "found"), str(next(iter(found.files.values())))
    return "absent", ""
