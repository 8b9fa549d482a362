"""Adapters that were trained elsewhere: what their files say, and that the rest is not known."""

from __future__ import annotations

from harness.records import AdapterFacts, AdapterStep, Summary
from harness.records.licences import NOT_STATED
from harness.reporting.blocks import Block, Column, Datum, Fields, table
from harness.reporting.format import DASH, count
from harness.reporting.kinds import without_replicas
from harness.reporting.tables import MODEL, name

UNKNOWN = "not known"
NOTE = (
    "By the adapters' own files. What they learned from, how the loss fell, how long it took, and whether the base's weights were "
    "in 4 or 8 bits meanwhile is not known here: a task that stands in this report may have been learned."
)


def adapter_blocks(summary: Summary) -> list[Block]:
    """A row for each model that is its base with such an adapter; nothing where none is."""
    rows = [
        _row(model, of.adapter, of.lineage[-1].name)
        for model, of in without_replicas(summary).models.items()
        if of.training is None and of.lineage and isinstance(of.lineage[-1], AdapterStep)
    ]
    return [table("Adapters that were trained elsewhere", rows, [(NOTE,)])] if rows else []


def _row(model: str, of: AdapterFacts | None, adapter: str) -> Fields:
    known = of or AdapterFacts(method="")
    ranks = ", ".join(map(count, known.ranks))
    layers = ", ".join(known.layers)
    return {
        MODEL: name(model),
        "Adapter": name(adapter),
        Column("Method", numeric=False, term="lora"): known.method or UNKNOWN,
        Column("Rank"): ranks or (DASH if known.method else UNKNOWN),
        "On": Datum(layers or UNKNOWN, f"and whole: {', '.join(known.whole)}" if known.whole else ""),
        Column("Weights in its file"): count(known.weights) if known.weights else UNKNOWN,
        "Trained on": known.base or NOT_STATED,
        "Licence": known.licence or NOT_STATED,
        "Data, loss, time": UNKNOWN,
    }  # fmt: skip
