"""What each figure answers: the facts that have to be the same before two may stand beside each other."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from harness.leaderboard.collect import Result
from harness.leaderboard.models import Made, made_in
from harness.leaderboard.samples import Answered, Wanted, read_answers
from harness.metrics.registry import METRICS
from harness.metrics.statistic import FloatArray
from harness.records import (
    OWN_METRICS,
    SERVED,
    TIMING_TRAITS,
    WORDING,
    Cell,
    MetricDescriptor,
    ServedDetails,
    TaskSummary,
    Value,
    machine_words,
    told_by,
)
from harness.reporting.lineage import lineage_words
from harness.suite.schema import TASK_TYPES, TaskType

HOW_MUCH = {
    "limit", "seed", "models", "rounds", "repetitions", "metrics", "data_dir", "type", "reference",
    "text", "prompts", "window",
}  # fmt: skip
"""Settings that are told otherwise, or say how much is asked and whom, and not what."""
SCORER = "rouge-score"
"""The package that metrics of words are made by."""
PLACES = {"file", "train", "test"}
"""Keys of a user's own data set that say where it lies."""


@dataclass(frozen=True)
class Figure:
    """One model's figure of one metric of one task, in one run's results.

    `facts` are what it was asked, as text by name; `evidence` are hashes that say the same more
    exactly, of which not every run has each.
    """

    made: Made
    task: str
    metric: MetricDescriptor
    cell: Cell
    answered: Answered | None
    facts: Mapping[str, str]
    evidence: Mapping[str, str]

    @property
    def result(self) -> Result:
        """The run."""
        return self.made.result

    @property
    def asked(self) -> TaskSummary:
        """What is known of the task there."""
        return self.result.summary.tasks[self.task]

    @cached_property
    def value(self) -> Value | None:
        """The figure with its interval; None where the cell failed, or has none."""
        found = self.cell.metrics.get(self.metric.name)
        return None if self.cell.status != "ok" or found is None or found.value is None else found

    @cached_property
    def scores(self) -> FloatArray | None:
        """The scores behind it (examples,), where each example has one."""
        if self.answered is None or self.metric.name not in self.answered.scores:
            return None
        return self.answered.scores[self.metric.name]


def is_ranked(metric: MetricDescriptor, of: TaskType) -> bool:
    """Whether models are ranked by a metric: one of quality, of answers that are graded."""
    quality = metric.measures == "quality" and metric.higher_is_better is not None
    return of.graded and quality and metric.has_interval


def figures_of(results: Sequence[Result]) -> list[Figure]:
    """Every figure of these runs that a leaderboard shows: of each task its headline, and the suite's own
    metrics where answers are graded. Texts that nothing grades have none."""
    shown = [(result, made, cell) for result in results for made, cell in _cells(result)]
    wanted = [
        Wanted(result, cell, [of.name for of in _metrics(result, cell)])
        for result, _, cell in shown
        if _type(result, cell).graded
    ]
    answers = read_answers(wanted)
    told = [  # while the samples are read
        [(of, _facts(result, cell, made, of)) for of in _metrics(result, cell)]
        for result, made, cell in shown
    ]
    figures = []
    for (result, made, cell), facts in zip(shown, told, strict=True):
        found = next(answers) if _type(result, cell).graded else None
        evidence = _evidence(result, cell, made[cell.model], found)
        figures += [
            Figure(made[cell.model], cell.task, metric, cell, found, of, evidence)
            for metric, of in facts
        ]
    return figures


def _cells(result: Result) -> Iterator[tuple[Mapping[str, Made], Cell]]:
    """The cells that have figures, each with all models of the run."""
    made = made_in(result)
    for cell in result.summary.cells:
        known = cell.task in result.summary.tasks and cell.model in made
        if known and not _type(result, cell).free_text:
            yield made, cell


def _type(result: Result, cell: Cell) -> TaskType:
    return TASK_TYPES[result.summary.tasks[cell.task].type]


def _metrics(result: Result, cell: Cell) -> list[MetricDescriptor]:
    task, of = result.summary.tasks[cell.task], _type(result, cell)
    headline = task.metric(of.headline)
    own = [metric for metric in task.metrics.values() if metric.own and is_ranked(metric, of)]
    return [headline, *(metric for metric in own if metric.name != headline.name)]


def _facts(
    result: Result, cell: Cell, made: Mapping[str, Made], metric: MetricDescriptor
) -> dict[str, str]:
    task = result.summary.tasks[cell.task]
    of, model = TASK_TYPES[task.type], made[cell.model]
    facts = {"type of task": task.type, "metric": f"{metric.label} ({metric.name})"}
    facts["metric's definition"] = _hash([metric.kind, metric.factor, metric.unit])
    if of.timed:
        machine = result.summary.machine_of(cell)
        facts["machine"] = machine_words(machine)
        traits = [machine.get(trait) for trait in TIMING_TRAITS]
        facts["machine (hash)"] = _hash(traits)
    else:
        facts["data set"] = task.dataset or "none"
        n = cell.n if cell.status == "ok" else task.n
        whole = n == task.available
        drawn = "" if whole or task.seed is None else f", drawn with seed {task.seed}"
        facts[of.noun] = f"{_count(n)} of {_count(task.available)}{drawn}"
        facts["labels"] = ", ".join(task.labels) or "none"
    for key, value in _settings(result, cell.task, task).items():
        facts[key] = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
    if of.asked:
        facts |= {key: str(value) for key, value in model.put.items()}
        facts |= _of_server(cell)
        facts["words"] = str((cell.details.get(WORDING) or {}).get("rule", "english"))
    if metric.name in METRICS and METRICS[metric.name].by_words:
        facts["scored by"] = f"{SCORER} {result.summary.software.get(SCORER, 'of unknown version')}"
    if task.reference is not None:
        reference = made.get(task.reference)
        facts["reference"] = task.reference if reference is None else _reference(reference)
    code = (cell.details.get(OWN_METRICS) or {}).get(metric.name)
    if metric.own:
        facts["metric's code"] = _hash(code["code"]) if isinstance(code, dict) else "not known"
    return facts


def _of_server(cell: Cell) -> dict[str, str]:
    """What a server did otherwise than a model that runs here would be asked."""
    if SERVED not in cell.details:
        return {}
    served, ways = ServedDetails.model_validate(cell.details[SERVED]), told_by(cell)
    template = "none" if served.api == "completions" else "the server's own"
    told = {"choices told by": ways} if served.choosing and ways != "loglikelihood" else {}
    return {"chat_template": template, **told}


def _reference(made: Made) -> str:
    """Which model others are measured against, whatever its suite calls it."""
    return f"{lineage_words(made.lineage)} ({_hash([made.identity, made.key])[:6]})"


def _settings(result: Result, name: str, task: TaskSummary) -> dict[str, Any]:
    """What the suite says of a task, without what says how much of it is asked."""
    spec = result.summary.suite.get("spec")
    tasks = spec.get("tasks") if isinstance(spec, dict) else None
    entry = tasks.get(name) if isinstance(tasks, dict) else None
    settings = dict(entry) if isinstance(entry, dict) else dict(task.settings)
    own = settings.pop("dataset", None)
    found = {key: value for key, value in settings.items() if key not in HOW_MUCH}
    if isinstance(own, dict):
        found["how its rows are read"] = {k: v for k, v in own.items() if k not in PLACES}
    if "window" in settings and "text" in settings:
        found["window"] = settings["window"]
    return found


def _evidence(result: Result, cell: Cell, made: Made, found: Answered | None) -> dict[str, str]:
    task = result.summary.tasks[cell.task]
    evidence = {}
    if cell.prompts:
        root = result.summary.models.get(made.root)
        files = root.key if root is not None else ""
        if files:
            put = _hash([files, made.put])
            evidence[f"prompts as token ids, tokenizer {put[:6]}"] = cell.prompts[:12]
    if found is not None:
        evidence["ids and right answers"] = found.asked[:12]
        if found.texts:
            evidence["texts"] = found.texts[:12]
    if task.floors and TASK_TYPES[task.type].has_floors:
        values = {n: {m: v.value for m, v in of.items()} for n, of in task.floors.items()}
        evidence["baselines without a language model"] = _hash(values)
    return evidence


def _count(number: int | None) -> str:
    return "an unknown number" if number is None else f"{number:,}"


def _hash(of: Any) -> str:
    told = json.dumps(of, sort_keys=True, default=str)
    return hashlib.sha256(told.encode()).hexdigest()[:12]
