"""Opens the instructions that a fine-tuning of a suite names."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from harness.data.datasets import Example
from harness.data.instructions import Instruction, Instructions, read_instructions
from harness.data.subsets import draw
from harness.errors import BadDataError


def open_instructions(ref: Mapping[str, Any], sha256: str | None = None) -> Instructions:
    """What a reference names (`harness.suite.data.InstructionRef`).

    Args:
        ref: plain data.
        sha256: what the file's contents must be.

    Raises:
        InputError: no such file, or not a table.
        BadDataError: it is damaged, holds rows of no known form, or none with an answer.
    """
    return _read(Path(ref["path"]), sha256)


@lru_cache(maxsize=8)
def _read(path: Path, sha256: str | None) -> Instructions:
    found = read_instructions(path, sha256)
    if not found.rows:
        raise BadDataError(f"{path}: no row has an answer", "Name another file.")
    return found


def draw_instructions(
    rows: tuple[Instruction, ...], limit: int | None, seed: int
) -> list[Instruction]:
    """A subset of at most `limit` rows, in the order of the whole; nested, as `draw` has it."""
    drawn = {one.id for one in draw([Example(row.id, "", "") for row in rows], limit, seed, False)}
    return [row for row in rows if row.id in drawn]
