"""The folder of one cell: its samples, a line each, and the result that is made of them."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from harness.files import move_folder_aside, synchronise, write_atomically
from harness.marks import FileMark, fault_of, is_but_for_line_ends, mark_of
from harness.plan.cell_params import CellParams
from harness.plan.steps import Step
from harness.records import Cell, Sample, SpeedRound
from harness.results.damage import Damaged
from harness.sealed import lines_in, read_sealed, sealed_line, write_sealed

SAMPLES = "samples"
"""The key in `result.json` that holds the mark of the samples."""
ASKED_AGAIN = "its whole answers are kept, the others are asked again, and the result is made anew"
MADE_ANEW = "the result is made anew from its answers"
PART = "part-"
"""What folders of parts begin with."""


class CellFolder:
    """The files of one cell."""

    def __init__(self, folder: Path, damaged: Damaged | None = None) -> None:
        """Of a folder that need not be there; what is found damaged in it is told to `damaged`."""
        self.folder = folder
        self.samples_file = folder / "samples.jsonl"
        self.result_file = folder / "result.json"
        self._damaged = damaged if damaged is not None else Damaged()

    def part(self, number: int) -> CellFolder:
        """The folder of a part of the cell, which another worker asks."""
        return CellFolder(self.folder / f"{PART}{number}", self._damaged)

    def parts(self) -> list[CellFolder]:
        """Those of its parts that are there, until what they answered is joined."""
        found = sorted(self.folder.glob(f"{PART}*"))
        return [
            CellFolder(of, self._damaged) for of in found if of.is_dir() and not of.is_symlink()
        ]

    def forget_parts(self) -> None:
        """Deletes the folders of its parts: their answers are its own now."""
        for part in self.parts():
            shutil.rmtree(part.folder, ignore_errors=True)

    def noted(self) -> Cell | None:
        """The cell as it was last written, whatever became of its samples; None where it is missing or
        damaged."""
        found = self._read()
        return None if found is None else found[0]

    def result(self, *, thoroughly: bool = False) -> Cell | None:
        """The cell as it was last written; None where it is missing or damaged, or its samples are not
        those that it was made of.

        Args:
            thoroughly: whether the samples are read although their size and time are the same.
        """
        found = self._read()
        if found is None:
            return None
        cell, mark = found
        fault = "" if mark is None else fault_of(self.samples_file, mark, thoroughly)
        if mark is not None and fault and not is_but_for_line_ends(self.samples_file, mark):
            self._damaged.note(self.samples_file, fault, ASKED_AGAIN)
            return None
        return cell

    def _read(self) -> tuple[Cell, FileMark | None] | None:
        """The cell, and the mark of its samples; none where an earlier version wrote it, or it failed."""
        try:
            data = read_sealed(self.result_file).data
            mark = data.pop(SAMPLES, None)
            return Cell.model_validate(data), None if mark is None else FileMark.of(mark)
        except FileNotFoundError:
            return None
        except ValidationError:
            fault = "is no result of this version of harness"
        except ValueError as error:
            fault = str(error)
        self._damaged.note(self.result_file, fault, MADE_ANEW)
        return None

    def hold(self) -> None:
        """Has a result that an earlier version wrote held to its samples as they stand now."""
        found = self._read()
        if found is not None and found[0].status == "ok" and found[1] is None:
            self.finish(found[0])

    def is_done(self, key: str, *, thoroughly: bool = False) -> bool:
        """Whether this very cell has been answered."""
        result = self.result(thoroughly=thoroughly)
        return result is not None and result.key == key and result.status == "ok"

    def samples(self, key: str) -> list[Sample]:
        """The samples that belong to a key, by index, those of its parts among them; a line cut off by a crash, or
        changed since, is passed over."""
        files = (*(part.samples_file for part in self.parts()), self.samples_file)
        found = {of.index: of for file in files for of in _samples_in(file) if of.key == key}
        return [found[index] for index in sorted(found)]

    def write_samples(self, samples: Iterable[Sample]) -> None:
        """Replaces all samples by these, atomically."""
        lines = "".join(f"{sealed_line(of.model_dump_json())}\n" for of in samples)
        write_atomically(self.samples_file, lines)

    def start(self, kept: Sequence[Sample]) -> None:
        """Makes the folder ready for appending: only these samples, and no result."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for file in (self.result_file, self.samples_file):
            move_folder_aside(file)
        self.result_file.unlink(missing_ok=True)
        if kept or self.samples_file.exists():
            self.write_samples(kept)

    def rounds(self, key: str) -> dict[int, SpeedRound]:
        """The finished rounds of a timed cell, by number; those whose samples are not all there,
        or that belong to another key, are passed over."""
        counts = Counter(sample.data.get("round") for sample in self.samples(key))
        found: dict[int, SpeedRound] = {}
        for file in self.folder.glob("round-*.json"):
            try:
                one = SpeedRound.model_validate(read_sealed(file).data)
            except (OSError, ValueError):
                continue
            if one.key == key and counts[one.number] == one.samples:
                found[one.number] = one
        return found

    def has_round(self, step: Step) -> bool:
        """Whether a round of a timed cell is finished."""
        params = step.given(CellParams)
        return params.round in self.rounds(params.cell)

    def keep_round(self, one: SpeedRound) -> None:
        """Writes that a round is finished, atomically."""
        write_sealed(self.folder / f"round-{one.number}.json", one.model_dump(mode="json"))

    def finish(self, cell: Cell) -> None:
        """Writes the result, atomically, with a mark of the samples that it is made of; then both are on
        disk. A result whose samples are not those of its mark is none, so that neither has to come first."""
        of: dict[str, Any] = {}
        if cell.status == "ok" and self.samples_file.is_file():
            of = {SAMPLES: asdict(mark_of(self.samples_file))}
        write_sealed(self.result_file, cell.model_dump(mode="json") | of, lasting=False)
        synchronise(self.result_file, *([self.samples_file] if of else []), self.folder)


def _samples_in(file: Path) -> Iterator[Sample]:
    try:
        lines = lines_in(file.read_bytes())
    except OSError:
        return
    for line in lines:
        try:
            yield Sample.model_validate_json(line)
        except ValidationError:
            continue
