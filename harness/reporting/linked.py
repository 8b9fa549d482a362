"""Where the sample browser of a page can be opened: nothing leads to answers that it does not hold."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from harness.records import Comparison, GateVerdict
from harness.reporting.blocks import Block, Confusion, Samples, Table
from harness.reporting.browser.links import link


@dataclass(frozen=True)
class Linked:
    """By task, the models whose answers the page holds."""

    models: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, blocks: Iterable[Block]) -> Linked:
        """What the browser among the blocks holds; nothing where there is none."""
        tasks = [
            task
            for block in blocks
            if isinstance(block, Samples)
            for task in json.loads(block.index)["tasks"]
        ]
        return cls({task["name"]: frozenset(task["models"]) for task in tasks})

    def pair(self, of: Comparison | GateVerdict, mode: str = "") -> str:
        """A candidate's answers beside its baseline's; "" where the page lacks any of them."""
        told = [of.baseline, of.candidate] if of.baseline else [of.candidate]
        if not self._holds(of.task, told):
            return ""
        return link(of.task, told[0], told[1:], mode=mode)

    def confused(self, of: Confusion) -> Confusion:
        """The matrix whose counts lead to their answers, the unparsed ones to those that are."""
        if not self._holds(of.task, [of.model]):
            return of
        hrefs = tuple(
            tuple(
                link(of.task, of.model, label=right, answer=given)
                if given
                else link(of.task, of.model, label=right, mode="unparsed")
                for given in (*of.labels, "")
            )
            for right in of.labels
        )
        return replace(of, hrefs=hrefs)

    def gates(self, table: Table, gates: Iterable[GateVerdict]) -> Table:
        """The table of gates whose candidates lead to their answers."""
        rows = []
        for row, gate in zip(table.rows, gates, strict=True):
            fields = list(row.fields)
            fields[1] = replace(fields[1], href=self.pair(gate))
            rows.append(replace(row, fields=tuple(fields)))
        return replace(table, rows=tuple(rows))

    def _holds(self, task: str, models: Iterable[str]) -> bool:
        return task in self.models and self.models[task].issuperset(models)


NOWHERE = Linked()
"""A page without a browser."""
