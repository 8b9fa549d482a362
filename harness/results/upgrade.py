"""Summaries that an older version wrote, as this version writes them; no word of theirs is read back.

What an older summary said in words is made anew from the suite that it holds.
"""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from harness.plan.lineage import lineage_of, permissions_of, with_type
from harness.records import SUMMARY_SCHEMA, Cell, Summary
from harness.results.own_metrics import asked_metrics
from harness.suite.schema import SuiteSpec

FIRST_SCHEMA = "harness-summary/1"


class OtherVersionError(Exception):
    """A summary of a version that this one cannot read; the text says which."""


def understood(data: dict[str, Any]) -> Summary:
    """The summary that a file's contents are, of this version or of an older one.

    Raises:
        OtherVersionError: it is of a version that cannot be read here.
        ValidationError: it is no summary.
    """
    schema = data.get("schema", SUMMARY_SCHEMA)
    if schema == SUMMARY_SCHEMA:
        return Summary.model_validate(data)
    if schema != FIRST_SCHEMA:
        raise OtherVersionError(f"it is {schema}, and this version reads {SUMMARY_SCHEMA}")
    try:
        return Summary.model_validate(_from_first(data))
    except (KeyError, TypeError, AttributeError, ValidationError):
        raise OtherVersionError(
            f"it is {schema}, and what it lacks cannot be told from the suite that it holds"
        ) from None


def _from_first(data: dict[str, Any]) -> dict[str, Any]:
    """Version 1 wrote how models came about, and what was allowed of them, in words.

    Of metrics it described those alone that the suite names.
    """
    spec = SuiteSpec.model_validate(data["suite"]["spec"])
    cells = [Cell.model_validate(cell) for cell in data["cells"]]
    models = {}
    for name, model in data["models"].items():
        kept = {key: value for key, value in model.items() if key != "description"}
        answered = [cell for cell in cells if cell.model == name and cell.status == "ok"]
        lineage = with_type(lineage_of(spec, name), answered)
        allowed = permissions_of(spec.models, name)
        models[name] = {**kept, "lineage": lineage, "permissions": list(allowed)}
    tasks = {
        name: {
            **task,
            "metrics": {n: m.descriptor for n, m in asked_metrics(spec.tasks[name]).items()},
        }
        for name, task in data["tasks"].items()
    }
    return {**data, "schema": SUMMARY_SCHEMA, "models": models, "tasks": tasks}
