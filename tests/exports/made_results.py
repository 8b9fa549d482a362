"""The made-up quickstart as a results folder with answers, and its readers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from harness.exports.results import Results, read_results
from harness.records import Cell, Sample, Summary
from harness.results.prompts import keep_prompts
from harness.results.store import ResultsStore
from tests.analysis.samples import classified, diverged, summarized
from tests.reporting.fixture import quickstart


def samples_of(cell: Cell) -> list[Sample]:
    """Six answers, as the task of the cell gives them; none of a timing."""
    if cell.task == "sentiment":
        made = classified(
            ["negative", "neutral", "positive"] * 2,
            ["negative", None, "positive", "neutral", "neutral", "positive"],
        )
        chosen = {"negative": -1.5, "neutral": -0.25, "positive": -3.0}
        made[0] = made[0].model_copy(update={"data": {"logprobs": chosen}, "prompt": "ab" * 8})
    elif cell.task == "dialogue":
        made = summarized([0.1, 0.2, 0.4, 0.7, 0.2, 0.05])
    else:
        made = diverged(np.random.default_rng(3), 6) if cell.task == "fidelity" else []
    return [sample.model_copy(update={"key": cell.key}) for sample in made]


def write_results(folder: Path, summary: Summary | None = None) -> Path:
    """Writes `results/quickstart` below a folder, and gives it."""
    summary = summary or quickstart()
    store = ResultsStore(folder / "results" / str(summary.suite["name"]))
    store.write_summary(summary)
    for cell in summary.cells:
        made = samples_of(cell)
        if cell.status == "ok" and made:
            where = store.cell(cell.model, cell.task)
            where.start(made)
            store.keep_texts(cell.task, {s.id: f"text of {s.id}" for s in made})
    return store.folder


def made_results(folder: Path, summary: Summary | None = None, **given: Any) -> Results:
    """The same, as an exporter is given it."""
    return read_results(write_results(folder, summary), **given)


ASKED = "12" * 32
"""The hash of prompts that `with_prompts` keeps."""


def with_prompts(folder: Path) -> Results:
    """The same with answers, of which those to `sentiment` keep what they were asked word for word."""
    summary = quickstart()
    cells = [
        cell.model_copy(update={"prompts": ASKED}) if cell.task == "sentiment" else cell
        for cell in summary.cells
    ]
    where = write_results(folder, summary.model_copy(update={"cells": cells}))
    made = folder / "made"
    made.mkdir()
    ids = (sample.id for sample in samples_of(next(c for c in cells if c.task == "sentiment")))
    rows = (json.dumps({"id": id, "text": f"<s>Shots. text of {id}<e>"}) for id in ids)
    (made / "prompts.jsonl").write_text("\n".join(rows))
    (made / "prompts.json").write_text(json.dumps({"sha256": ASKED, "mode": "chat"}))
    keep_prompts(where, made)
    return read_results(where, with_answers=True)


def strict(text: str) -> Any:
    """JSON as every reader takes it: NaN and infinity are none."""

    def refuse(word: str) -> Any:
        raise ValueError(f"{word} is not JSON")

    return json.loads(text, parse_constant=refuse)
