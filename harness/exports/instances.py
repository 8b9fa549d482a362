"""Every Eval Ever's rows: an answer each, joined to the task's headline figure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

from harness.exports.plain import finite, text
from harness.exports.results import Results
from harness.records import Cell, Sample
from harness.suite.schema import TASK_TYPES


def instance_rows(results: Results, cell: Cell, record: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A row for each answer that has a score of the task's headline metric; none of other tasks."""
    kind = TASK_TYPES[results.summary.tasks[cell.task].type]
    headline = kind.headline
    if (
        headline not in cell.metrics
        or not results.summary.tasks[cell.task].metric(headline).scores_examples
    ):
        return
    texts, prompts = results.store.texts(cell.task), results.prompts(cell)
    for sample in results.answers(cell):
        if headline not in sample.scores:
            continue
        asked = {
            "raw": text(prompts.get(sample.id, texts.get(sample.id, ""))),
            "reference": [] if sample.target is None else [text(sample.target)],
        }
        answer = "" if sample.answer is None else text(sample.answer)
        yield {
            "schema_version": record["schema_version"],
            "evaluation_id": record["evaluation_id"],
            "model_id": record["model_info"]["id"],
            "evaluation_name": f"{results.suite}.{cell.task}",
            "evaluation_result_id": f"{cell.task}/{headline}",
            "sample_id": sample.id,
            "sample_hash": _hash(asked),
            "interaction_type": "single_turn",
            "input": {**asked, "choices": _choices(sample)},
            "output": {
                "raw": [str(sample.data.get("text") or answer)],
                "reasoning_trace": _thought(sample),
            },
            "answer_attribution": [
                {
                    "turn_idx": 0,
                    "source": "output.raw",
                    "extracted_value": answer,
                    "extraction_method": "log-likelihood" if _choices(sample) else "text",
                    "is_terminal": True,
                }
            ],
            "evaluation": {
                "score": sample.scores[headline],
                "is_correct": headline == "accuracy" and sample.scores[headline] == 1.0,
            },
            "metadata": _metadata(sample, headline),
        }


def _choices(sample: Sample) -> list[str] | None:
    choices = sample.data.get("logprobs")
    return list(choices) if isinstance(choices, dict) and choices else None


def _thought(sample: Sample) -> list[str] | None:
    thought = sample.data.get("thought")
    return [str(thought)] if thought else None


def _metadata(sample: Sample, headline: str) -> dict[str, str]:
    """Texts: the hash of the prompt, other scores, and where nothing is right or wrong that it is not."""
    found = {"prompt_sha256": sample.prompt} if sample.prompt else {}
    found |= {
        f"score.{name}": json.dumps(finite(score))
        for name, score in sample.scores.items()
        if name != headline
    }
    if headline != "accuracy":
        found["is_correct"] = f"not defined: {headline} is no right or wrong"
    return found


def _hash(asked: dict[str, Any]) -> str:
    whole = json.dumps(asked, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(whole.encode("utf-8")).hexdigest()
