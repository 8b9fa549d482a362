"""Holds a suite's answers against each other: comparisons and gates, from samples on disk."""

from __future__ import annotations

from harness.analysis.comparisons import (
    CellAnswers,
    ComparedCells,
    TaskAnswers,
    build_comparisons,
)
from harness.analysis.gates import GateEvidence, GateRule, judge
from harness.analysis.registry import METRICS
from harness.data import DATASETS
from harness.records import Cell, Comparison, GateVerdict
from harness.runner.results import ResultsStore
from harness.suite.reader import Suite
from harness.suite.schema import CompareSpec, DatasetTask, GateSpec


def compare_and_judge(
    suite: Suite, store: ResultsStore, cells: list[Cell]
) -> tuple[list[Comparison], list[GateVerdict]]:
    """Every comparison of the suite, and the verdict on every gate and candidate."""
    answers = {name: _answers(name, suite, store, cells) for name in suite.spec.tasks}
    compared: dict[str, list[ComparedCells]] = {}
    for name, compare in suite.spec.compare.items():
        tasks = {task: answers[task] for task in compare.tasks or suite.spec.tasks}
        compared[name] = build_comparisons(
            name, compare.baseline, compare.candidates, tasks, suite.spec.defaults.seed
        )
    gates = [
        verdict
        for gate in suite.spec.gates
        for verdict in _verdicts(gate, suite.spec.compare[gate.compare], compared, answers)
    ]
    return [item.record for items in compared.values() for item in items], gates


def _answers(task: str, suite: Suite, store: ResultsStore, cells: list[Cell]) -> TaskAnswers:
    spec = suite.spec.tasks[task]
    found = {cell.model: cell for cell in cells if cell.task == task}
    by_model = {}
    for model, cell in found.items():
        if cell.status == "failed":
            reason = cell.error.message if cell.error else "it failed"
            by_model[model] = CellAnswers(failure=f"{model} failed: {reason}")
        else:
            extras = {
                name: value.value
                for name, value in cell.metrics.items()
                if METRICS[name].kind == "single" and value.value is not None
            }
            by_model[model] = CellAnswers(store.cell(model, task).samples(cell.key), extras)
    labels = next(
        (c.details["confusion"]["labels"] for c in found.values() if "confusion" in c.details),
        None,
    )
    texts: dict[str, str] = {}
    if isinstance(spec, DatasetTask):
        texts = {example.id: example.text for example in DATASETS[spec.dataset].read().test}
    return TaskAnswers(spec.type, by_model, texts, labels)


def _verdicts(
    gate: GateSpec,
    compare: CompareSpec,
    compared: dict[str, list[ComparedCells]],
    answers: dict[str, TaskAnswers],
) -> list[GateVerdict]:
    """One verdict a candidate; none where a cell was left out by `--only`."""
    verdicts = []
    asked = answers[gate.task].cells
    for candidate in gate.candidates or compare.candidates:
        if compare.baseline not in asked or candidate not in asked:
            continue
        differences = [
            item.difference
            for item in compared[gate.compare]
            if (item.record.task, item.record.metric) == (gate.task, gate.metric)
            and item.record.candidate == candidate
        ]
        evidence = GateEvidence(
            difference=differences[0] if differences else None, failure=asked[candidate].failure
        )
        rule = GateRule(must=gate.must, max_drop=gate.max_drop)
        verdicts.append(
            judge(gate.compare, gate.task, gate.metric, compare.baseline, candidate, rule, evidence)
        )
    return verdicts
