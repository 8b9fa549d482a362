"""The section on servers under load: what is held beside it, and what a reader must be told."""

from __future__ import annotations

from typing import Any

import pytest

from harness.records import LoadClient, LoadDetails, LoadLevel, Summary, TaskSummary, Value, Waits
from harness.reporting.blocks import Callout, Table, plain
from harness.reporting.load_beside import beside_in_process
from harness.reporting.types.load import load_blocks
from tests.analysis.samples import descriptors
from tests.reporting.fixture import quickstart

TTFT, TPOT = 0.2, 0.05
HOSTILE = "<script>alert(1)</script>"


def waits(seconds: float, n: int = 200) -> Waits:
    value = Value(value=seconds, low=seconds * 0.9, high=seconds * 1.1, n=n)
    return Waits(p50=value, p90=value, p99=Value(value=3 * seconds, n=n))


def level(users: float = 1, n: int = 200, **more: Any) -> LoadLevel:
    settings: dict[str, Any] = {
        "loop": "closed",
        "load": users,
        "requests": n,
        "requests_per_second": Value(value=users),
        "tokens_per_second": Value(value=20 * users),
        "mean_latency_seconds": Value(value=1.0),
        "ttft": waits(TTFT, n),
        "tpot": waits(TPOT, n),
        "latency": waits(1.0, n),
        "client": LoadClient(cpu_share=0.1, lag_seconds=0.001, longest_lag_seconds=0.002),
    }
    return LoadLevel(**{**settings, **more})


def details(*levels: LoadLevel, **more: Any) -> LoadDetails:
    settings = {"host": "h", "model": "m", "api": "chat", "counted": "server", "knees": [], **more}
    return LoadDetails.model_validate({"levels": [of.model_dump() for of in levels], **settings})


def summary(of: LoadDetails, **settings: Any) -> Summary:
    """The quickstart, in which lora-q4 is a served one."""
    made = quickstart()
    task = TaskSummary(
        type="load", metrics=descriptors("load"), description="a server asked", settings=settings
    )
    speed = next(c for c in made.cells if (c.model, c.task) == ("lora-q4", "speed"))
    cell = speed.model_copy(
        update={"task": "load", "metrics": {}, "details": {"load": of.model_dump(mode="json")}}
    )
    return made.model_copy(
        update={"tasks": {**made.tasks, "load": task}, "cells": [*made.cells, cell]}
    )


def fields(table: Table) -> dict[str, str]:
    (row,) = table.rows
    return {
        column.label: datum.text for column, datum in zip(table.columns, row.fields, strict=True)
    }


def said(of: Summary) -> str:
    return " ".join(plain(block.line) for block in load_blocks(of) if isinstance(block, Callout))


def test_one_user_stands_beside_the_same_model_in_this_process() -> None:
    made = summary(details(level()), in_process="lora-f16", prompt_tokens=64)
    table = beside_in_process(made, "load", {"lora-q4": details(level())})
    assert table is not None
    speed = next(c for c in made.cells if (c.model, c.task) == ("lora-f16", "speed"))
    here = speed.metrics["ttft_seconds"].value or 0.0
    shown = fields(table)
    assert shown["In process"] == "lora-f16"
    assert float(shown["First token: served over in process"]) == pytest.approx(
        TTFT / here, abs=0.01
    )
    assert any("Prompts differ: 64 tokens served, 256 in process" in plain(n) for n in table.notes)


def test_a_server_that_is_started_for_a_model_stands_beside_that_model() -> None:
    made = summary(details(level()))
    assert beside_in_process(made, "load", {"lora-q4": details(level())}) is None
    spec = {"models": {"lora-q4": {"from": "lora-f16", "serve": {"server": "llama-cpp"}}}}
    started = made.model_copy(update={"suite": {**made.suite, "spec": spec}})
    table = beside_in_process(started, "load", {"lora-q4": details(level())})
    assert table is not None and fields(table)["In process"] == "lora-f16"
    crowd = {"lora-q4": details(level(users=2))}
    assert beside_in_process(started, "load", crowd) is None


@pytest.mark.parametrize(
    ("of", "words"),
    [
        (details(level(), counted="pieces"), "pieces count as tokens"),
        (details(level(shorter=50)), "25% of the answers ended before"),
        (details(level(), streamed=False), "in one piece"),
        (details(level(), repeating=True), "goes on and on"),
        (details(level(), refused=["min_tokens"]), "min_tokens"),
        (
            details(level(client=LoadClient(cpu_share=0.9, lag_seconds=0, longest_lag_seconds=0))),
            "90% of a core",
        ),
        (
            details(level(client=LoadClient(cpu_share=0, lag_seconds=0.04, longest_lag_seconds=1))),
            "late by 40.0 ms",
        ),
    ],
)
def test_what_makes_figures_mean_less_is_said(of: LoadDetails, words: str) -> None:
    assert words in said(summary(of))


def test_figures_without_a_doubt_have_none() -> None:
    assert not said(summary(details(level())))


def test_a_percentile_of_too_few_is_called_the_longest() -> None:
    shown = [
        datum.detail
        for block in load_blocks(summary(details(level(n=40))))
        if isinstance(block, Table)
        for row in block.rows
        for datum in row.fields
    ]
    assert "longest of 40" in shown and "too few to bound it" not in shown


def test_levels_that_were_not_run_and_errors_stand_there_by_name() -> None:
    failed = level(users=2, errors={HOSTILE: 3})
    never = LoadLevel(loop="closed", load=4, not_run="errors")
    tables = [
        block
        for block in load_blocks(summary(details(level(), failed, never, failure=HOSTILE)))
        if isinstance(block, Table)
    ]
    texts = [f"{d.text} {d.detail}" for t in tables for row in t.rows for d in row.fields]
    assert any("not run: too many errors before" in text for text in texts)
    assert any(HOSTILE in text for text in texts) and any("197 of 200" in text for text in texts)
