"""Every format that results can be exported to, by the name that a user types."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from harness.exports.benchmark_json import export_benchmarks
from harness.exports.csv_tables import export_csv
from harness.exports.every_eval_ever import export_every_eval_ever
from harness.exports.json_lines import export_json_lines
from harness.exports.lm_eval_files import export_lm_eval
from harness.exports.mlflow_runs import export_mlflow
from harness.exports.parquet import export_parquet
from harness.exports.results import Exported, Results
from harness.exports.wandb_runs import export_wandb


class Exporter(Protocol):
    """Writes results below `out`, or into the file `out` where the format is one file."""

    def __call__(self, results: Results, out: Path) -> Exported: ...


@dataclass(frozen=True)
class Format:
    """A format, and where its files lie below the folder of a suite's exports."""

    export: Exporter
    folder: str = ""
    answers: bool = False
    """Whether it has a place for answers."""


FORMATS: dict[str, Format] = {
    "csv": Format(export_csv, answers=True),
    "parquet": Format(export_parquet, answers=True),
    "jsonl": Format(export_json_lines, answers=True),
    "lm-eval": Format(export_lm_eval, "lm-eval", answers=True),
    "every-eval-ever": Format(export_every_eval_ever, "every-eval-ever", answers=True),
    "pytest-benchmark": Format(export_benchmarks),
    "mlflow": Format(export_mlflow),
    "wandb": Format(export_wandb),
}
