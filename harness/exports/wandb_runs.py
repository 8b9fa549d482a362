"""Weights & Biases, offline: a project a suite, a run a model, in a folder on this machine.

    wandb sync exports/quickstart/wandb/offline-run-*

Nothing is sent until that is typed. What the library would note of its own accord (host, user, folders, commit)
is switched off.
"""

from __future__ import annotations

from pathlib import Path

from harness.exports.results import Exported, Results
from harness.exports.runs import tracked_runs
from harness.exports.wanting import needs


def export_wandb(results: Results, out: Path) -> Exported:
    """Writes offline runs.

    Raises:
        MissingToolError: wandb is not installed.
    """
    with needs("wandb"):
        import wandb

    out.mkdir(parents=True, exist_ok=True)
    files = []
    for tracked in tracked_runs(results):
        settings = wandb.Settings(
            silent=True,
            console="off",
            disable_git=True,
            disable_code=True,
            disable_job_creation=True,
            save_code=False,
            host="",
            username="",
            email="",
            x_disable_stats=True,
            x_disable_meta=True,
            x_disable_machine_info=True,
        )
        run = wandb.init(
            mode="offline",
            dir=str(out),
            project=results.suite,
            name=tracked.model,
            id=tracked.key[:16],
            config={**tracked.params, **tracked.tags},
            settings=settings,
        )
        for point in tracked.curve:
            run.log(point.figures, step=point.step)
        run.summary.update(tracked.figures)
        files.append(Path(run.dir).parent)
        run.finish(exit_code=int(tracked.failed))
    return Exported(tuple(files), tuple(results.failures()))
