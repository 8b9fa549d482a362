"""Opens what a suite's task names: an embedded data set, a known one, or one of the user's own."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from harness.data.datasets import DatasetInfo, TaskKind
from harness.data.loading import info_of
from harness.data.own import OwnData, own_info
from harness.data.splits import leaks
from harness.errors import AbsentDataError


def open_data(ref: Mapping[str, Any], may_fetch: bool = False) -> DatasetInfo:
    """The data set that a reference names (`harness.plan.data.DataRef`).

    Files are found now, and read when `read` is first called.

    Args:
        ref: plain data.
        may_fetch: whether the network may be used where no folder is named.

    Raises:
        InputError: no such data set, option, folder or file.
        AbsentDataError: it has yet to be fetched.
        BadDataError: its files are not there, or damaged.
    """
    if "own" not in ref:  # read once, whatever kind of task asks it
        ref = {key: value for key, value in ref.items() if key != "kind"}
    return _open(json.dumps(ref, sort_keys=True), may_fetch)


@lru_cache(maxsize=64)
def _open(text: str, may_fetch: bool) -> DatasetInfo:
    ref = json.loads(text)
    if "hub" in ref:
        raise AbsentDataError(
            f"{ref['name']}: not on this machine yet", "`harness run` downloads it."
        )
    if "own" not in ref:
        place = Path(ref["data_dir"]) if "data_dir" in ref else None
        return info_of(ref["name"], place, ref.get("options"), may_fetch=may_fetch)
    given = dict(ref["own"])
    for key in given.keys() & {"file", "train", "test"}:
        given[key] = Path(given[key])
    parts = given.pop("parts", {})
    given["parts"] = {part: tuple(map(Path, paths)) for part, paths in parts.items()}
    if isinstance(given.get("choices"), list):
        given["choices"] = tuple(given["choices"])
    labels = given.pop("labels", ())
    named = {str(k): str(v) for k, v in labels.items()} if isinstance(labels, dict) else None
    kind: TaskKind = "classify" if ref["kind"] == "classify" else "summarize"
    return own_info(
        OwnData(ref["name"], kind, labels=tuple(labels) if named is None else named, **given)
    )


def tested_elsewhere(
    learned: Mapping[str, Any], tested: Iterable[Mapping[str, Any]]
) -> tuple[str, ...]:
    """Ids of train examples of one data set whose text stands in the test split of another.

    Raises:
        InputError, BadDataError: as `open_data`.
    """
    asked = (example for ref in tested for example in open_data(ref).read().test)
    return tuple(sorted(leaks(open_data(learned).read().train, asked)))
