"""What was done of a cell by workers that did not live to its end, so that seconds and tokens add up over all."""

from __future__ import annotations

import json
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from harness.results.cell_folder import PART
from harness.runner.jobs import Pace

FILE = "parts.jsonl"
WIDTH = 160
"""Bytes of a line, which is written anew in its place with every answer."""


class Parts:
    """A line a worker, beside the samples: how many it has answered, in how many seconds, with how many tokens.

    The file goes when the cell is finished.
    """

    def __init__(self, folder: Path, key: str) -> None:
        """Reads what others did under the key of these samples; what stands there of other samples goes.

        Args:
            folder: of a cell, whose parts are others, too; or of a part.
            key: of the samples.
        """
        self._file, self._key = folder / FILE, key
        own = self._read(self._file)
        found = [*own, *(of for file in folder.glob(f"{PART}*/{FILE}") for of in self._read(file))]
        self.earlier = Pace(
            sum(one.examples for one in found),
            sum(one.tokens for one in found),
            sum(one.seconds for one in found),
        )
        """What was done before, all together."""
        self._place = len(own) * WIDTH

    def _read(self, file: Path) -> list[Pace]:
        try:
            lines = file.read_bytes().split(b"\n")
        except OSError:
            return []
        found = []
        for line in lines:
            try:
                key, examples, tokens, seconds = json.loads(line)
                one = Pace(int(examples), int(tokens), float(seconds))
            except (ValueError, TypeError):
                break
            if key != self._key:
                return []
            found.append(one)
        return found

    def __enter__(self) -> Self:
        self._stream = os.open(self._file, os.O_WRONLY | os.O_CREAT, 0o644)
        os.ftruncate(self._stream, self._place)
        return self

    def note(self, pace: Pace) -> None:
        """What this worker has done by now."""
        text = json.dumps([self._key, pace.examples, pace.tokens, round(pace.seconds, 6)])
        os.pwrite(self._stream, f"{text.ljust(WIDTH - 1)}\n".encode(), self._place)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self._stream)

    def forget(self) -> None:
        """The cell is finished."""
        self._file.unlink(missing_ok=True)
