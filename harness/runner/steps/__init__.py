"""What a worker does for each kind of step that makes an artifact.

A handler is given the job, the folder to write into, how many threads it may take, and whom to
tell how far it is; it gives what was found, for the artifact's manifest. Heavy parts are imported
inside the handlers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from harness.plan.steps import Kind
from harness.runner.jobs import Progress, StepJob
from harness.runner.steps import asking, checking, making, measuring

Handler = Callable[[StepJob, Path, int, Progress], dict[str, Any]]

HANDLERS: Mapping[Kind, Handler] = {
    "fetch": making.fetch,
    "random": making.random,
    "prompts": asking.prompts,
    "check": checking.prompts,
    "examples": asking.examples,
    "floors": asking.floors,
    "precision": measuring.precision,
    "finetune": making.finetune,
    "merge": making.merge,
    "convert": making.convert,
    "quantize": making.quantize,
    "parity": checking.conversion,
    "merge-parity": checking.merge,
}
