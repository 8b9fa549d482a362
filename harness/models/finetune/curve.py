"""A loss curve on disk, appended as it goes: what remains of a training whose process died."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import ValidationError

from harness.records import TrainingPoint

_FILE = "curve.jsonl"
_EARLIER = "interrupted.jsonl"


class LossCurve:
    """The curve of one attempt, in a folder that earlier attempts may have written to as well."""

    def __init__(self, work: Path) -> None:
        """Begins a new curve; where an earlier one ended is noted in `interrupted`.

        Args:
            work: a folder that outlives the process.
        """
        work.mkdir(parents=True, exist_ok=True)
        self._file, earlier = work / _FILE, work / _EARLIER
        last = last_point(work)
        if last is not None:
            with earlier.open("a", encoding="utf-8") as lines:
                lines.write(f"{last.model_dump_json()}\n")
        self.interrupted = _points(earlier)
        self._stream = self._file.open("w", encoding="utf-8")

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
    points = _points(work / _FILE)
    return points[-1] if points else None


def _points(file: Path) -> list[TrainingPoint]:
    """The steps of a file, but for a line that was cut off."""
    found: list[TrainingPoint] = []
    try:
        lines = file.read_text(encoding="utf-8").split("\n")
    except OSError:
        return found
    for line in lines:
        try:
            found.append(TrainingPoint.model_validate_json(line))
        except ValidationError:
            continue
    return found
