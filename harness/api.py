"""What `import harness` offers to scripts and notebooks; heavy parts are imported late."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from harness.records import Summary


def run(suite: str | Path, **options: Any) -> Summary:
    """Does what is missing of a suite, quietly, and gives its summary.

    Args:
        suite: the YAML file.
        options: `results`, `limit`, `only`, `jobs`, `home`, as on the command line
            (`harness.runner.run.Options`).

    Raises:
        SuiteError: the suite has mistakes; nothing was run.
    """
    from harness.runner.run import Options, prepare
    from harness.runner.run import run as run_prepared
    from harness.runner.walk import Quiet

    paths: dict[str, Any] = {
        key: Path(value) if key in ("results", "home") else value for key, value in options.items()
    }
    given = Options(**paths)
    prepared = prepare(Path(suite), given)
    return run_prepared(prepared, given, Quiet(), [f"harness run {suite}"]).summary


def load_results(path: str | Path) -> pd.DataFrame:
    """The results of a suite as a tidy frame: a row for each model, task and metric.

    Columns: model, task, metric, value, low, high (the 95% interval), n, status, error. A failed
    cell is one row without a metric.

    Raises:
        InputError: there is no summary at `path` (a results folder, or the file itself).
    """
    import pandas as pd

    from harness.runner.results import read_summary

    rows = []
    for cell in read_summary(Path(path)).cells:
        common = {
            "model": cell.model,
            "task": cell.task,
            "n": cell.n,
            "status": cell.status,
            "error": cell.error.message if cell.error else None,
        }
        rows += [
            {**common, "metric": name, **value.model_dump()} for name, value in cell.metrics.items()
        ] or [common]
    columns = ["model", "task", "metric", "value", "low", "high", "n", "status", "error"]
    return pd.DataFrame(rows, columns=columns)


def report(path: str | Path, out: str | Path | None = None) -> list[Path]:
    """Writes the report of results; gives its files, the Markdown first and the HTML second.

    Args:
        path: a results folder, or its summary.json.
        out: the report's folder; default: reports/<suite>.

    Raises:
        InputError: there is no summary at `path`.
    """
    from harness.report import write_report
    from harness.runner.results import read_summary

    summary = read_summary(Path(path))
    return write_report(summary, Path(out) if out else Path("reports") / summary.suite["name"])
