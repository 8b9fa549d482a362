"""What a suite allows of a model's files, by the model's name: to run their code, to read pickles.

Both are refused unless they are granted, for the folders of the model that is named, for the time of
one step. So a permission goes where the files go, and to no other model of the suite.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Literal


@dataclass(frozen=True)
class Permissions:
    """What may be done with the files of one model."""

    model: str = ""
    """The entry of the suite that the files belong to."""
    code: bool = False
    """`trust_remote_code: true`: Python files beside the weights may be run."""
    pickle: bool = False
    """`pickle: true`: weights may be read from a pickle, by torch's restricted reader."""


_GRANTED: ContextVar[Mapping[Path, Permissions]] = ContextVar("granted")


@contextmanager
def granted(by_path: Mapping[Path, Permissions]) -> Iterator[None]:
    """Grants what each path's permissions say, until the block ends."""
    token = _GRANTED.set({path.resolve(): given for path, given in by_path.items()})
    try:
        yield
    finally:
        _GRANTED.reset(token)


def permissions_of(path: Path) -> Permissions:
    """What may be done with the files of a folder: nothing, unless it was granted."""
    return _GRANTED.get({}).get(path.resolve(), Permissions())


def how_to_allow(path: Path, key: Literal["trust_remote_code", "pickle"]) -> str:
    """The line of the suite that allows it."""
    name = permissions_of(path).model
    model = f"the model `{name}`" if name else "this model"
    return f"if you trust its authors, add `{key}: true` to {model} in the suite"
