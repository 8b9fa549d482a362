"""What `import harness` offers to scripts and notebooks; heavy parts are imported late."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from harness.records import Summary
    from harness.records.licences import Amount


def run(suite: str | Path, **options: Any) -> Summary:
    """Does what is missing of a suite, quietly, and gives its summary.

    Args:
        suite: the YAML file.
        options: `results`, `limit`, `only`, `jobs`, `home`, as on the command line
            (`harness.runner.run.Options`).

    Raises:
        SuiteError: the suite has mistakes; nothing was run.
    """
    from harness.runner.claim import claimed
    from harness.runner.run import Options, prepare
    from harness.runner.run import run as run_prepared
    from harness.runner.walk import Quiet

    paths: dict[str, Any] = {
        key: Path(value) if key in ("results", "home") else value for key, value in options.items()
    }
    given = Options(**paths)
    prepared = prepare(Path(suite), given)
    with claimed(prepared):
        return run_prepared(prepared, given, Quiet(), [f"harness run {suite}"]).summary


def load_results(path: str | Path) -> pd.DataFrame:
    """The results of a suite as a tidy frame: a row for each model, task and metric.

    Columns: model, task, metric, value, low, high (the 95% interval), n, status, error, approximate
    (why the interval may hold the truth less often; else None). A failed cell is one row without a
    metric.

    Raises:
        InputError: there is no summary at `path` (a results folder, or the file itself).
    """
    import pandas as pd

    from harness.results.store import read_summary

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
    columns.append("approximate")
    return pd.DataFrame(rows, columns=columns)


def compare(
    results: str | Path,
    *others: str | Path,
    baseline: str | Path | None = None,
    task: str | None = None,
    metric: str | None = None,
    confidence: float = 0.95,
    any_prompts: bool = False,
) -> pd.DataFrame:
    """Paired differences as a tidy frame: a row for each pair of models, task and metric.

    Columns: task, metric, baseline, candidate, before, after, difference, low, high, p, better,
    worse, n, detectable, too_few, approximate, ratio, ratio_low, ratio_high, note, reason (why there is no difference),
    conclusion.

    Args:
        results: a results folder, or its summary.json.
        others: a baseline and a candidate of it; or another results folder, whose models are held
            against those of `results`; or, with `baseline`, one model or none.
        baseline: a saved baseline, by name or as a folder, that models are held against.
        task: only this one.
        metric: only this one.
        confidence: of the intervals.
        any_prompts: compare answers to different prompts, too.

    Raises:
        InputError: something that was named is not there, or cannot be compared.
    """
    import pandas as pd

    from harness.records import Comparison
    from harness.reporting.outcomes import outcome
    from harness.results.comparing import Wanted, compare_results

    wanted = Wanted(
        baseline=None if baseline is None else str(baseline),
        task=task,
        metric=metric,
        confidence=confidence,
        any_prompts=any_prompts,
    )
    compared = compare_results(Path(results), [str(other) for other in others], wanted)
    renamed = {"baseline_value": "before", "candidate_value": "after", "delta": "difference"}
    elsewhere = {"name", "p_adjusted", "seeds", "right_to_wrong", "wrong_to_right", "other_prompts"}
    elsewhere |= {"parted", "changed_for_better", "changed_for_worse"}
    columns = [name for name in Comparison.model_fields if name not in elsewhere]
    rows = [
        {**row.model_dump(), "conclusion": outcome(of.metrics[row.metric], row, confidence).value}
        for pair in compared.pairs
        for of in pair.tasks
        for row in of.rows
    ]
    return pd.DataFrame(rows, columns=[*columns, "conclusion"]).rename(columns=renamed)


def report(
    path: str | Path, out: str | Path | None = None, samples: Amount | None = None
) -> list[Path]:
    """Writes the report of results; gives its files, the Markdown first and the HTML second.

    Args:
        path: a results folder, or its summary.json.
        out: the report's folder; default: reports/<suite>.
        samples: answers in the page: `all`, `changed` (those that models answered differently) or
            `none`; default: what each data set's licence allows.

    Raises:
        InputError: there is no summary at `path`.
    """
    from harness.reporting.write import write_report
    from harness.results.answered import read_answered
    from harness.results.baselines import results_folder
    from harness.results.store import read_summary

    summary = read_summary(Path(path))
    folder = Path(out) if out else Path("reports") / summary.place
    return write_report(
        summary, folder, read_answered(results_folder(Path(path)), summary), samples
    )
