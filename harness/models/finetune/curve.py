"""A loss curve on disk, appended as it goes, and the place that an interrupted training goes on from.

No torch here: the parent process reads both.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from pydantic import ValidationError

from harness.files import write_json
from harness.records import TrainingPoint

_FILE = "curve.jsonl"
_EARLIER = "interrupted.jsonl"
_PLACE = "place.json"


@dataclass(frozen=True)
class Interruption:
    """Where an attempt ended, and the step that the next one went on from; 0 where it began anew."""

    last: TrainingPoint
    resumed: int


class LossCurve:
    """The curve of one attempt, in a folder that earlier attempts may have written to as well."""

    def __init__(self, work: Path, before: Sequence[TrainingPoint] = ()) -> None:
        """Begins a curve; where an earlier one ended is noted in `interrupted`.

        Args:
            work: a folder that outlives the process.
            before: the steps that this attempt goes on from.
        """
        work.mkdir(parents=True, exist_ok=True)
        self._file, earlier = work / _FILE, work / _EARLIER
        last = last_point(work)
        if last is not None:
            with earlier.open("a", encoding="utf-8") as lines:
                place = {"last": last.model_dump(), "resumed": len(before)}
                lines.write(f"{json.dumps(place)}\n")
        self.interrupted = _interruptions(earlier)
        self._stream = self._file.open("w", encoding="utf-8")
        for point in before:
            self.add(point)

    def add(self, point: TrainingPoint) -> None:
        """Appends a step, which is on disk when this returns."""
        self._stream.write(f"{point.model_dump_json()}\n")
        self._stream.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()


def last_point(work: Path) -> TrainingPoint | None:
    """The last step of the attempt that a work folder is of; None where there was none."""
    last = None
    for line in _lines(work / _FILE):
        try:
            last = TrainingPoint.model_validate_json(line)
        except ValidationError:
            continue
    return last


def write_place(work: Path, step: int) -> None:
    """Notes that a checkpoint holds what was learned in so many steps."""
    write_json(work / _PLACE, {"step": step})


def place(work: Path) -> int:
    """The step that the next attempt goes on from; 0 where it begins anew."""
    try:
        return int(json.loads((work / _PLACE).read_text(encoding="utf-8"))["step"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0


def _interruptions(file: Path) -> list[Interruption]:
    found: list[Interruption] = []
    for line in _lines(file):
        try:
            one = json.loads(line)
            found.append(Interruption(TrainingPoint(**one["last"]), int(one["resumed"])))
        except (ValueError, KeyError, TypeError):
            continue
    return found


def _lines(file: Path) -> list[str]:
    """The lines of a file, the last of which may have been cut off."""
    try:
        return [line for line in file.read_text(encoding="utf-8").split("\n") if line]
    except OSError:
        return []
