"""The rows of lm-evaluation-harness's `samples_*.jsonl`: one answer each."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

from harness.exports.plain import text
from harness.exports.results import Results
from harness.records import Cell, Sample

NAMES = {"accuracy": "acc"}
"""Metrics that have another name there."""
UNKNOWN = "N/A"


def sample_rows(results: Results, cell: Cell, samples: list[Sample]) -> Iterator[dict[str, Any]]:
    """A row for each answer.

    `doc` holds the text that is asked about, without the words around it; `arguments` the whole prompt, word
    for word, or that text where prompts were not kept; `prompt_hash` is of the whole prompt.
    """
    texts, prompts = results.store.texts(cell.task), results.prompts(cell)
    for sample in samples:
        asked = text(texts.get(sample.id, ""))
        doc, target = {"id": sample.id, "text": asked}, text(sample.target or "")
        scores = {NAMES.get(name, name): score for name, score in sample.scores.items()}
        yield {
            "doc_id": sample.index,
            "doc": doc,
            "target": target,
            **_answered(sample, text(prompts.get(sample.id, asked))),
            "filter": "none",
            "metrics": list(scores),
            "doc_hash": _hash(json.dumps(doc, indent=2, ensure_ascii=False)),
            "prompt_hash": sample.prompt or UNKNOWN,
            "target_hash": _hash(target),
            **scores,
        }


def _answered(sample: Sample, asked: str) -> dict[str, Any]:
    """Requests and responses: the log-probability of each choice or of the text (nats), else what was written."""
    choices = sample.data.get("logprobs")
    if isinstance(choices, dict) and choices:
        scored = [[str(value), UNKNOWN] for value in choices.values()]
        return {
            "arguments": {
                f"gen_args_{number}": {"arg_0": asked, "arg_1": choice}
                for number, choice in enumerate(choices)
            },
            "resps": [[one] for one in scored],
            "filtered_resps": scored,
        }
    if "nll" in sample.data:
        likelihood = str(-sample.data["nll"])
        return {
            "arguments": {"gen_args_0": {"arg_0": asked}},
            "resps": [[likelihood]],
            "filtered_resps": [likelihood],
        }
    written = sample.data.get("text", sample.answer)
    return {
        "arguments": {"gen_args_0": {"arg_0": asked, "arg_1": UNKNOWN}},
        "resps": [[UNKNOWN if written is None else str(written)]],
        "filtered_resps": ["[invalid]" if sample.answer is None else sample.answer],
    }


def _hash(value: str) -> str:
    return hashlib.sha256(value.encode("utf-8")).hexdigest()
