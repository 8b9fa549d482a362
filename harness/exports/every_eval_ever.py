"""Every Eval Ever 0.2.2: a record a model, and its answers in a file beside it.

Checked against the project's JSON Schemas (evaleval/every_eval_ever). A figure says its range only where it has
one: an accuracy lies from 0 to 1, a KL divergence or a rate does not end.
"""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from harness.exports.instances import instance_rows
from harness.exports.origin import data_on_hub, source_on_hub, was_made
from harness.exports.plain import dumped, finite
from harness.exports.results import Exported, Results
from harness.exports.tidy import doubts_of
from harness.exports.uncertainty import METHODS, standard_error
from harness.files import write_atomically, write_json
from harness.metrics.registry import METRICS
from harness.records import Cell, MetricDescriptor, ModelSummary, Sample, TaskSummary, Value
from harness.reporting.lineage import lineage_words

SCHEMA_VERSION = "0.2.2"
BOUNDED_KINDS = ("proportion", "f1")


def export_every_eval_ever(results: Results, out: Path) -> Exported:
    """Writes `data/{suite}/{developer}/{model}/{uuid}.json`, and `{uuid}_samples.jsonl` where answers are wanted."""
    files, notes = [], list(results.failures())
    for model in results.summary.models:
        cells = [cell for cell in results.cells() if cell.model == model]
        record = as_record(results, model, cells)
        if not record["evaluation_results"]:
            notes.append(f"{model} has no figures, and no record")
            continue
        number = uuid.UUID(bytes=_digest(record["evaluation_id"]), version=4)
        folder = Path("data", *map(portable, (results.suite, _developer(results, model), model)))
        rows = [row for cell in cells for row in instance_rows(results, cell, record)]
        if results.with_answers and rows:
            lines = "".join(f"{dumped(row)}\n" for row in rows)
            samples = folder / f"{number}_samples.jsonl"
            record["detailed_evaluation_results"] = {
                "format": "jsonl",
                "file_path": samples.as_posix(),
                "hash_algorithm": "sha256",
                "checksum": hashlib.sha256(lines.encode("utf-8")).hexdigest(),
                "total_rows": len(rows),
            }
            write_atomically(out / samples, lines)
            files.append(out / samples)
        write_json(out / folder / f"{number}.json", finite(record))
        files.append(out / folder / f"{number}.json")
    return Exported(tuple(files), tuple(notes))


def as_record(results: Results, model: str, cells: list[Cell]) -> dict[str, Any]:
    """The record of one model over all that it was asked."""
    summary, of = results.summary, results.summary.models[model]
    created = str(int(datetime.fromisoformat(summary.created).timestamp()))
    who = "first_party" if was_made(of) else "third_party"
    engine = next((cell.engine for cell in cells if cell.engine), {})
    return {
        "schema_version": SCHEMA_VERSION,
        "evaluation_id": f"{results.suite}/{model_id(results, model)}/{created}",
        "evaluation_timestamp": created,
        "retrieved_timestamp": created,
        "source_metadata": {
            "source_name": results.suite,
            "source_type": "evaluation_run",
            "source_organization_name": results.organization,
            "evaluator_relationship": who,
        },
        "eval_library": {
            "name": "harness",
            "version": summary.software.get("harness", "unknown"),
            "additional_details": _texts({"suite_sha256": summary.suite.get("sha256")}),
        },
        "model_info": {
            "name": model,
            "id": model_id(results, model),
            "developer": _developer(results, model),
            "inference_engine": {
                "name": str(engine.get("engine") or of.engine),
                "version": str(engine.get("version", "unknown")),
            },
            "additional_details": _about(of, engine, summary.machine.get("processor")),
        },
        "evaluation_results": [one for cell in cells for one in _results(results, cell)],
    }


def model_id(results: Results, model: str) -> str:
    """`developer/model`: the Hub's name where the model is as it lies there, else the suite's."""
    of = results.summary.models[model]
    repo = source_on_hub(of)
    return repo if repo and not was_made(of) else f"{_developer(results, model)}/{model}"


def portable(name: str) -> str:
    """A name as one part of a path on any system."""
    part = re.sub(r"[^A-Za-z0-9._+-]", "_", name).rstrip(". ") or "_"
    return f"{part}_" if part.lower() in ("data", "con", "prn", "aux", "nul") else part


def _developer(results: Results, model: str) -> str:
    of = results.summary.models[model]
    repo = source_on_hub(of)
    return repo.split("/")[0] if repo and not was_made(of) else results.organization


def _about(of: ModelSummary, engine: dict[str, Any], processor: object) -> dict[str, str]:
    return {
        "deployment_type": "self_deployed",
        "model_availability": "open_weights"
        if source_on_hub(of) and not was_made(of)
        else "unknown",
        **_texts(
            {
                "lineage": lineage_words(of.lineage),
                "synthetic": of.synthetic,
                "parameters": of.parameters,
                "bytes": of.bytes,
                "bits_per_weight": of.bits_per_weight,
                "dtype": engine.get("dtype"),
                "device": engine.get("device"),
                "processor": processor,
            }
        ),
    }


def _results(results: Results, cell: Cell) -> Iterator[dict[str, Any]]:
    task = results.summary.tasks[cell.task]
    samples = results.answers(cell)
    for name, value in cell.metrics.items():
        if value.value is None:
            continue
        of = task.metric(name)
        yield {
            "evaluation_result_id": f"{cell.task}/{name}",
            "evaluation_name": f"{results.suite}.{cell.task}",
            "source_data": _source(task),
            "metric_config": _metric(of),
            "score_details": {
                "score": value.value,
                "details": _texts(
                    {
                        "approximate": value.approximate,
                        "doubts": doubts_of(cell) if of.is_timing else None,
                    }
                ),
                "uncertainty": _uncertainty(results, of, value, cell, samples),
            },
            "generation_config": _generation(task, cell),
        }


def _source(task: TaskSummary) -> dict[str, Any]:
    name = task.dataset or task.description or task.type
    details = _texts({"synthetic": task.synthetic, "available": task.available, "seed": task.seed})
    hub = data_on_hub(task)
    if hub is None:
        return {"dataset_name": name, "source_type": "other", "additional_details": details}
    extra = {
        "hf_split": hub.split,
        "hf_config": hub.config,
        "hf_revision": hub.revision,
        "samples_number": task.available,
    }
    return {
        "dataset_name": name,
        "source_type": "hf_dataset",
        "hf_repo": hub.repo,
        **{key: of for key, of in extra.items() if of is not None},
        "additional_details": details,
    }


def _metric(of: MetricDescriptor) -> dict[str, Any]:
    known = METRICS.get(of.name)
    bounded = of.kind in BOUNDED_KINDS or (known is not None and known.bounded)
    neither = "neither direction is better" if of.higher_is_better is None else None
    details = {"measures": of.measures, "own": of.own or None, "direction": neither}
    return {
        "evaluation_description": of.explanation,
        "metric_id": of.name,
        "metric_name": of.label,
        "metric_kind": of.kind,
        "metric_unit": _unit(of, bounded),
        "lower_is_better": of.higher_is_better is False,
        **({"score_type": "continuous", "min_score": 0.0, "max_score": 1.0} if bounded else {}),
        "additional_details": _texts(details),
    }


def _unit(of: MetricDescriptor, bounded: bool) -> str:
    """The unit of the figure itself, which a report may show times a factor."""
    if of.factor == 1:
        return of.unit or ("proportion" if bounded else "none")
    return "seconds" if of.name.endswith("seconds") else "proportion"


def _uncertainty(
    results: Results, of: MetricDescriptor, value: Value, cell: Cell, samples: list[Sample]
) -> dict[str, Any]:
    found: dict[str, Any] = {"num_samples": cell.n if value.n is None else value.n}
    if value.low is not None and value.high is not None:
        found["confidence_interval"] = {
            "lower": value.low,
            "upper": value.high,
            "confidence_level": results.summary.confidence,
            "method": METHODS.get(of.kind, "unknown"),
        }
    error = standard_error(of, samples)
    if error is not None:
        found["standard_error"] = {"value": error, "method": "analytic"}
    return found


def _generation(task: TaskSummary, cell: Cell) -> dict[str, Any]:
    limit = task.settings.get("max_new_tokens")
    return {
        "generation_args": {"temperature": 0.0, **({"max_tokens": limit} if limit else {})},
        "additional_details": _texts(
            {"shots": task.shots, "prompts_sha256": cell.prompts or None, "type": task.type}
        ),
    }


def _texts(of: dict[str, Any]) -> dict[str, str]:
    """Details as the schema has them: texts only, and only those that there are."""
    return {k: v if isinstance(v, str) else dumped(v) for k, v in of.items() if v is not None}


def _digest(identity: str) -> bytes:
    return hashlib.sha256(identity.encode("utf-8")).digest()[:16]
