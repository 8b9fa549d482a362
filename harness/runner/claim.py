"""One run at a time has a suite's results; it clears away first what one that died has left there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from harness.files import scratch_prefix, sweep, sweep_abandoned
from harness.locks import Waits, held, held_if_free
from harness.plan.graph import Plan
from harness.results.artifacts import LOCKED, ArtifactStore, half_made
from harness.results.store import ResultsStore
from harness.runner.again import bring_back
from harness.runner.writers import is_idle

if TYPE_CHECKING:
    from harness.runner.run import Prepared

LOCK = "run.lock"
"""Beside the results: who has them holds it."""


@contextmanager
def claimed(prepared: Prepared, waits: Waits = lambda who: None) -> Iterator[None]:
    """Has the results of a suite for one run alone; `waits` is told who is running it already."""
    results, doing = prepared.results, f"running {prepared.suite.file.name}"
    missing = [at for at in (results.folder, results.folder.parent) if not at.exists()]
    with held(results.folder / LOCK, doing, waits):
        if is_idle(results.folder):
            sweep(results.folder)
        sweep_abandoned(prepared.artifacts.home, LOCKED)
        _put_right(prepared.plan, results, prepared.artifacts)
        try:
            yield
        finally:
            _take_away_empty(missing)


def _take_away_empty(made: Sequence[Path]) -> None:
    """Takes the folders away that were made for a run that was refused before it wrote anything.

    Args:
        made: the results' own, while its lock is held, and perhaps the one around it.
    """
    with suppress(OSError):
        if made and [file.name for file in made[0].iterdir()] == [LOCK]:
            (made[0] / LOCK).unlink()
            for folder in made:
                folder.rmdir()


def put_right(plan: Plan, results: ResultsStore, artifacts: ArtifactStore) -> None:
    """Has things stand as a run left them that died, unless one is at work."""
    lock = results.folder / LOCK
    if not lock.exists():  # no run has ever claimed these results
        _put_right(plan, results, artifacts)
        return
    with held_if_free(lock, "looking") as is_free:
        if is_free:
            _put_right(plan, results, artifacts)


def _put_right(plan: Plan, results: ResultsStore, artifacts: ArtifactStore) -> None:
    bring_back(plan.cells, results)
    aside = {f"{path.stem}." for path, _ in half_made(artifacts.home)}
    for step in plan.steps.values():
        has_left = artifacts.work(step).is_dir() or scratch_prefix(step.key) in aside
        if has_left and artifacts.manifest(step) is not None:
            artifacts.forget_work(step)
