"""Summaries of every kind, drawn by hypothesis: the made-up quickstart with other outcomes everywhere."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

from hypothesis import strategies as st

from harness.analysis.gate import Evidence, Gate
from harness.analysis.gates import judge
from harness.analysis.paired import PairedDifference
from harness.metrics.registry import METRICS
from harness.records import Cell, Check, Comparison, Failure, GateVerdict, Summary
from tests.reporting.fixture import quickstart
from tests.reporting.fixture_cells import speed_details
from tests.reporting.variants import with_seeds

KINDS = ("better", "worse", "unshown", "same", "tentative", "bare", "missing")
ROSY = ("better", "better", "better", "unshown")
MOSTLY = st.sampled_from((True, True, True, False))
TASKS = (
    ("sentiment", "dialogue", "fidelity", "speed"),
    ("sentiment", "speed"),
    ("fidelity", "speed"),
    ("speed",),
    ("sentiment",),
)
MODELS = ("base", "lora", "qlora", "lora-f16", "lora-q8", "lora-q5", "lora-q4")
WHOLE = (quickstart(), with_seeds())
PARENTS = {name: "base" if name in ("lora", "qlora") else "lora" for name in MODELS[1:]}


def redrawn(old: Comparison, random: Random, kinds: Sequence[str]) -> Comparison:
    """A difference with another outcome: of any size, and as sure as it happens to be."""
    size = random.choice((1e-6, 0.002, 0.01, 0.05, 0.3))
    found = random.choice(kinds)
    up = 1 if kinds is ROSY else random.choice((-1, 1))
    ends = sorted((up * size * 0.2, up * size * 1.8))
    if found == "unshown":
        ends = [-size * (1 + random.random()), size * 3]
    update: dict[str, Any] = {
        "delta": up * size, "low": ends[0], "high": ends[1], "better": 4, "worse": 9,
        "p": 0.001, "p_adjusted": 0.9 if found == "tentative" else 0.002,
    }  # fmt: skip
    if old.ratio is not None:
        side = random.choice((0.9, 1.1))
        update |= {"ratio": side, "ratio_low": side - 0.05, "ratio_high": side + 0.05}
        update |= {"ratio_low": 0.8} if random.random() < 0.3 else {}
    if found == "same":
        update |= {"delta": 0.0, "low": -size, "high": size, "better": 0, "worse": 0}
    if found == "bare":
        update |= dict.fromkeys(("low", "high", "p", "p_adjusted"))
    if found == "missing":
        kept = {
            key: getattr(old, key) for key in ("name", "task", "metric", "baseline", "candidate")
        }
        return Comparison(**kept, reason="No answers.")
    return old.model_copy(update=update)


def judged(row: Comparison, random: Random) -> GateVerdict:
    """A gate on a difference, judged as the runner does."""
    of = METRICS[row.metric]
    limit = random.choice((0.0, 0.005, 0.03, 0.2, 1.0))
    rule = "max_drop" if limit else "must"
    gate = Gate(row.name, row.task, of, row.baseline, row.candidate, rule, limit)  # type: ignore[arg-type]
    if row.delta is None:
        return judge(gate, Evidence(failure="No answers."))
    found = PairedDifference(
        row.metric, row.baseline_value, row.candidate_value, row.delta, row.low, row.high,
        one_sided_low=row.low, one_sided_high=row.high, p=row.p_adjusted, n=row.n, spread=0.2,
    )  # fmt: skip
    return judge(gate, Evidence(found, n=row.n))


@st.composite
def summaries(draw: st.DrawFn) -> Summary:
    """Suites with failed cells, doubts, missing baselines, seeds; with a few tasks; with and without gates."""
    random = Random(draw(st.integers(0, 2**32)))
    tasks = draw(st.sampled_from(TASKS))
    whole = WHOLE[draw(st.integers(0, 1))]
    lost = draw(st.lists(st.tuples(st.sampled_from(MODELS), st.sampled_from(tasks)), max_size=2))
    never = draw(st.lists(st.tuples(st.sampled_from(MODELS), st.sampled_from(tasks)), max_size=2))
    cells = [
        _cell(cell, random, (cell.model, cell.task) in lost)
        for cell in whole.cells
        if cell.task in tasks and (cell.model, cell.task) not in never
    ]
    found = draw(st.sampled_from((ROSY, KINDS)))
    rows = [
        _row(row, random, [*lost, *never], found) for row in whole.comparisons if row.task in tasks
    ]
    rows = rows if draw(MOSTLY) else []
    gated = [row for row in rows if row.metric in ("accuracy", "rougeL", "kl_mean")]
    gates = [judged(row, random) for row in gated] if draw(MOSTLY) else []
    failed = [Check(name="bos", model=model, status=random.choice(("failed", "allowed")), message="2 BOS")
              for model in draw(st.lists(st.sampled_from(MODELS), max_size=1))]  # fmt: skip
    models = {name: {"from": PARENTS[name]} if name in PARENTS else {} for name in MODELS}
    spec = {"models": models, "prefer": draw(st.sampled_from(("smallest", "fastest")))}
    return whole.model_copy(
        update={
            "suite": {**whole.suite, "spec": spec},
            "tasks": {name: of for name, of in whole.tasks.items() if name in tasks},
            "cells": cells,
            "comparisons": rows,
            "gates": gates,
            "checks": [*whole.checks, *failed],
        }
    )


def _cell(old: Cell, random: Random, lost: bool) -> Cell:
    if lost:
        error = Failure(kind="crash", message="signal 11")
        return Cell(key=old.key, model=old.model, task=old.task, status="failed", error=error)
    if old.task == "speed" and random.random() < 0.3:
        busy = {"kind": "busy", "message": "1.6 of 2 cores in round 1", "remedy": "Stop it."}
        speed = {**speed_details(old.model.split(".")[0]), "warnings": [busy]}
        return old.model_copy(update={"details": {"speed": speed}})
    return old


def _row(
    old: Comparison, random: Random, gone: list[tuple[str, str]], kinds: Sequence[str]
) -> Comparison:
    row = redrawn(old, random, kinds)
    if (row.baseline, row.task) in gone or (row.candidate, row.task) in gone:
        kept = {
            key: getattr(row, key) for key in ("name", "task", "metric", "baseline", "candidate")
        }
        return Comparison(**kept, reason="No answers.")
    return row
