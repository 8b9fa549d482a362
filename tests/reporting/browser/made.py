"""Results folders of any size, with answers of every kind: made from numbers, measured by nobody."""

from __future__ import annotations

import hashlib
import json
import math
import random
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.files import write_atomically
from harness.metrics.classification import confusion
from harness.metrics.registry import METRICS
from harness.records import (
    Cell,
    ChangedAnswer,
    Comparison,
    MetricDescriptor,
    ModelSummary,
    Sample,
    SourceStep,
    Summary,
    TaskSummary,
    Value,
)
from harness.results.store import ResultsStore
from harness.suite.schema import TASK_TYPES
from tests.analysis.samples import descriptors

LABELS = ("negative", "neutral", "positive")
WORDS = [
    "the",
    "order",
    "of",
    "paper",
    "machines",
    "fell",
    "by",
    "a",
    "third",
    "while",
    "sales",
    "in",
    "spring",
    "rose",
    "and",
    "nobody",
    "at",
    "the",
    "town",
    "hall",
    "knew",
    "why",
    "Irene",
    "fetched",
    "the",
    "game",
    "from",
    "the",
    "shelf",
    "on",
    "Wednesday",
    "before",
    "she",
    "left",
    "for",
    "Gdansk",
]
TYPES = ("classify", "summarize", "divergence", "write")
PROMPT = ("<s><|user|>\nWhat do you make of this?\n\n", "<|end|>\n<|assistant|>\n")


def write_made(
    folder: Path,
    models: Sequence[str] = ("base", "tuned", "small"),
    tasks: Mapping[str, str] | None = None,
    examples: int = 30,
    prompts: bool = True,
    put_in: str = "",
    licence: str = "Apache-2.0",
) -> Summary:
    """Writes `folder` as results/<suite>; gives the summary that stands there.

    Args:
        folder: where.
        models: their names; the first is the baseline of the others.
        tasks: types by name; default: one of each.
        examples: of each task.
        prompts: whether the texts of the prompts are kept.
        put_in: stands at the end of every text: hostile strings.
        licence: of the data sets.
    """
    tasks = tasks or {f"t-{name}": name for name in TYPES}
    store, cells = ResultsStore(folder), []
    for number, (task, kind) in enumerate(tasks.items()):
        ids = [f"{task}-{index:04}{put_in}" for index in range(examples)]
        texts = {id: f"{_text(number, index, 24)}{put_in}" for index, id in enumerate(ids)}
        digest = hashlib.sha256(task.encode()).hexdigest()
        store.keep_texts(task, texts)
        if prompts:
            _keep_prompts(folder, digest, texts)
        for place, model in enumerate(models):
            key, where = f"{model}/{task}", store.cell(model, task)
            rows = list(_rows(kind, key, ids, place, put_in))
            where.folder.mkdir(parents=True)
            lines = "".join(f"{json.dumps(row)}\n" for row in rows)
            where.samples_file.write_text(lines, encoding="utf-8")
            cell = Cell(
                key=key, model=model, task=task, status="ok", n=examples, prompts=digest,
                metrics=dict(_values(kind, rows)), details=_details(kind, rows),
            )  # fmt: skip
            where.finish(cell)
            cells.append(cell)
    summary = Summary(
        suite={"name": folder.name, "spec": {"tasks": {}}},
        created="2026-11-21T12:00:00+00:00",
        machine={"processor": "cpu", "cores": 2},
        software={},
        models={
            name: ModelSummary(lineage=[SourceStep(name=name)], engine="hf") for name in models
        },
        tasks={name: _task(kind, examples, licence) for name, kind in tasks.items()},
        cells=cells,
        comparisons=[
            _comparison(task, kind, metric, models[0], model, cells)
            for model in models[1:]
            for task, kind in tasks.items()
            for metric in TASK_TYPES[kind].metrics
        ],
        gates=[],
    )
    store.write_summary(summary)
    return summary


def rows_of(folder: Path, model: str, task: str) -> dict[str, dict[str, Any]]:
    """The lines of `samples.jsonl` by example id, read by nothing of the harness."""
    file = folder / "cells" / model / task / "samples.jsonl"
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").split("\n") if line]
    return {row["id"]: row for row in rows}


def _text(*numbers: int) -> str:
    *seed, length = numbers
    start = sum(7 * at**2 + 3 * number * (at + 1) for at, number in enumerate(seed))
    return " ".join(WORDS[(start * (1 + at % 3) + at) % len(WORDS)] for at in range(length))


def _keep_prompts(folder: Path, digest: str, texts: Mapping[str, str]) -> None:
    kept = {"sha256": digest, "mode": "chat", "system": "none", "texts": dict(texts)}
    kept |= {"begin": PROMPT[0], "end": PROMPT[1]}
    write_atomically(folder / "prompts" / f"{digest[:24]}.json", json.dumps(kept))


def _rows(
    kind: str, key: str, ids: Sequence[str], place: int, put_in: str
) -> Iterator[dict[str, Any]]:
    chance = random.Random(key)
    for index, id in enumerate(ids):
        found = _ROWS[kind](index, place, chance, put_in)
        row = {"key": key, "index": index, "id": id, "target": None, "answer": None}
        yield row | {"prompt": "", "scores": {}, "data": {}} | found


def _classified(index: int, place: int, chance: random.Random, put_in: str) -> dict[str, Any]:
    logprobs = {label: -chance.random() * 6 - 0.01 for label in LABELS}
    target = LABELS[index % 3]
    if chance.random() < 0.5 + 0.1 * place:
        logprobs[target] = -0.005
    answer = max(logprobs, key=logprobs.__getitem__)
    scores = {"accuracy": float(answer == target), "unparsed": 0.0}
    data: dict[str, Any] = {"logprobs": logprobs}
    if index % 10 == 7 and place == 1:  # one that was written, and in which nothing was found
        scores = {"accuracy": 0.0, "unparsed": 1.0}
        data = {
            "text": f"I cannot say{put_in}",
            "thought": f"Hm{put_in}",
            "thought_finished": False,
        }
    answered = None if "text" in data else answer
    return {"target": target, "answer": answered, "scores": scores, "data": data}


def _summarized(index: int, place: int, chance: random.Random, put_in: str) -> dict[str, Any]:
    rouge = 0.0 if index % 9 == 0 else chance.randrange(1, 30) / 31
    scores = {name: rouge for name in ("rougeL", "rouge1", "rouge2", "rougeLsum")}
    return {
        "target": f"{_text(index, 5, 8)}{put_in}",
        "answer": f"{_text(index, place % 3, 9 + place)}{put_in}",
        "scores": scores | {"truncated": float(chance.random() < 0.1)},
        "data": {"tokens": 9 + place, "stopped_at": f"\n{put_in}"},
    }


def _diverged(index: int, place: int, chance: random.Random, put_in: str) -> dict[str, Any]:
    far = 0.02 * (1 + 0.3 * place) * chance.random()
    kl = [far * chance.random() for _ in range(8)]
    nll = 8 * (2 + chance.random())
    data = {"kl": kl, "same_top1": chance.randrange(4, 9), "tokens": 8, "nll": nll}
    return {
        "data": data | {"reference_nll": 16.0, "delta_p": 0.0, "delta_p_squared": 0.1, "bytes": 40}
    }


def _wrote(index: int, place: int, chance: random.Random, put_in: str) -> dict[str, Any]:
    answer = "" if index % 11 == 3 and place else f"{_text(index, place % 2, 30)}{put_in}"
    scores = {"repetition": chance.random() * 0.3, "empty": float(not answer)}
    scores |= {"truncated": float(chance.random() < 0.2)}
    return {"answer": answer, "scores": scores, "data": {"tokens": 30}}


_ROWS = {
    "classify": _classified,
    "summarize": _summarized,
    "divergence": _diverged,
    "write": _wrote,
}


def _values(kind: str, rows: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, Value]]:
    for name in TASK_TYPES[kind].metrics:
        scores = [row["scores"][name] for row in rows if name in row["scores"]]
        value = math.fsum(scores) / len(scores) if scores else 0.5
        yield name, Value(value=value, low=value * 0.95, high=value * 1.05)


def _details(kind: str, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    if kind == "classify":
        samples = [Sample.model_validate(row) for row in rows]
        return {"confusion": {"labels": LABELS, "matrix": confusion(samples, LABELS).tolist()}}
    if kind == "write":
        texts = {
            row["id"]: {"text": row["answer"], "tokens": 30, "truncated": False, "repetition": 0.1}
            for row in rows
        }
        return {"written": {"mode": "chat", "texts": texts}}
    return {}


def _task(kind: str, examples: int, licence: str) -> TaskSummary:
    metrics: dict[str, MetricDescriptor] = descriptors(kind)
    return TaskSummary(
        type=kind,
        description=f"what {kind} tasks ask",
        dataset="made",
        n=examples,
        available=examples,
        metrics=metrics,
        labels=list(LABELS) if kind == "classify" else [],
        reference="base" if kind == "divergence" else None,
        licence=licence,
        citation="N. Obody: Data that nobody collected, 2026",
    )


def _comparison(
    task: str, kind: str, metric: str, baseline: str, model: str, cells: Sequence[Cell]
) -> Comparison:
    """Of made-up p-values; answers that changed stand with the headline metric."""
    found = {cell.model: cell.metrics[metric].value or 0.0 for cell in cells if cell.task == task}
    before, after = found[baseline], found[model]
    told: dict[str, Any] = {}
    if metric == "accuracy":
        lost = [f"{task}-{index:04}" for index in range(12)]
        changed = ChangedAnswer(
            id=lost[0], prompt="Sales rose by a third.", target="neutral", baseline_answer="neutral",
            candidate_answer="positive", baseline_score=1.0, candidate_score=0.0,
        )  # fmt: skip
        told = {"right_to_wrong": lost, "better": 0, "worse": 12, "changed_for_worse": [changed]}
    return Comparison(
        name="all", task=task, metric=metric, baseline=baseline, candidate=model,
        baseline_value=before, candidate_value=after, delta=after - before,
        low=None if not METRICS[metric].has_interval else after - before - 0.02,
        high=None if not METRICS[metric].has_interval else after - before + 0.02,
        p=0.2, p_adjusted=0.4, n=cells[0].n, **told,
    )  # fmt: skip
