"""What travels to a node that shares no folder with the driver: a job, and what its paths stand for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Parcel:
    """Files of the driver's that lie in the store."""

    path: str
    """Of the driver's machine: the folder, or the one file."""
    key: str
    """Of the entry of kind `FILES` that holds them."""
    name: str = ""
    """The file in it that `path` is; "" where it is the folder."""


FILES = "files"


@dataclass(frozen=True)
class Packed:
    """A job for a node that has only the store in common with the driver."""

    job: str
    """As the driver has it (`Job.to_json`)."""
    home: str
    results: str
    """The driver's folder of all results."""
    store: str
    """Its URL, without credentials: a node has its own."""
    identity: str
    """Of the store, so that another one of the same name is told from it."""
    parcels: tuple[Parcel, ...]
    parents: tuple[tuple[str, str], ...]
    """Kind and key of the steps that the job reads what they made."""
    begun: Mapping[str, bytes] = field(default_factory=dict)
    """Files of the driver's results that the job goes on from, or takes answers from."""
    again: frozenset[str] = frozenset()
    software: Mapping[str, str] = field(default_factory=dict)
    timeout_seconds: float = 0.0


def placed(job: str, table: Mapping[str, str]) -> str:
    """A job whose paths are those of another machine.

    Args:
        job: as JSON.
        table: folders and files by what they are in it, and what they are there. Steps hold no paths.
    """
    data = json.loads(job)
    for one in data["steps"]:
        one.update({name: _placed(of, table) for name, of in one.items() if name != "step"})
    rest = {name: _placed(of, table) for name, of in data.items() if name != "steps"}
    return json.dumps({**rest, "steps": data["steps"]})


def _placed(data: Any, table: Mapping[str, str]) -> Any:
    if isinstance(data, str):
        return _elsewhere(data, table)
    if isinstance(data, dict):
        return {name: _placed(value, table) for name, value in data.items()}
    if isinstance(data, list):
        return [_placed(value, table) for value in data]
    return data


def _elsewhere(text: str, table: Mapping[str, str]) -> str:
    """Of the places that a path lies in the innermost counts."""
    if text in table:
        return table[text]
    if not text.startswith("/"):
        return text
    inside = next((one for one in map(str, Path(text).parents) if one in table), None)
    return text if inside is None else table[inside] + text[len(inside) :]
