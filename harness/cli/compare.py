"""`harness compare`: two models, two results, or a model and its baseline, side by side."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.text import Text

from harness.analysis.compared import ComparedModels, ComparedTask
from harness.cli.consoles import output_console
from harness.cli.outputs import hand_over_json
from harness.records import Comparison, MetricDescriptor
from harness.reporting.format import clean
from harness.reporting.marks import Marks
from harness.reporting.outcomes import outcome
from harness.reporting.side_by_side import terminal_comparison
from harness.results.comparing import ComparedResults, Wanted, compare_results

REPEATED = {"name", "task", "baseline", "candidate", "changed_for_better", "changed_for_worse"}
"""Fields of a comparison that stand elsewhere in the JSON."""


def compare(
    results: Path, others: Sequence[str], wanted: Wanted, examples: int, as_json: bool
) -> int:
    """Shows what differs, however large it is. Returns the exit code, which is 0."""
    compared, confidence = compare_results(results, others, wanted), wanted.confidence
    if as_json:
        hand_over_json(_as_data(compared, confidence), indent=2)
    else:
        _show(compared, confidence, examples)
    return 0


def _show(compared: ComparedResults, confidence: float, examples: int) -> None:
    out = output_console(highlight=False)
    for pair in compared.pairs:
        out.print(terminal_comparison(pair, confidence, examples, _doubts(compared, pair)))
        out.print()
    for note in compared.notes:
        out.print(Text(clean(note)))


def _doubts(compared: ComparedResults, pair: ComparedModels) -> list[str]:
    """Checks that failed for either model."""
    found = {
        pair.baseline: Marks.read(compared.before).of.get(pair.baseline_model),
        pair.candidate: Marks.read(compared.after).of.get(pair.candidate),
    }
    return [f"{name}: {mark}: its figures are in doubt" for name, mark in found.items() if mark]


def _as_data(compared: ComparedResults, confidence: float) -> dict[str, Any]:
    return {
        "confidence": confidence,
        "notes": list(compared.notes),
        "compared": [
            {
                "baseline": pair.baseline,
                "candidate": pair.candidate,
                "notes": [*_doubts(compared, pair), *pair.notes],
                "tasks": [_task_data(task, confidence) for task in pair.tasks],
            }
            for pair in compared.pairs
        ],
    }


def _task_data(task: ComparedTask, confidence: float) -> dict[str, Any]:
    return {
        "task": task.name,
        "type": task.type,
        "metrics": [_row_data(task.metrics[row.metric], row, confidence) for row in task.rows],
        "changed_by": task.flips.metric if task.flips else None,
        "changed": [change.model_dump(mode="json") for change in task.changed],
        "answered_otherwise_and_scored_the_same": task.reworded,
    }


def _row_data(of: MetricDescriptor, row: Comparison, confidence: float) -> dict[str, Any]:
    """A comparison as JSON knows numbers: what is not finite is null."""
    data: dict[str, Any] = json.loads(row.model_dump_json(exclude=REPEATED))
    return {**data, "conclusion": outcome(of, row, confidence).value}
