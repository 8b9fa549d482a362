"""A served model beside the same one run in this process, where the suite says which that is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from harness.records import LoadDetails, Summary, Value
from harness.reporting import measures
from harness.reporting.blocks import Column, Datum, Fields, Line, Table, table
from harness.reporting.format import fixed
from harness.reporting.measures import value_of
from harness.reporting.tables import MODEL, name


def beside_in_process(
    summary: Summary, task: str, found: Mapping[str, LoadDetails]
) -> Table | None:
    """One user of each server beside the same model run in this process; None where none is known."""
    rows: list[Fields] = []
    notes: dict[Line, None] = {}
    for model, of in found.items():
        twin = _twin(summary, task, model)
        timed = _timed(summary, twin)
        alone = next(
            (one for one in of.levels if (one.loop, one.load) == ("closed", 1.0) and one.ttft), None
        )
        if alone is None or timed is None:
            continue
        row: Fields = {MODEL: name(model), "In process": name(twin)}
        for label, metric, served in (
            ("First token", "ttft_seconds", alone.ttft),
            ("Further tokens", "itl_seconds", alone.tpot),
        ):
            here = value_of(summary, twin, timed, metric)
            there = served.p50 if served is not None else None
            row |= _pair(summary, timed, metric, label, here, there)
        rows.append(row)
        notes |= dict.fromkeys(_shapes(summary, task, timed))
    caption = f"{task}: one user of the server, beside the same model in this process"
    return table(caption, rows, notes) if rows else None


def _twin(summary: Summary, task: str, model: str) -> str:
    """The model that is the served one, run here: named by the task, or served by a server that is
    started for it."""
    named = summary.tasks[task].settings.get("in_process")
    models = summary.suite.get("spec", {}).get("models", {})
    entry = models.get(model) or {}
    return str(named or (entry.get("from") if entry.get("serve") else "") or "")


def _timed(summary: Summary, model: str) -> str | None:
    """The first task that timed it."""
    timed = measures.timed_tasks(summary)
    found = (one for one in timed if value_of(summary, model, one, "ttft_seconds") is not None)
    return next(found, None)


def _pair(
    summary: Summary, timed: str, metric: str, label: str, here: Value | None, there: Value | None
) -> Fields:
    described = summary.tasks[timed].metric(metric)
    if here is None or there is None or not here.value or there.value is None:
        return {}

    def shown(value: Value) -> Datum:
        return measures.figure(described, value.model_copy(update={"n": None}))

    return {
        Column(f"{label}, served", "ms ↓, median"): shown(there),
        Column(f"{label}, in process", "ms ↓, median"): shown(here),
        Column(f"{label}: served over in process", "times ↓"): fixed(there.value / here.value, 2),
    }


def _shapes(summary: Summary, task: str, timed: str) -> Iterator[Line]:
    """What has to be known before the two are held against each other."""
    yield (
        f"In process: the median waits of the task {timed}, forward passes and sampling alone. Served: "
        "the way there and back, the server's own work on each token, and its settings are in it.",
    )
    there, here = summary.tasks[task].settings, summary.tasks[timed].settings
    read = here.get("prompt_tokens")
    first = read[0] if isinstance(read, list) else read
    if first != there.get("prompt_tokens"):
        yield (
            f"Prompts differ: {there.get('prompt_tokens')} tokens served, {first} in process, so that "
            "the first tokens are not of the same work.",
        )
