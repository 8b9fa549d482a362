"""The section "Samples": what a page holds of the answers, and what it does not."""

from __future__ import annotations

import json
import zlib
from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic_core import to_json

from harness.quantities import plural
from harness.records import Answered, CellSamples, Summary
from harness.records.licences import Amount
from harness.reporting.blocks import Block, Line, Samples
from harness.reporting.browser.chosen import all_ids, amount_of, changed_ids, pairs
from harness.reporting.browser.columns import columns
from harness.reporting.browser.excerpt import excerpt
from harness.reporting.browser.kinds import kind_of, modes
from harness.reporting.browser.said import Held, left_out, owed
from harness.reporting.format import count
from harness.reporting.measures import arrow, headline, label
from harness.reporting.types.write import REPEATS

LEVEL = 6
"""Of deflating: 9 makes a page of 200,000 answers 2% smaller, and takes five times as long."""


def sample_blocks(
    summary: Summary, answered: Answered, wanted: Amount | None = None
) -> list[Block]:
    """The browser; nothing where no answers are given.

    Args:
        summary: of the results.
        answered: their samples.
        wanted: how much of them; default: what each data set's licence allows (`quoting`).
    """
    by_task = cells_by_task(summary, answered)
    if not by_task:
        return []
    index, payloads, held = [], [], {}
    total = shown = 0
    for task, cells in by_task.items():
        ids, every = _ids(summary, task, cells, wanted), all_ids(cells)
        total += sum(len(cell.rows) for cell in cells.values())
        held[task] = Held(len(ids), len(every))
        if not ids:
            continue
        put_in = set(ids)
        shown += sum(row["id"] in put_in for cell in cells.values() for row in cell.rows)
        texts = answered.texts.get(task, {})
        packed = columns(summary.tasks[task], cells, ids, texts, answered)
        payloads.append(_packed(packed))
        index.append(_task(summary, task, cells, ids, len(every)))
    some = "All " if shown == total else f"{count(shown)} of "
    first: Line = (f"{some}{plural(total, 'answer')} to {plural(len(by_task), 'task')}.",)
    name = str(summary.suite.get("name", "suite"))
    whole = {"suite": name, "repeats": REPEATS, "tasks": index}
    return [
        Samples(
            (first, *left_out(summary, held, wanted), *owed(summary, held)),
            excerpt(summary),
            json.dumps(whole, ensure_ascii=False),
            tuple(payloads),
        )
    ]


def cells_by_task(summary: Summary, answered: Answered) -> dict[str, dict[str, CellSamples]]:
    """Samples by task and model, both in the suite's order; tasks that nobody answered are left out."""
    found = {
        task: {
            model: answered.cells[model, task]
            for model in summary.models
            if (model, task) in answered.cells
        }
        for task in summary.tasks
    }
    return {task: cells for task, cells in found.items() if cells}


def _ids(
    summary: Summary, task: str, cells: Mapping[str, CellSamples], wanted: Amount | None
) -> list[str]:
    match amount_of(summary, task, wanted):
        case "all":
            return all_ids(cells)
        case "changed":
            return changed_ids(summary, task, cells)
        case "none":
            return []


def _task(
    summary: Summary, task: str, cells: Mapping[str, CellSamples], ids: Sequence[str], every: int
) -> dict[str, Any]:
    """What the browser has to know before a task's answers are unpacked."""
    of = summary.tasks[task]
    failed = {
        cell.model: cell.error.message
        for cell in summary.cells
        if cell.task == task and cell.status == "failed" and cell.error is not None
    }
    compared = pairs(summary, task, list(cells))
    return {
        "name": task,
        "kind": kind_of(of),
        "type": of.type,
        "reference": of.reference,
        "here": len(ids),
        "of": every,
        "models": list(cells),
        "failed": failed,
        "pairs": [list(pair) for pair in compared],
        "labels": of.labels,
        "headline": headline(of).name,
        "metrics": {
            name: {
                "label": label(metric),
                "unit": metric.unit,
                "arrow": arrow(metric),
            }
            for name, metric in of.metrics.items()
        },
        "modes": [mode.data() for mode in modes(of)],
    }


def _packed(data: Mapping[str, Any]) -> str:
    """JSON, deflated, as base64: what `DecompressionStream("deflate")` reads."""
    return b64encode(zlib.compress(to_json(data), LEVEL)).decode()
