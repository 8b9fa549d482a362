"""What a report needs to know of a task: how it was asked, of what, and what its figures are held against."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.data.opening import open_data
from harness.plan.graph import Plan
from harness.plan.params import PromptsParams
from harness.plan.places import Places
from harness.records import Cell, TaskSummary, TooLong, Value
from harness.results.artifacts import Manifest
from harness.results.own_metrics import asked_metrics
from harness.runner.notes import notes_on
from harness.suite.reader import Suite
from harness.suite.schema import TaskSpec, type_of

BUILT_IN = "CC0-1.0"
"""The licence of built-in texts and prompts."""
Floors = dict[str, dict[str, Value]]


@dataclass(frozen=True)
class DataFacts:
    """What a summary tells of a data set."""

    name: str
    description: str = ""
    synthetic: bool = False
    licence: str = ""
    citation: str = ""


Describe = Callable[[str], DataFacts]
"""Gives what is known of a data set by the hash of its contents."""


def described(places: Places) -> Describe:
    """Describes data sets that are on this machine."""

    def describe(contents: str) -> DataFacts:
        ref = places.data[contents]
        info = open_data(ref)
        return DataFacts(
            str(ref["name"]), info.description, info.synthetic, info.licence, info.citation
        )

    return describe


def summarize_task(
    name: str,
    suite: Suite,
    plan: Plan,
    describe: Describe,
    kept: Callable[[str], Manifest | None],
    prompts: Mapping[str, str],
    cells: Sequence[Cell],
) -> TaskSummary:
    """The summary of one task.

    Args:
        name: of the task.
        suite: that it stands in.
        plan: of the suite.
        describe: the data that it names.
        kept: by a step's key, what the step found; None where it has not been done.
        prompts: by root model, the key of the step that wrote its prompts.
        cells: the task's.
    """
    task = suite.spec.tasks[name]
    metrics = {metric: of.descriptor for metric, of in asked_metrics(task).items()}
    own = [metric for metric, of in metrics.items() if of.own]
    settings = task.settings() | ({"metrics": own} if own else {})
    asks = next((plan.steps[key].given(PromptsParams) for key in prompts.values()), None)
    info = describe(asks.contents) if asks is not None and asks.contents else None
    asked = {root: found.outcome for root, key in prompts.items() if (found := kept(key))}
    first: dict[str, Any] = next(iter(asked.values()), {})
    floors = kept(plan.floors.get(name, ""))
    rounding, rounded = _rounding(name, plan, kept)
    return TaskSummary(
        type=task.type,
        description=task.described(info.description if info else ""),
        dataset=info.name if info is not None else settings.get("text"),
        n=first.get("n"),
        available=first.get("available"),
        seed=_seed(task, suite),
        shots=task.data.shots if task.data is not None else 0,
        reference=task.held_against,
        prompts={root: outcome["sha256"] for root, outcome in asked.items()},
        floors=rounded | (_floors(floors.outcome) if floors else {}),
        example_prompt=first.get("example_prompt", ""),
        settings=settings | _ending(asked) | rounding,
        synthetic=info is not None and info.synthetic,
        labels=list(first.get("labels", [])),
        notes=notes_on(task, asked, cells),
        reading=plan.readings.get(name),
        unknown_tokens={
            root: share for root, of in asked.items() if (share := of.get("unknown", 0.0))
        },
        too_long=_too_long(asks, first),
        metrics=metrics,
        asked=dict(task.named),
        added=name in suite.spec.added,
        licence=info.licence if info is not None else BUILT_IN if task.asked_of else "",
        citation=info.citation if info is not None else "",
    )


def _too_long(asks: PromptsParams | None, found: Mapping[str, Any]) -> TooLong | None:
    """What was left out of a task, by the suite's names: what was found may be another suite's."""
    told = found.get("too_long")
    if asks is None or told is None:
        return None
    names = asks.fit_names
    return TooLong(
        rows=told["rows"],
        of=told["of"],
        models=dict(zip(names, told["counts"], strict=True)),
        contexts=dict(zip(names, told["contexts"], strict=True)),
    )


def _ending(asked: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """What choices were compared by, and what ended what was written, as settings."""
    found = {}
    stops = {root: outcome["stop"] for root, outcome in asked.items() if outcome.get("stop")}
    if stops:
        found["stop"] = _shared(stops)
    scored = {
        root: " and ".join(f"{score} ({n})" if len(by) > 1 else score for score, n in by.items())
        for root, outcome in asked.items()
        if (by := outcome.get("scored_by"))
    }
    if scored:
        found["score"] = _shared(scored)
    return found


def _shared(of: Mapping[str, Any]) -> Any:
    """What holds of all root models, else of each."""
    values = list(of.values())
    return values[0] if all(value == values[0] for value in values) else dict(of)


def _seed(task: TaskSpec, suite: Suite) -> int | None:
    """What its examples are drawn by, or what is timed; prompts of one's own are not drawn."""
    of = type_of(task)
    if of.drawn:
        return suite.spec.defaults.seed if task.seed is None else task.seed
    return task.seed if of.timed else None


def _rounding(
    name: str, plan: Plan, kept: Callable[[str], Manifest | None]
) -> tuple[dict[str, Any], Floors]:
    """What 16 bits alone change in a task's reference, as a floor; or why that is open, as a setting."""
    precision = plan.precision.get(name)
    if precision is None:
        return {}, {}
    measured = kept(precision.step)
    if measured is None:
        reason = precision.reason or "its step failed, or was left out"
        return {"16-bit rounding": f"not measured: {reason}"}, {}
    return {}, _floors({"16-bit": measured.outcome["metrics"]})


def _floors(outcome: Mapping[str, Any]) -> Floors:
    return {
        name: {metric: Value.model_validate(value) for metric, value in values.items()}
        for name, values in outcome.items()
    }
