"""From the results folder to `summary.json`: what every report and gate is made from."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Literal

from harness.plan.graph import ModelPlan, Plan
from harness.plan.lineage import with_type
from harness.records import (
    ADAPTER,
    AdapterFacts,
    AdapterStep,
    Cell,
    Check,
    Comparison,
    Cost,
    Forgetting,
    GateVerdict,
    ModelSummary,
    Parity,
    Partial,
    Sample,
    Spent,
    Summary,
    TaskSummary,
    Training,
)
from harness.records.shards import Shard
from harness.results.artifacts import Manifest
from harness.results.partial import partial_of
from harness.results.store import ResultsStore
from harness.results.votes import with_votes
from harness.runner.findings import checks_of
from harness.runner.machine import describe_machine, describe_software
from harness.runner.task_summary import Describe, summarize_task
from harness.suite.reader import Suite

COMPARED: Mapping[str, Literal["conversion", "merge"]] = {
    "parity": "conversion",
    "merge-parity": "merge",
}
"""By kind of step what it looks for, of those that refuse nothing."""
RUN_AGAIN = "Run the suite again: the reason stands in its lines."


def plan_key(suite: Suite, plan: Plan) -> str:
    """Changes when anything that the summary shows would."""
    cells = [(cell.model, cell.task, cell.key) for cell in plan.cells]
    steps = sorted(plan.steps)
    return hashlib.sha256(json.dumps([suite.text, cells, steps]).encode()).hexdigest()


def current_cells(suite: Suite, plan: Plan, store: ResultsStore) -> list[Cell]:
    """Results that carry the key of the plan, in the order of the suite."""
    models = {name: number for number, name in enumerate(suite.spec.models)}
    tasks = {name: number for number, name in enumerate(suite.spec.tasks)}
    found = []
    for step in plan.cells:
        result = store.cell(step.model, step.task).result()
        if result is not None and result.key == step.key:
            found.append(result)
    return sorted(found, key=lambda cell: (models[cell.model], tasks[cell.task]))


def is_current(
    summary: Summary, suite: Suite, plan: Plan, store: ResultsStore, limit: int | None = None
) -> bool:
    """Whether a summary says what a new one would say."""
    if summary.suite["key"] != plan_key(suite, plan):
        return False
    cells = current_cells(suite, plan, store)
    lacking = _lacking(suite, plan, summary.tasks, cells, limit)
    unvoted = summary.model_copy(update={"votes": None})
    if with_votes(unvoted, store.folder).votes != summary.votes:
        return False
    return summary.cells == cells and (summary.limit, summary.partial) == (limit, lacking)


def _lacking(
    suite: Suite,
    plan: Plan,
    tasks: Mapping[str, TaskSummary],
    cells: Sequence[Cell],
    limit: int | None,
) -> Partial | None:
    planned = [(step.model, step.task) for step in plan.cells]
    answered = [(cell.model, cell.task) for cell in cells]
    return partial_of(suite.spec, tasks, planned, answered, limit)


class Summarizer:
    """Puts a suite's summary together from its plan and its store."""

    def __init__(
        self,
        suite: Suite,
        plan: Plan,
        store: ResultsStore,
        describe: Describe,
        seconds: float,
        limit: int | None = None,
        spent: Sequence[Spent] = (),
        shard: Shard | None = None,
    ) -> None:
        self._spent = list(spent)
        self._suite, self._describe = suite, describe
        self._plan = plan
        self._store = store
        self._seconds = seconds
        self._limit, self._shard = limit, shard
        self._cells = current_cells(suite, plan, store)
        self._of_model: dict[str, list[Cell]] = defaultdict(list)
        self._of_task: dict[str, list[Cell]] = defaultdict(list)
        for cell in self._cells:
            self._of_model[cell.model].append(cell)
            self._of_task[cell.task].append(cell)
        self._prompts: dict[str, dict[str, str]] = defaultdict(dict)
        """Task -> root model -> key of the step that wrote its prompts."""
        for (task, root), key in plan.prompts.items():
            self._prompts[task][root] = key

    def summary(self, commands: list[str]) -> Summary:
        """The whole of it; compares and judges."""
        spec = self._suite.spec
        comparisons, gates, forgetting = self._compared()
        tasks = {name: self._task(name) for name in spec.tasks}
        made = Summary(
            suite={
                "name": spec.name,
                "description": spec.description,
                "file": self._suite.file.name,
                "sha256": self._suite.sha256,
                "text": self._suite.text,
                "key": plan_key(self._suite, self._plan),
                "defaults": spec.defaults.model_dump(exclude={"resources"}),
                "spec": spec.model_dump(mode="json", by_alias=True, exclude_none=True),
            },
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            seconds=self._seconds,
            machine=describe_machine(),
            software=describe_software(),
            models={name: self._model(name) for name in spec.models},
            tasks=tasks,
            cells=self._cells,
            comparisons=comparisons,
            gates=gates,
            forgetting=forgetting,
            costs=self._costs(),
            spent=self._spent,
            checks=[check for name in spec.models for check in self._checks(name)],
            commands=commands,
            limit=self._limit,
            shard=self._shard,
            partial=_lacking(self._suite, self._plan, tasks, self._cells, self._limit),
        )
        return with_votes(made, self._store.folder)

    def _costs(self) -> list[Cost]:
        from harness.analysis.costs import cost_of

        spec = self._suite.spec
        found = [cost_of(cell, spec, partial(self._samples, cell)) for cell in self._cells]
        return [cost for cost in found if cost is not None]

    def _samples(self, cell: Cell) -> list[Sample]:
        return self._store.cell(cell.model, cell.task).samples(cell.samples_key)

    def _kept(self, key: str) -> Manifest | None:
        return self._store.kept(self._plan.steps[key]) if key else None

    def _model(self, name: str) -> ModelSummary:
        plan: ModelPlan = self._plan.models[name]
        cells = self._of_model[name]
        answered = [cell for cell in cells if cell.status == "ok"]
        size = (answered[0].footprint["disk_bytes"] or None) if answered else None
        parameters = (answered[0].engine["parameters"] or None) if answered else None
        return ModelSummary(
            lineage=with_type(plan.lineage, answered),
            engine=plan.engine,
            parameters=parameters,
            bytes=size,
            bits_per_weight=8 * size / parameters if size and parameters else None,
            parity=self._parity(plan.parity),
            merge_parity=self._parity(plan.merge_parity),
            training=self._training(plan.training),
            adapter=self._adapter(plan),
            synthetic=plan.synthetic,
            permissions=list(plan.permissions),
            replica_of=plan.replica_of,
            key=plan.key,
            error=cells[0].error if cells and not answered else None,
        )

    def _adapter(self, plan: ModelPlan) -> AdapterFacts | None:
        """What is known of an adapter of others, from whichever model of the suite was asked with it unmerged."""
        put_on = [step for step in plan.lineage if isinstance(step, AdapterStep)]
        with_it = [
            n for n, of in self._plan.models.items() if put_on and of.lineage[-1] == put_on[-1]
        ]
        told = (cell.engine.get(ADAPTER) for name in with_it for cell in self._of_model[name])
        found = next(filter(None, told), None)
        return None if found is None else AdapterFacts.model_validate(found)

    def _training(self, key: str) -> Training | None:
        """The record of a fine-tuning, with what it learned from where."""
        found = self._kept(key)
        if found is None:
            return None
        examples = self._kept(self._plan.steps[key].parents["examples"])
        learned = examples.outcome.get("learned", []) if examples else []
        return Training.model_validate(found.outcome | {"learned": learned})

    def _parity(self, key: str) -> Parity | None:
        found = self._kept(key)
        parity = found.outcome.get("parity") if found else None
        return Parity.model_validate(parity) if parity else None

    def _checks(self, name: str) -> list[Check]:
        """What was looked for in a model and in its answers, and whether it was found."""
        looked = [
            check.model_copy(update={"model": name, "task": task})
            for key in dict.fromkeys(self._plan.models[name].checks)
            for task in self._tasks_of(key)
            for check in self._found(key, name)
        ]
        return looked + [
            self._labels(cell)
            for cell in self._of_model[name]
            if cell.status == "ok" and "confusion" in cell.details
        ]

    def _tasks_of(self, key: str) -> list[str]:
        """The tasks that a step wrote the prompts of; one that did not is of none."""
        return [task for (task, _), made in self._plan.prompts.items() if made == key] or [""]

    def _found(self, key: str, name: str) -> list[Check]:
        """What a step found; of weights that were not compared though the model was asked, that."""
        step, found = self._plan.steps[key], self._kept(key)
        if found is not None:
            return checks_of(found, step)
        looked = COMPARED.get(step.kind)
        if looked is None or not any(cell.status == "ok" for cell in self._of_model[name]):
            return []
        said = (
            f"The step that was to {step.label} failed, so that nothing speaks for these weights."
        )
        return [Check(name=looked, model=name, status="skipped", message=said, hint=RUN_AGAIN)]

    def _labels(self, cell: Cell) -> Check:
        from harness.analysis.labels import swapped_labels

        samples = self._samples(cell)
        labels = cell.details["confusion"]["labels"]
        return swapped_labels(samples, labels, cell.model, cell.task)

    def _task(self, name: str) -> TaskSummary:
        prompts, cells = self._prompts[name], self._of_task[name]
        of = (name, self._suite, self._plan, self._describe)
        return summarize_task(*of, self._kept, prompts, cells)

    def _compared(self) -> tuple[list[Comparison], list[GateVerdict], list[Forgetting]]:
        spec = self._suite.spec
        if not spec.compare and not spec.gates and not spec.added:
            return [], [], []
        from harness.results.forgetting import before_and_after
        from harness.results.judge import compare_and_judge, read_answers

        answers = read_answers(spec, self._store, self._cells)
        compared, gates = compare_and_judge(answers)
        return compared, gates, before_and_after(answers, self._cells, compared)
