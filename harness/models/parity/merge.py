"""Merged weights against base and adapter unmerged, and what is wrong where they differ.

The reference runs in float32 on the values that the adapter was trained on; for a QLoRA these
are the base's NF4 values. They are multiplied in float32 too: bitsandbytes' own products of
4-bit weights on a CPU are rounded to bfloat16, which makes 0.16 nats on the starter.
"""

from __future__ import annotations

import gc
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch

from harness.engines.finite import first_row_without_numbers, not_finite
from harness.engines.hf.adapter import apply_adapter
from harness.engines.hf.batched import BatchedRunner
from harness.engines.hf.engine import open_runner
from harness.engines.hf.load import faulty_weight
from harness.engines.hf.plain import PlainRunner
from harness.engines.hf.score import log_probabilities
from harness.engines.protocol import LogProbs, Work
from harness.errors import NotFiniteError
from harness.models.finetune.base_model import load_base, replace_by_nf4_values
from harness.models.merge.causes import Cause, find_cause
from harness.models.parity.conversion import ROWS, Distributions, ParityPrompt, tally_differences
from harness.records import Parity

_CPU = torch.device("cpu")


@dataclass(frozen=True)
class MergeParity:
    """What a check of a merge found; `cause` is None where it passed."""

    parity: Parity
    cause: Cause | None


def check_merge(
    base: Path,
    adapter: Path,
    merged: Path,
    prompts: Sequence[ParityPrompt],
    trained_on: Literal["full", "nf4"],
) -> MergeParity:
    """Compares next-token distributions on some prompts; one model after the other is held in float32.

    Raises:
        BadModelError: one of the models cannot be loaded, or the adapter does not fit its base.
        OutOfMemoryError: one does not fit in memory.
    """
    reference = _unmerged(base, adapter, trained_on, prompts)
    gc.collect()
    tally = tally_differences(reference, _Runs(load_base(merged)), prompts)
    del reference
    gc.collect()
    beyond = "" if tally.fault else tally.beyond_limits()
    cause = find_cause(base, adapter, merged, trained_on) if beyond else None
    wrong = f"{cause.words} On the prompts, {beyond}." if cause is not None else tally.fault
    well = "The same distributions as base and adapter unmerged, within float16 rounding"
    return MergeParity(tally.record("unmerged", len(prompts), 1.0, wrong, well), cause)


def _unmerged(
    base: Path, adapter: Path, trained_on: Literal["full", "nf4"], prompts: Sequence[ParityPrompt]
) -> _Told:
    """What base and adapter give; they are gone when it returns."""
    model = load_base(base)
    if trained_on == "nf4":
        replace_by_nf4_values(model)
    return _Told(_Runs(apply_adapter(model, adapter, _CPU)), prompts)


class _Told:
    """The distributions of a model that is there no more: a thousand tokens take less memory than it did."""

    def __init__(self, model: Distributions, prompts: Sequence[ParityPrompt]) -> None:
        self._blocks: dict[tuple[int, ...], list[LogProbs] | NotFiniteError] = {}
        for prompt in prompts:
            ids = tuple(prompt.ids[: prompt.run])
            try:
                self._blocks[ids] = list(model.distributions(ids, ROWS))
            except NotFiniteError as error:
                self._blocks[ids] = error

    def distributions(self, ids: Sequence[int], rows: int = ROWS) -> Iterator[LogProbs]:
        """See `harness.engines.protocol.Engine.distributions`."""
        found = self._blocks[tuple(ids)]
        if isinstance(found, NotFiniteError):
            raise found
        yield from found


class _Runs:
    """A model that was loaded, giving distributions."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self._runner: BatchedRunner | PlainRunner = open_runner(model.eval(), Work())

    def distributions(self, ids: Sequence[int], rows: int = ROWS) -> Iterator[LogProbs]:
        """See `harness.engines.protocol.Engine.distributions`."""
        for logits in self._runner.blocks(ids, rows):
            block: LogProbs = log_probabilities(logits).cpu().numpy()
            if first_row_without_numbers(block) is not None:
                raise not_finite(math.nan, "a prompt", faulty_weight(self._model), "float32")
            yield block
