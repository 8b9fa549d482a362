"""Results as a data set repo: tables that `datasets.load_dataset` reads, and the summary they are of."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from huggingface_hub import DatasetCardData

from harness.exports.parquet import write_parquet
from harness.exports.results import Results
from harness.exports.tidy import Table, metrics_table
from harness.publish.judged import refusals, warnings
from harness.publish.publication import MARK, Publication
from harness.publish.tables import figures_table
from harness.records import Summary
from harness.records.licences import Quoting, quoting, unquoted
from harness.reporting.format import sentence
from harness.reporting.lineage import lineage_words
from harness.reporting.markdown import code, escape

METRICS = "data/metrics.parquet"


def data_set(results: Results) -> Publication:
    """The files of the repo.

    Args:
        results: their summary is cleaned of this machine.
    """
    kept_back = {
        task: of
        for task in results.summary.tasks
        if (of := quoting(results.summary, task, published=True)).amount == "none"
    }
    summary = unquoted(results.summary, kept_back)
    against = refusals(summary, summary.models)
    told = warnings(summary, summary.models)
    dumped = json.dumps(
        summary.model_dump(mode="json", by_alias=True), indent=1, ensure_ascii=False
    )
    configs: list[dict[str, Any]] = [
        {"config_name": "metrics", "data_files": METRICS, "default": True}
    ]
    files = {METRICS: parquet(metrics_table(results)), "summary.json": f"{dumped}\n".encode()}
    if text := str(summary.suite.get("text", "")):
        files["suite.yaml"] = text.encode()
    card = DatasetCardData(
        pretty_name=f"Results of {results.suite}", tags=["harness", "evaluation"], configs=configs
    )
    body = "\n\n".join([MARK, *_body(summary, (*against, *told)), *_left_out(kept_back)])
    readme = f"---\n{card.to_yaml()}\n---\n\n{body}\n".encode()
    files = {"README.md": readme, **files}
    return Publication("dataset", "dataset", files, against, told)


def _left_out(kept_back: Mapping[str, Quoting]) -> list[str]:
    """What of the data is not passed on, by name, and why."""
    return [
        f"Examples of {code(task)} are left out (licence: {escape(of.licence)}). {escape(of.reason)}"
        for task, of in kept_back.items()
    ]


def parquet(table: Table) -> bytes:
    """A table as the bytes of a Parquet file."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "table.parquet"
        write_parquet(file, table)
        return file.read_bytes()


def _body(summary: Summary, told: tuple[str, ...]) -> list[str]:
    name = str(summary.suite["name"])
    parts = [
        f"# Results of {escape(name)}",
        *(f"> ⚠ {escape(sentence(one))}" for one in told),
        f"{escape(str(summary.suite.get('description', '')))}".strip(),
        f"Measured by harness {escape(summary.software.get('harness', ''))} on "
        f"{escape(summary.created[:10])}, on {escape(str(summary.machine.get('processor', '')))}. `metrics` "
        "has a row for each model, task and metric, with its interval; `summary.json` is all that the report is made of. "
        "≈ marks intervals that are approximate, ⚠ timings in doubt.",
    ]
    for model, of in summary.models.items():
        failed = [
            f"- {code(cell.task)} failed, and has no figure."
            for cell in summary.cells
            if cell.model == model and cell.status == "failed"
        ]
        parts += [f"## {escape(model)}", f"{escape(lineage_words(of.lineage))}."]
        parts += [figures_table(summary, model, main=True), "\n".join(failed)]
    return [part for part in parts if part]
