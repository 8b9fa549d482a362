"""The made-up summary in every shape that a report has to survive."""

from __future__ import annotations

from typing import Any

from harness.records import Cell, Comparison, Failure, Summary, Value
from tests.report.fixture import LINEAGES, gates, quickstart


def with_failures() -> Summary:
    """One model that could not be made and one cell that crashed."""
    whole = quickstart()
    broken = Failure(kind="bad-model", message="weights end early", hint="fetch the file again")
    crash = Failure(kind="crash", message="worker ended with signal 11", hint="see worker.log")
    models = dict(whole.models)
    models["qlora"] = models["qlora"].model_copy(
        update={"error": broken, "training": None, "bytes": None, "bits_per_weight": None}
    )

    def failed(old: Cell) -> Cell:
        if old.model != "qlora" and (old.model, old.task) != ("lora-q4", "dialogue"):
            return old
        error = broken if old.model == "qlora" else crash
        bare = Cell(key=old.key, model=old.model, task=old.task, status="failed", error=error)
        return bare

    def undone(old: Comparison) -> Comparison:
        if old.candidate != "qlora" and (old.candidate, old.task) != ("lora-q4", "dialogue"):
            return old
        return Comparison(
            name=old.name,
            task=old.task,
            metric=old.metric,
            baseline=old.baseline,
            candidate=old.candidate,
            reason=f"{old.candidate} has no answers to {old.task}",
        )

    return quickstart(
        models=models,
        cells=[failed(c) for c in whole.cells],
        comparisons=[undone(c) for c in whole.comparisons],
    )


def only_one_model() -> Summary:
    """A suite that names the base model alone."""
    whole = quickstart()
    kept_tasks = {k: v for k, v in whole.tasks.items() if k != "fidelity"}
    return quickstart(
        models={"base": whole.models["base"]},
        tasks=kept_tasks,
        cells=[c for c in whole.cells if c.model == "base" and c.task in kept_tasks],
        comparisons=[],
        gates=[],
    )


def without_speed() -> Summary:
    """The same, but nobody timed anything."""
    whole = quickstart()
    return quickstart(
        tasks={k: v for k, v in whole.tasks.items() if k != "speed"},
        cells=[c for c in whole.cells if c.task != "speed"],
    )


def without_intervals() -> Summary:
    """Values alone: no cell and no comparison has an interval."""
    whole = quickstart()

    def bare(old: Cell) -> Cell:
        values = {k: Value(value=v.value) for k, v in old.metrics.items()}
        return old.model_copy(update={"metrics": values})

    plain = [
        c.model_copy(update={"low": None, "high": None, "p": None, "p_adjusted": None})
        for c in whole.comparisons
    ]
    return quickstart(cells=[bare(c) for c in whole.cells], comparisons=plain)


def renamed(names: dict[str, str]) -> Summary:
    """The quickstart with other model names, everywhere."""
    text = quickstart()
    data = text.model_dump(by_alias=True)

    def walk(node: Any) -> Any:
        if isinstance(node, dict):
            return {names.get(k, k) if isinstance(k, str) else k: walk(v) for k, v in node.items()}
        if isinstance(node, list):
            return [walk(v) for v in node]
        return names.get(node, node) if isinstance(node, str) else node

    return Summary.model_validate(walk(data))


def with_long_names() -> Summary:
    """Model names as long as Hub ids get, alike but for their ends."""
    stem = "some-organisation/an-extraordinarily-long-model-name-instruct-2507-preview"
    return renamed({name: f"{stem}-{name}" for name in LINEAGES})


def with_twelve_models() -> Summary:
    """Seven models and five more of unknown origin."""
    whole = quickstart()
    more = {
        f"guest-{i}": whole.models["base"].model_copy(update={"lineage": [f"org/guest-{i}"]})
        for i in range(5)
    }
    cells = [
        c.model_copy(update={"model": name})
        for name in more
        for c in whole.cells
        if c.model == "base"
    ]
    return quickstart(models={**whole.models, **more}, cells=[*whole.cells, *cells])


HOSTILE = (
    "</script><img src=x onerror=alert(1)>|`b` ``c``\n# h\n- [x](http://evil.test) {{7*7}} \x07&"
)


def hostile() -> Summary:
    """The hostile string at the end of every text, names of models and tasks included."""
    fixed = {"status", "outcome", "type", "schema", "metric", "phase", "kind", "started"}
    whole = quickstart(
        gates=gates(), cells=with_failures().cells, machine={"cpu": "x", "n\n|`<b>": "y"}
    )

    def walk(node: Any, key: str = "") -> Any:
        if isinstance(node, dict):
            inner = {k: walk(v, k) for k, v in node.items()}
            if key in {"models", "tasks", "software", "machine", "settings", "hyperparameters"}:
                return {k + HOSTILE: v for k, v in inner.items()}
            return inner
        if isinstance(node, list):
            return [walk(v, key) for v in node]
        return node + HOSTILE if isinstance(node, str) and key not in fixed else node

    return Summary.model_validate(walk(whole.model_dump(by_alias=True)))


def empty() -> Summary:
    """Nothing was asked of anybody."""
    return quickstart(models={}, tasks={}, cells=[], comparisons=[], gates=[], commands=[])


VARIANTS = {
    "quickstart": quickstart,
    "failures": with_failures,
    "one-model": only_one_model,
    "no-comparisons": lambda: quickstart(comparisons=[], gates=[]),
    "no-gates": lambda: quickstart(gates=[]),
    "no-speed": without_speed,
    "no-intervals": without_intervals,
    "long-names": with_long_names,
    "twelve-models": with_twelve_models,
    "hostile": hostile,
    "empty": empty,
}
