"""Planning before the data is here: what is still to be fetched has a key for the time being."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from harness.errors import AbsentDataError, HarnessError, OfflineError
from harness.plan.data import DataRef, InstructionRef
from harness.runner.world import LocalWorld


class ProvisionalWorld(LocalWorld):
    """The world of a plan that is only looked at, since its keys may not be those of the run.

    A data set that a run would fetch is noted in `absent`; what it holds, and what of it stands in
    another, is then not known.
    """

    def __init__(self, home: Path, data_dir: Path | None = None) -> None:
        super().__init__(home, data_dir, may_fetch=False)
        self.absent: dict[str, HarnessError] = {}
        """By the data set's name."""

    def located(self, ref: DataRef) -> DataRef:
        try:
            return super().located(ref)
        except (AbsentDataError, OfflineError) as error:
            self.absent[str(ref["name"])] = error
            return ref

    def instructions_key(self, ref: InstructionRef) -> str:
        try:
            return super().instructions_key(ref)
        except AbsentDataError:
            return f"to be fetched: {json.dumps(ref, sort_keys=True)}"

    def dataset_key(self, ref: DataRef) -> str:
        try:
            return super().dataset_key(ref)
        except AbsentDataError as error:
            self.absent.setdefault(str(ref["name"]), error)
            return f"to be fetched: {json.dumps(ref, sort_keys=True)}"

    def tested_elsewhere(self, learned: DataRef, tested: Sequence[DataRef]) -> tuple[str, ...]:
        try:
            return super().tested_elsewhere(learned, tested)
        except AbsentDataError:
            return ()

    def tested_instructions(
        self, learned: InstructionRef, tested: Sequence[DataRef]
    ) -> tuple[str, ...]:
        try:
            return super().tested_instructions(learned, tested)
        except AbsentDataError:
            return ()
