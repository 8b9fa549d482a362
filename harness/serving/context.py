"""How many tokens a server that is started for a model takes."""

from __future__ import annotations

from pathlib import Path

from harness.models.sources import made_for_tokens
from harness.serving.spec import MOST_CONTEXT, ServingSpec


def context_of(spec: ServingSpec) -> int:
    """As the suite has it; else what the model was made for, up to `MOST_CONTEXT`."""
    return spec.context or min(made_for_tokens(Path(spec.model)) or MOST_CONTEXT, MOST_CONTEXT)
