"""MLflow: an experiment a suite, a run a model, in a SQLite file on this machine.

    mlflow ui --backend-store-uri sqlite:///exports/quickstart/mlflow.db

SQLite, since MLflow 3.17 refuses its older store of plain files unless a variable allows it. Exporting the same
results again adds nothing: a run is found by its key.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from harness.exports.results import Exported, Results
from harness.exports.runs import TrackedRun, tracked_runs
from harness.exports.wanting import needs

KEY: Final = "harness.key"
LONGEST_VALUE = 5000
"""Characters of a tag or parameter that MLflow takes at least."""
AT_ONCE = 1000
"""Figures that MLflow takes in one batch."""


def export_mlflow(results: Results, out: Path) -> Exported:
    """Writes runs into a database, which is made where it is not there.

    Raises:
        MissingToolError: MLflow, or what it needs for SQLite, is not installed.
    """
    with needs("mlflow"):
        os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
        import alembic  # noqa: F401
        import sqlalchemy  # noqa: F401
        from mlflow import MlflowClient

    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)
    file = (out if out.suffix == ".db" else out / "mlflow.db").resolve()
    file.parent.mkdir(parents=True, exist_ok=True)
    client = MlflowClient(tracking_uri=f"sqlite:///{file}")
    known = client.get_experiment_by_name(results.suite)
    artifacts = file.with_name("mlartifacts").as_uri()
    experiment = (
        known.experiment_id if known else client.create_experiment(results.suite, artifacts)
    )
    notes = list(results.failures())
    began = int(datetime.fromisoformat(results.summary.created).timestamp() * 1000)
    for run in tracked_runs(results):
        if client.search_runs([experiment], f"tags.`{KEY}` = '{run.key}'", max_results=1):
            notes.append(f"{run.model} is there already, with the same figures")
            continue
        _log(client, experiment, run, began)
    return Exported((file,), tuple(notes))


def _log(client: Any, experiment: str, run: TrackedRun, began: int) -> None:
    from mlflow.entities import Metric, Param, RunTag

    tags = {KEY: run.key, "mlflow.user": "", "mlflow.source.name": "harness export", **run.tags}
    made = client.create_run(experiment, start_time=began, run_name=run.model)
    number = made.info.run_id
    figures = [
        Metric(named(key), value, began + int(1000 * point.seconds), point.step)
        for point in run.curve
        for key, value in point.figures.items()
    ]
    figures += [Metric(named(key), value, began, 0) for key, value in run.figures.items()]
    params = [Param(named(key), str(value)[:LONGEST_VALUE]) for key, value in run.params.items()]
    noted = [RunTag(named(key), value[:LONGEST_VALUE]) for key, value in tags.items()]
    for some in _some(figures, AT_ONCE):
        client.log_batch(number, metrics=some)
    for some in _some(params, 100):
        client.log_batch(number, params=some)
    for some in _some(noted, 100):
        client.log_batch(number, tags=some)
    client.set_terminated(number, "FAILED" if run.failed else "FINISHED", began)


def named(key: str) -> str:
    """A name as MLflow takes it."""
    return re.sub(r"[^A-Za-z0-9_\-. /]", "_", key)


def _some(rows: Sequence[Any], count: int) -> list[Sequence[Any]]:
    return [rows[first : first + count] for first in range(0, len(rows), count)]
