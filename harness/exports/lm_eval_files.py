"""lm-evaluation-harness's files: `results_{date}.json` and `samples_{task}_{date}.jsonl`, a folder a model.

Written for what reads those files, from 0.4.13's `EvaluationTracker`. Accuracy is called `acc` there; every other
metric keeps its name. What that harness would know and this one does not keep is `N/A`, never a guess.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from harness.exports.lm_eval_samples import NAMES, sample_rows
from harness.exports.plain import dumped
from harness.exports.results import Exported, Results
from harness.exports.uncertainty import standard_error
from harness.files import write_atomically
from harness.records import Cell, Sample
from harness.suite.schema import TASK_TYPES

OUTPUT_TYPES = {
    "multiple_choice": "multiple_choice",
    "summarize": "generate_until",
    "write": "generate_until",
    "divergence": "loglikelihood_rolling",
    "perplexity": "loglikelihood_rolling",
    "instruct": "generate_until",
    "refuse": "generate_until",
    "comply": "generate_until",
}


def export_lm_eval(results: Results, out: Path) -> Exported:
    """Writes the files of each model; those of samples where answers are wanted."""
    date = results.summary.created.replace(":", "-")
    files, notes = [], list(results.failures())
    for model in results.summary.models:
        cells = [cell for cell in results.cells(timed=False) if cell.model == model]
        if not cells:
            notes.append(f"{model} answered nothing, and has no files")
            continue
        answers = {cell.task: results.answers(cell) for cell in cells}
        folder = out / re.sub(r"[\"<>:/|\\?*\[\]]+", "__", model)
        file = folder / f"results_{date}.json"
        whole = as_results(results, model, cells, answers)
        write_atomically(file, f"{dumped(whole, indent=2)}\n")
        files.append(file)
        for cell in cells if results.with_answers else ():
            rows = sample_rows(results, cell, answers[cell.task])
            samples = folder / f"samples_{cell.task}_{date}.jsonl"
            write_atomically(samples, "".join(f"{dumped(row)}\n" for row in rows))
            files.append(samples)
    if results.cells(timed=True):
        notes.append("timed tasks are left out: lm-evaluation-harness has none")
    return Exported(tuple(files), tuple(notes))


def as_results(
    results: Results, model: str, cells: list[Cell], answers: dict[str, list[Sample]]
) -> dict[str, Any]:
    """What lm-evaluation-harness would have written of one model."""
    summary, of = results.summary, results.summary.models[model]
    tasks = {cell.task: summary.tasks[cell.task] for cell in cells}
    first = cells[0]
    source = of.lineage[0].model_dump() if of.lineage else {}
    return {
        "results": {cell.task: dict(_figures(results, cell, answers[cell.task])) for cell in cells},
        "group_subtasks": {cell.task: [] for cell in cells},
        "configs": {cell.task: _config(results, cell) for cell in cells},
        "versions": {name: TASK_TYPES[task.type].revision for name, task in tasks.items()},
        "n-shot": {name: task.shots for name, task in tasks.items()},
        "higher_is_better": {
            name: {
                NAMES.get(metric, metric): told.higher_is_better
                for metric, told in task.metrics.items()
            }
            for name, task in tasks.items()
        },
        "n-samples": {
            cell.task: {"original": tasks[cell.task].available or cell.n, "effective": cell.n}
            for cell in cells
        },
        "config": {
            "model": first.engine.get("engine") or of.engine,
            "model_args": {"pretrained": model, "source": source.get("name", "")},
            "model_num_parameters": of.parameters,
            "model_dtype": first.engine.get("dtype"),
            "device": first.engine.get("device"),
            "batch_size": "auto",
            "limit": None,
            "gen_kwargs": {"do_sample": False},
            "random_seed": next(iter(tasks.values())).seed,
        },
        "git_hash": None,
        "date": datetime.fromisoformat(summary.created).timestamp(),
        "transformers_version": summary.software.get("transformers"),
        "model_source": first.engine.get("engine") or of.engine,
        "model_name": model,
        "model_name_sanitized": model,
        "total_evaluation_time_seconds": str(sum(cell.seconds for cell in cells)),
        "harness": {
            "version": summary.software.get("harness"),
            "suite": results.suite,
            "suite_sha256": summary.suite.get("sha256"),
            "lineage": [step.model_dump() for step in of.lineage],
            "synthetic": of.synthetic or any(task.synthetic for task in tasks.values()),
            "failed": list(results.failures()),
        },
    }


def _figures(results: Results, cell: Cell, samples: list[Sample]) -> Iterator[tuple[str, Any]]:
    task = results.summary.tasks[cell.task]
    yield "alias", cell.task
    yield "name", cell.task
    yield "sample_len", cell.n
    for metric, value in cell.metrics.items():
        if value.value is None:
            continue
        name, error = NAMES.get(metric, metric), standard_error(task.metric(metric), samples)
        yield f"{name},none", value.value
        yield f"{name}_stderr,none", "N/A" if error is None else error


def _config(results: Results, cell: Cell) -> dict[str, Any]:
    task = results.summary.tasks[cell.task]
    generated = task.settings.get("ask") == "generate"
    classified = "generate_until" if generated else "multiple_choice"
    return {
        "task": cell.task,
        "dataset_path": task.dataset or "",
        "output_type": OUTPUT_TYPES.get(task.type, classified),
        "num_fewshot": task.shots,
        "metric_list": [
            {"metric": NAMES.get(name, name), "higher_is_better": of.higher_is_better}
            for name, of in task.metrics.items()
        ],
        "repeats": 1,
        "should_decontaminate": False,
        "metadata": {"version": TASK_TYPES[task.type].revision, "settings": task.settings},
    }
