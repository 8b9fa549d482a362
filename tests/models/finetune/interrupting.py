"""Fine-tunings that keep a checkpoint after each step, and such as break late."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from harness.models.finetune import run as run_module
from harness.models.finetune.checkpoints import Checkpoints
from harness.models.finetune.loop import Loop


def keep_each_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """Has a checkpoint be kept after each step."""
    usual = Checkpoints

    def often(folder: Any, identity: str) -> Checkpoints:
        return usual(folder, identity, every=0.0, clock=lambda: 0.0)

    monkeypatch.setattr(run_module, "Checkpoints", often)


def break_late(monkeypatch: pytest.MonkeyPatch) -> None:
    """Has a weight become NaN once there are best weights."""
    calm = Loop.run

    def breaks(loop: Any) -> Any:
        for point in calm(loop):
            yield point
            if loop.done.kept:
                next(iter(loop._weights.values())).data.fill_(torch.nan)

    monkeypatch.setattr(Loop, "run", breaks)
