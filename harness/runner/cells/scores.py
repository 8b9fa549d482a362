"""From the answers of a cell to its result: own metrics score each sample, then all are summed up.

Answers carry a key of their own where a task names metrics, so that a metric that has changed scores
them anew and asks no model.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.errors import BadDataError
from harness.metrics.answers import Scorer
from harness.metrics.languages import readings
from harness.metrics.metric import Metric
from harness.metrics.registry import metrics_of, own_metric
from harness.metrics.score import score_samples
from harness.plan.cell_params import CellParams
from harness.plan.steps import Step
from harness.records import (
    ASKED,
    NOT_ASKED,
    OWN_METRICS,
    SERVED,
    AskedTexts,
    Cell,
    Kind,
    MetricDescriptor,
    Sample,
)
from harness.results.artifacts import TEXTS
from harness.results.cell_folder import CellFolder
from harness.runner.cells.served import served
from harness.runner.jobs import Progress, StepJob
from harness.suite.metrics import MetricRef
from harness.suite.schema import TASK_TYPES, TaskSpec, type_of
from harness.tasks.ask import details_of
from harness.tasks.prompts import PromptSet


def located_refs(job: StepJob) -> list[MetricRef]:
    """The metrics that a cell's task names, with the files of their code."""
    params = job.step.given(CellParams)
    pairs = zip(params.refs, params.metrics, strict=True)
    return [job.places.metric(ref, one.code) for ref, one in pairs]


def without_own(spec: TaskSpec, samples: Sequence[Sample]) -> list[Sample]:
    """Samples as they were when they were asked: without the scores of metrics that a task names."""
    of = type_of(spec)
    if not of.graded:
        return list(samples)
    return [
        sample.model_copy(
            update={"scores": {k: v for k, v in sample.scores.items() if k in of.metrics}}
        )
        for sample in samples
    ]


def _metrics(params: CellParams, task_type: str) -> list[Metric]:
    own = [
        own_metric(_described(name, ref))
        for ref in params.refs
        for name in ref.names
        if name not in TASK_TYPES[task_type].metrics
    ]
    return [*metrics_of(task_type), *own]


def _described(name: str, ref: MetricRef) -> MetricDescriptor:
    """What a cell has to know of a metric: whether each of its scores is 0 or 1."""
    kind: Kind = "proportion" if ref.binary else "mean"
    return MetricDescriptor(name=name, label=name, kind=kind, explanation="")


def was_asked(before: Cell | None, step: Step) -> bool:
    """Whether a result is of the same answers, so that the model need not be opened again."""
    return before is not None and before.status == "ok" and before.samples_key == step.answers_key


def scored(
    job: StepJob,
    spec: TaskSpec,
    scorers: Sequence[Scorer],
    folder: CellFolder,
    prompts: PromptSet,
    progress: Progress,
    asked: Cell,
) -> Cell:
    """The result of a cell: what was noted while it was asked, with its metrics.

    Args:
        job: the cell's step and files.
        spec: the task as the suite gave it.
        scorers: of the metrics that it names.
        folder: holds an answer to every prompt; gets their scores.
        prompts: that were asked.
        progress: is told how many scores were made.
        asked: without metrics, or with those of an earlier run.
    """
    from harness.analysis.metrics import compute_metrics

    step, params, labels = job.step, job.step.given(CellParams), prompts.labels
    samples: Sequence[Sample] = folder.samples(step.answers_key)
    together: dict[str, float] = {}
    read: dict[str, dict[str, Any]] = {}
    if scorers:
        texts = _texts(Path(job.inputs["prompts"]))
        found = score_samples(
            scorers, samples, texts, labels, lambda done, total: progress(done, total, "scores")
        )
        samples, together = found.samples, dict(found.together)
        read = readings(params.refs, scorers, samples, labels)
        spare = folder.samples(job.alike) if job.alike else []
        folder.write_samples([*samples, *spare])
    wanted = _metrics(params, spec.type) if samples else []
    metrics = compute_metrics(wanted, samples, params.seed, labels=labels or None)
    told = (
        {SERVED: served(asked.details[SERVED], samples, "choose" in spec.needs, prompts.mode)}
        if SERVED in asked.details
        else {}
    )
    asked_texts = (
        {} if type_of(params.task).of_documents else _asked_texts(prompts, told.get(SERVED))
    )
    not_asked = {NOT_ASKED: prompts.not_asked} if prompts.not_asked else {}
    details = details_of(spec, samples, prompts) | _scored_by(step, together, read)
    return asked.model_copy(
        update={
            "key": step.key,
            "answers": "" if step.answers_key == step.key else step.answers_key,
            "alike": job.alike,
            "n": len(samples),
            "metrics": metrics,
            "details": details | told | asked_texts | not_asked,
        }
    )


def _asked_texts(prompts: PromptSet, told: Mapping[str, Any] | None) -> dict[str, Any]:
    """An `AskedTexts`; the tokens are the server's where one made them."""
    if not prompts.prompts:
        return {}
    if told is not None:
        tokens, longest = told["prompt_tokens"], told["longest_tokens"]
    else:
        tokens = sum(len(prompt.ids) for prompt in prompts.prompts)
        longest = len(max(prompts.prompts, key=lambda prompt: len(prompt.text)).ids)
    found = AskedTexts(sha256=prompts.texts_sha256(), tokens=tokens, longest_tokens=longest)
    return {ASKED: found.model_dump()}


def _scored_by(
    step: Step, together: Mapping[str, float], read: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """By own metric a hash of its code, what it gives for all answers together, and what it cannot read.

    Scores of other code cannot be compared with these.
    """
    found: dict[str, dict[str, Any]] = {}
    params = step.given(CellParams)
    for ref, made in zip(params.refs, params.metrics, strict=True):
        parts = [made.code, made.args, made.config, step.parents.get(ref.role, "")]
        code = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]
        for name in ref.names:
            found[name] = {"code": code, **read.get(name, {})}
            if name in together:
                found[name]["together"] = together[name]
    return {OWN_METRICS: found} if found else {}


def _texts(prompts: Path) -> dict[str, str]:
    """The examples' own texts, which stand beside their prompts."""
    try:
        return dict(json.loads((prompts / TEXTS).read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise BadDataError(
            f"{prompts / TEXTS}: the examples' texts cannot be read: {error}",
            "`harness run SUITE --again prompts` writes them anew.",
        ) from None
