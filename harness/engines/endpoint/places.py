"""Where what served models said and cost is kept between runs: below the harness's own folder."""

from __future__ import annotations

from pathlib import Path


def ledger_file(home: Path, account: str) -> Path:
    """The ledger of a suite."""
    return home / "spending" / f"{account}.sqlite"


def answers_folder(home: Path) -> Path:
    """Answers that are remembered by what was asked."""
    return home / "answers"
