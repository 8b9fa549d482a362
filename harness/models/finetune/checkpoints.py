"""What an interrupted training goes on from: weights, optimizer, random state, and what was done so far.

A checkpoint is written aside and renamed, so that there is always a whole one. torch's restricted reader
takes it in, which runs no code.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from harness.files import replaced
from harness.models.finetune.curve import write_place
from harness.models.room import room_for

_FILE = "checkpoint.pt"
_LEAST_SECONDS = 30.0
_SHARE = 0.02
"""Of the time that goes into checkpoints at most."""

Tensors = dict[str, torch.Tensor]


class Checkpoints:
    """The checkpoints of a training, in a folder that outlives the process."""

    def __init__(
        self,
        folder: Path,
        identity: str,
        every: float = _LEAST_SECONDS,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        """Prepares the folder.

        Args:
            identity: what a checkpoint must be of to be gone on from.
            every: seconds between two of them at least; more where they take long to write.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._identity = identity
        self._every = every
        self._clock = clock
        self._last = clock()

    def load(self) -> dict[str, Any] | None:
        """The state of the last checkpoint; None where there is none that can be used."""
        try:
            found = torch.load(self.folder / _FILE, map_location="cpu", weights_only=True)
        except (OSError, RuntimeError, ValueError, EOFError, KeyError, UnpicklingError):
            return None
        return found["state"] if found.get("identity") == self._identity else None

    @property
    def due(self) -> bool:
        """Whether it is time for the next one."""
        return self._clock() - self._last >= self._every

    def save(self, step: int, state: dict[str, Any]) -> None:
        """Writes a state after so many steps.

        Raises:
            NoSpaceError: the disk is full.
        """
        began = self._clock()
        with (
            _room_for(self.folder),
            replaced(self.folder / _FILE) as file,
            file.open("wb") as stream,
        ):
            torch.save({"identity": self._identity, "state": state}, stream)
        write_place(self.folder, step)
        self._last = self._clock()
        self._every = max(self._every, (self._last - began) / _SHARE)

    def keep(self, step: int, weights: Tensors) -> None:
        """Keeps the best weights so far, which are those after so many steps.

        Raises:
            NoSpaceError: the disk is full.
        """
        with _room_for(self.folder), replaced(self._best(step)) as file:
            save_file(
                {name: tensor.detach().cpu().contiguous() for name, tensor in weights.items()}, file
            )

    def kept(self, step: int) -> Tensors:
        """The weights that were kept after so many steps."""
        return load_file(self._best(step))

    def forget(self, *but: int) -> None:
        """Deletes the kept weights of all other steps."""
        spared = {self._best(step) for step in but}
        for file in self.folder.glob("best-*.safetensors"):
            if file not in spared:
                file.unlink(missing_ok=True)

    def _best(self, step: int) -> Path:
        return self.folder / f"best-{step}.safetensors"


def _room_for(folder: Path) -> AbstractContextManager[None]:
    return room_for("a checkpoint", folder, "; the next run goes on from the last checkpoint")
