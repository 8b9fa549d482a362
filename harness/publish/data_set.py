"""Results as a data set repo: tables that `datasets.load_dataset` reads, and the summary they are of."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from huggingface_hub import DatasetCardData

from harness.exports.parquet import write_parquet
from harness.exports.plain import dumped, finite
from harness.exports.results import Results
from harness.exports.tidy import Table, answers_table, metrics_table
from harness.publish.cleaned import Machine, refuse_leaks
from harness.publish.judged import refusals, warnings
from harness.publish.publication import MARK, Publication
from harness.publish.quotable import left_out, licences
from harness.publish.tables import figures_table
from harness.records import Summary
from harness.reporting.format import sentence
from harness.reporting.lineage import lineage_words
from harness.reporting.markdown import code, escape
from harness.sealed import sealed_text

METRICS = "data/metrics.parquet"
ANSWERS = "data/answers.parquet"


def data_set(results: Results, machine: Machine) -> Publication:
    """The files of the repo.

    Args:
        results: their summary is cleaned of this machine.
        machine: what no answer may tell of, either: in Parquet it could not be looked for.
    """
    summary = results.summary
    against = refusals(summary, summary.models)
    told = (*warnings(summary, summary.models), *left_out(summary))
    whole = sealed_text(finite(summary.model_dump(mode="json", by_alias=True)))
    configs: list[dict[str, Any]] = [
        {"config_name": "metrics", "data_files": METRICS, "default": True}
    ]
    files = {METRICS: parquet(metrics_table(results)), "summary.json": whole.encode()}
    free = [task for task, of in licences(summary).items() if of.amount == "all"]
    answers = answers_table(results, free)
    if answers.rows:
        refuse_leaks({ANSWERS: dumped(answers.rows).encode()}, machine)
        files[ANSWERS] = parquet(answers)
        configs.append({"config_name": "answers", "data_files": ANSWERS})
    if text := str(summary.suite.get("text", "")):
        files["suite.yaml"] = text.encode()
    card = DatasetCardData(
        pretty_name=f"Results of {results.suite}", tags=["harness", "evaluation"], configs=configs
    )
    body = "\n\n".join([MARK, *_body(summary, (*against, *told))])
    readme = f"---\n{card.to_yaml()}\n---\n\n{body}\n".encode()
    files = {"README.md": readme, **files}
    return Publication("dataset", "dataset", files, against, told)


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
        "`answers`, where it is there, has a row for each answer of tasks whose data may be passed on. "
        "≈ marks intervals that are approximate, ⚠ timings in doubt.",
    ]
    owed = [
        f"- {code(task)}: {escape(of.licence)}. {escape(of.citation)}".rstrip()
        for task, of in licences(summary).items()
        if of.amount == "all" and of.citation
    ]
    parts += ["## Sources of the examples", "\n".join(owed)] if owed else []
    for model, of in summary.models.items():
        failed = [
            f"- {code(cell.task)} failed, and has no figure."
            for cell in summary.cells
            if cell.model == model and cell.status == "failed"
        ]
        parts += [f"## {escape(model)}", f"{escape(lineage_words(of.lineage))}."]
        parts += [figures_table(summary, model, main=True), "\n".join(failed)]
    return [part for part in parts if part]
