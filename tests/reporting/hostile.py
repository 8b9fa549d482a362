"""Summaries whose every text is hostile to what shows it."""

from __future__ import annotations

from typing import Any

from harness.records import Cell, Summary
from tests.reporting.fixture import quickstart
from tests.reporting.variants import undecided_gates, with_doubts, with_failures, with_seeds
from tests.reporting.written import with_texts

HOSTILE = (
    "</script><img src=x onerror=alert(1)>|`b` ``c``\n# h\n- [x](http://evil.test) {{7*7}} \x07&"
)


def hostile() -> Summary:
    """The hostile string at the end of every text, names of models and tasks included."""
    fixed = {"status", "outcome", "type", "schema", "metric", "phase", "kind", "started"}
    fixed |= {"base_precision", "trained_on", "allows", "measures", "format"}
    seeds = with_seeds()
    whole = quickstart(
        gates=undecided_gates().gates,
        cells=[*with_failures().cells, *(c for c in seeds.cells if "seed" in c.model)],
        machine={"cpu": "x", "n\n|`<b>": "y"},
        models={**seeds.models, **with_doubts().models},
        checks=with_doubts().checks,
        comparisons=[row.model_copy(update={"note": "so"}) for row in seeds.comparisons],
    )

    def walk(node: Any, key: str = "") -> Any:
        if isinstance(node, dict):
            # names of checks and of metrics are of a closed list, or of letters and digits
            closed = {"name"} if key == "checks" or "higher_is_better" in node else set()
            inner = {k: v if k in closed else walk(v, k) for k, v in node.items()}
            if key in {
                "models", "tasks", "software", "machine", "settings", "hyperparameters", "values",
            }:  # fmt: skip
                return {k + HOSTILE: v for k, v in inner.items()}
            return inner
        if isinstance(node, list):
            return [walk(v, key) for v in node]
        return node + HOSTILE if isinstance(node, str) and key not in fixed else node

    return Summary.model_validate(walk(whole.model_dump(by_alias=True)))


def hostile_texts() -> Summary:
    """The hostile string in prompts and texts, and a text that holds fences and markup."""
    whole = with_texts()
    asked = {name: text + HOSTILE for name, text in whole.tasks["coherence"].asked.items()}
    nasty = f"````\n</details></p>{HOSTILE}\n~~~\n# no heading\n| a |\n|---|\n{HOSTILE * 40}"

    def written(old: Cell) -> Cell:
        if old.task != "coherence":
            return old
        told = old.details["written"]
        texts = {
            name: {**of, "text": nasty, "thought": nasty} for name, of in told["texts"].items()
        }
        return old.model_copy(update={"details": {"written": {**told, "texts": texts}}})

    task = whole.tasks["coherence"].model_copy(update={"asked": asked})
    tasks = {**whole.tasks, "coherence": task}
    return with_texts(tasks=tasks, cells=[written(cell) for cell in whole.cells])
