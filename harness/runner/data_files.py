"""Data sets that are not files of this machine yet: from the Hub, or from a Python function."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harness.data.repo_files import Parts, Wanted, choose_parts
from harness.errors import AbsentDataError, InputError
from harness.suite.data import DataRef


def locate(ref: DataRef, home: Path, may_fetch: bool) -> DataRef:
    """The same reference, with the files that hold the data; as it is where they are named already.

    Args:
        ref: to a data set (`DataRef`) or to instructions (`InstructionRef`).
        home: `$HARNESS_HOME`.
        may_fetch: whether data may be downloaded.

    Raises:
        InputError: the repo's files can be taken in several ways, or none; or there is no such repo.
        AbsentDataError: it is not here and must not be fetched.
        HubError: the Hub refuses, cannot be reached, or the download broke off.
    """
    if "hub" in ref:
        return _from_hub(ref, home, may_fetch)
    return ref


def _from_hub(ref: DataRef, home: Path, may_fetch: bool) -> DataRef:
    from harness.models.hub import fetch, plan_data, resolve

    place: dict[str, Any] = ref["hub"]
    repo = place["hub"]
    wanted = Wanted(*(place.get(key) for key in ("config", "file", "train", "test")))
    commit = resolve(repo, place.get("revision", "main"), home, repo_type="dataset").commit
    parts: dict[str, tuple[str, ...]] = {}

    def choose(paths: Sequence[str]) -> Sequence[str]:
        parts.update(_parts(ref, choose_parts(paths, repo, wanted)))
        return [path for part in parts.values() for path in part]

    download = plan_data(repo, commit, home, choose)
    if download.missing and not may_fetch:
        raise AbsentDataError(
            f"{repo}: the data set is not on this machine yet",
            f"`harness run` downloads it ({download.needed_bytes / 1e6:,.1f} MB).",
        )
    fetch(download)
    folder = download.target
    if "own" not in ref:
        (paths,) = parts.values()
        return {"name": ref["name"], "paths": [str(folder / path) for path in paths]}
    if "test_share" in ref["own"] and "all" not in parts:
        raise InputError(
            f"{repo}: `test_share` is set, but the data set has a test part: {parts['test'][0]}",
            "Leave it out, or name a file that is to be split with `file:`.",
        )
    found = {part: [str(folder / path) for path in paths] for part, paths in parts.items()}
    names = ", ".join(path for paths in parts.values() for path in paths)
    origin = f"{repo} on the Hub at {commit[:12]}: {names}"
    own = ref["own"] | {"parts": found, "origin": origin}
    return {"name": ref["name"], "kind": ref["kind"], "own": own}


def _parts(ref: DataRef, parts: Parts) -> Parts:
    """Of a data set all parts; of instructions, of which none are tested, the train part."""
    return parts if "own" in ref else {"train": parts.get("train") or parts["all"]}
