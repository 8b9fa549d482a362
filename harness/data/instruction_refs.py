"""Opens the instructions that a fine-tuning of a suite names."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from harness.data.datasets import Example
from harness.data.instructions import Instruction, Instructions, read_instructions
from harness.data.subsets import draw
from harness.errors import AbsentDataError, BadDataError


def open_instructions(ref: Mapping[str, Any], key: str | None = None) -> Instructions:
    """Reads the instructions that a reference names (`harness.plan.data.InstructionRef`).

    Args:
        ref: plain data, with its files.
        key: what `key_of` must give for the files' hashes.

    Raises:
        InputError: no such file, or not a table.
        BadDataError: it is damaged or has changed, holds rows of no known form, or none with an answer.
    """
    return _read(files_of(ref), key)


def files_of(ref: Mapping[str, Any]) -> tuple[Path, ...]:
    """The files that a reference names.

    Raises:
        AbsentDataError: they have yet to be fetched.
    """
    if "hub" in ref:
        raise AbsentDataError(
            f"{ref['name']}: not on this machine yet", "`harness run` downloads it."
        )
    return tuple(map(Path, ref["paths"]))


def key_of(hashes: Sequence[str]) -> str:
    """One SHA-256 for the contents of several files; a file's own where there is one."""
    return hashes[0] if len(hashes) == 1 else hashlib.sha256("\n".join(hashes).encode()).hexdigest()


@lru_cache(maxsize=8)
def _read(paths: tuple[Path, ...], key: str | None) -> Instructions:
    found = read_instructions(*paths)
    if key is not None and key_of([source.sha256 for source in found.reading.sources]) != key:
        raise BadDataError(
            f"{paths[0]}: has changed since the suite was read", "Leave it alone, and run again."
        )
    if not found.rows:
        raise BadDataError(f"{paths[0]}: no row has an answer", "Name another file.")
    return found


def draw_instructions(
    rows: tuple[Instruction, ...], limit: int | None, seed: int
) -> list[Instruction]:
    """A subset of at most `limit` rows, in the order of the whole; nested, as `draw` has it."""
    drawn = {one.id for one in draw([Example(row.id, "", "") for row in rows], limit, seed, False)}
    return [row for row in rows if row.id in drawn]
