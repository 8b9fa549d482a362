"""Which files of a Hub's data set are its parts: told by their names, as `datasets` tells them.

A part's name (train, validation or valid or val or dev, test) stands in a file's name, or is the name
of the folder it lies in; what else stands there (`en/`, `sst2-`) is the name of a configuration.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

from harness.data.places import SPLIT_NAMES
from harness.data.tables import is_table
from harness.errors import InputError

ENDINGS = (".parquet", ".jsonl", ".ndjson", ".json", ".csv", ".tsv")
"""Forms of tables: where a repo has the same rows in several, the first of these is taken."""
_NO_TABLES = re.compile(r"(dataset_infos?|dataset_dict|state|croissant|package|config)\.json")
_SHARD = re.compile(r"-\d{5}-of-\d{5}$")
_PART = {name: part for part, names in SPLIT_NAMES.items() for name in names}
_SHOWN = 8

Parts = Mapping[str, tuple[str, ...]]
"""Paths by part: train, test and perhaps validation; or all that is to be split, as `all`."""


@dataclass(frozen=True)
class WantedFiles:
    """What a suite says of a repo's files; patterns are as the shell has them."""

    config: str | None = None
    file: str | None = None
    train: str | None = None
    test: str | None = None


def choose_parts(paths: Iterable[str], repo: str, wanted: WantedFiles) -> Parts:
    """The files of a data set, by part.

    Without a test part, the validation part is tested; a part that is alone is split.

    Args:
        paths: all that the repo has.
        repo: for messages.
        wanted: named files, or a configuration.

    Raises:
        InputError: there are none, or they can be taken in several ways; says what to write.
    """
    tables = sorted(path for path in paths if is_table(path) and not _is_aside(path))
    if wanted.file is not None:
        return {"all": _matching(tables, wanted.file, "file", repo)}
    if wanted.train is not None and wanted.test is not None:
        return {
            "train": _matching(tables, wanted.train, "train", repo),
            "test": _matching(tables, wanted.test, "test", repo),
        }
    found = _configurations(tables)
    if not found:
        raise InputError(
            f"{repo}: the data set has no tables ({', '.join(ENDINGS)})",
            "Some are made by a script, which is never run; look for a copy with files.",
        )
    return _parts(found[_configuration(found, wanted.config, repo)], repo)


def _is_aside(path: str) -> bool:
    """Whether a file is about the data and not of it."""
    pure = PurePosixPath(path)
    return bool(_NO_TABLES.fullmatch(pure.name)) or any(p.startswith(".") for p in pure.parts)


def _matching(tables: Sequence[str], pattern: str, key: str, repo: str) -> tuple[str, ...]:
    found = tuple(path for path in tables if fnmatchcase(path, pattern))
    if not found:
        near = get_close_matches(pattern, tables, _SHOWN, 0.3) or tables[:_SHOWN]
        there = f"There are: {', '.join(near)}." if near else "The repo has no tables."
        raise InputError(f"{repo}: no file fits `{key}: {pattern}`", there)
    return found


def _configurations(tables: Sequence[str]) -> dict[str, dict[str, list[str]]]:
    """Paths by configuration and part; "" is the part of what names none."""
    found: dict[str, dict[str, list[str]]] = {}
    for path in tables:
        config, part = _place(path)
        found.setdefault(config, {}).setdefault(part, []).append(path)
    named = {config: parts for config, parts in found.items() if set(parts) - {""}}
    return {
        config: {part: paths for part, paths in parts.items() if part}
        for config, parts in named.items()
    } or found


def _place(path: str) -> tuple[str, str]:
    """The configuration and the part that a path speaks of, or ""."""
    pure = PurePosixPath(path)
    folders = [folder for folder in pure.parent.parts if folder != "data"]
    for folder in folders:
        if folder.lower() in _PART:
            rest = [other for other in folders if other != folder]
            return "/".join(rest), _PART[folder.lower()]
    stem = _SHARD.sub("", pure.stem)
    words = re.split(r"([-_.])", stem)
    for index, word in enumerate(words):
        if word.lower() in _PART:
            rest_of = "".join(words[:index] + words[index + 1 :]).strip("-_.")
            named = [rest_of] if re.search(r"[^\W\d_]", rest_of) else []
            return "/".join([*folders, *named]), _PART[word.lower()]
    return "/".join(folders), ""


def _configuration(found: Mapping[str, object], wanted: str | None, repo: str) -> str:
    if wanted is not None:
        if wanted not in found:
            named = ", ".join(sorted(filter(None, found))) or "none by name"
            raise InputError(
                f"{repo}: there is no configuration `{wanted}`", f"There are: {named}."
            )
        return wanted
    if len(found) == 1:
        return next(iter(found))
    if "default" in found:
        return "default"
    names = sorted(name or "(the others)" for name in found)
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    first = next(name for name in sorted(found) if name)
    raise InputError(
        f"{repo}: the data set has several configurations: {', '.join(names[:_SHOWN])}{more}",
        f"Choose one, as in `config: {first}`; or name the files with `train:` and `test:`, or `file:`.",
    )


def _parts(by_part: Mapping[str, Sequence[str]], repo: str) -> Parts:
    parts = {part: _one_form(paths) for part, paths in by_part.items()}
    if set(parts) == {""}:
        shards = {(_SHARD.sub("", str(PurePosixPath(p).with_suffix("")))) for p in parts[""]}
        if len(shards) > 1:
            listed = ", ".join(parts[""][:_SHOWN])
            raise InputError(
                f"{repo}: the data set has several tables, and none is called train or test: {listed}",
                f"Name one, as in `file: {parts[''][0]}`; or `train:` and `test:`.",
            )
        return {"all": parts[""]}
    if "test" not in parts and "validation" in parts:
        parts["test"] = parts.pop("validation")
    if len(parts) == 1:
        return {"all": next(iter(parts.values()))}
    if "train" not in parts:
        raise InputError(
            f"{repo}: the data set has no train part, only {' and '.join(parts)}",
            "Name the files with `train:` and `test:`, or one that is to be split with `file:`.",
        )
    return parts


def _one_form(paths: Sequence[str]) -> tuple[str, ...]:
    """The files of the preferred ending: others hold the same rows again."""
    endings = {PurePosixPath(path).suffix.lower() for path in paths}
    best = min(endings, key=ENDINGS.index)
    return tuple(path for path in paths if PurePosixPath(path).suffix.lower() == best)
