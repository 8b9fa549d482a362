"""How many threads a worker computes with."""

from __future__ import annotations

from pathlib import Path

SMALL_MODEL_BYTES = 64 * 2**20
"""Weights below this are run on one thread.

Threads meet at a barrier several times a layer; for a model this small that costs more than a
second core saves. The starter (9 MB) decodes 3,300 tokens/s on one thread of the project's 2-core
machine and 1,200 on two, and trains as fast on one as on two."""


def threads_for(weights: Path, available: int) -> int:
    """Threads for a model: all that are available, or one where the model is small.

    Args:
        weights: a GGUF file, or a folder with safetensors or (without these) pickled weights.
        available: what this worker may take.
    """
    files = [weights]
    if weights.is_dir():
        files = list(weights.glob("*.safetensors")) or list(weights.glob("pytorch_model*.bin"))
    size = sum(file.stat().st_size for file in files if file.is_file())
    return 1 if size < SMALL_MODEL_BYTES else available
