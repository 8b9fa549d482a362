"""From the kind of a step to what does it: the one place that reads the names in `plan.kinds`."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from harness.plan.kinds import StepKind
from harness.runner.jobs import Progress, StepJob

Handler = Callable[[StepJob, Path, int, Progress], dict[str, Any]]
"""Of a step that makes an artifact (`harness.runner.steps`)."""


def handler_of(kind: StepKind) -> Any:
    """What does steps of a kind: a `Handler`; of those that give answers the class of their runner."""
    module, _, name = kind.handler.partition(":")
    return getattr(import_module(module), name)
