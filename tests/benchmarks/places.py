"""Where the benchmarks find what they need, and what to say where it is missing."""

from __future__ import annotations

from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
DATA = REPOSITORY.parent / "shared" / "data"
"""Data that must not be committed: PhraseBank, SAMSum, the Llama 2 tokenizer."""
PEERS = REPOSITORY / ".venv-peers"
PEER_TRL = REPOSITORY / ".venv-trl"
CACHE = REPOSITORY / ".benchmarks"
"""Git-ignored: models, prompts, logs and results of the benchmarks."""


def missing() -> str | None:
    """Why the benchmarks cannot be run here; None where they can."""
    if not DATA.is_dir():
        return f"the data of the benchmarks is not at {DATA}"
    for program in ("python", "llama-bench", "llama-batched-bench"):
        if not (PEERS / "bin" / program).exists():
            return f"the peers are not set up ({PEERS / 'bin' / program}): run `make bench`"
    return None
