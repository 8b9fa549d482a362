"""How long steps take on no machine in particular: what all shards of a suite reckon alike.

The plan's own estimates look at this machine and at what was measured and made here before. Shards may lie on unlike
machines, and begin while others have made a part: they must all come to the same division.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache

from harness.estimate.facts import Facts, UnknownError
from harness.estimate.machine import Free, Machine
from harness.estimate.steps import Needs
from harness.estimate.whole import making_seconds
from harness.plan.cell_params import CellParams
from harness.plan.steps import Step
from harness.results.artifacts import ArtifactStore, Manifest
from harness.runner.run import Prepared

NOWHERE = Machine(
    Free(1 << 50, 1 << 40, operations_per_second=1e12, read_bytes_per_second=1e11), cores=8
)
"""A machine with room for everything."""
SERVED_SECONDS = 1.0
"""That a server takes for an answer."""
UNKNOWN_SECONDS = 60.0
"""Of a step of which nothing is known."""
LEAST_SECONDS = 1.0
"""Of any step."""


def weigh_on(prepared: Prepared, may_ask: bool) -> Callable[[Step], float]:
    """Gives the seconds of a suite's steps, rounded to what sums of other order give, too.

    Args:
        prepared: the suite.
        may_ask: whether the Hub may be asked about models that are not here.
    """
    untouched = _Untouched(prepared.artifacts.home, prepared.artifacts.places)
    facts = Facts(replace(prepared, artifacts=untouched), NOWHERE, may_ask)
    needs = Needs(facts)

    @cache
    def seconds(key: str, model: str, task: str) -> float:
        try:
            found = _seconds(steps[key, model, task], facts, needs)
        except UnknownError:
            found = UNKNOWN_SECONDS
        return float(f"{max(LEAST_SECONDS, found):.4g}")

    plan = prepared.plan
    every = (*plan.steps.values(), *plan.rounds, *plan.cells)
    steps = {(step.key, step.model, step.task): step for step in every}
    return lambda step: seconds(step.key, step.model, step.task)


def _seconds(step: Step, facts: Facts, needs: Needs) -> float:
    if isinstance(step.params, CellParams) and step.params.endpoint is not None:
        connection = step.params.connection
        at_once = connection.concurrency if connection is not None else 1
        return SERVED_SECONDS * facts.asked(step.parents["prompts"]).prompts / at_once
    work = needs.work(step)
    if work is None:
        return making_seconds(step, needs)
    return work.seconds(NOWHERE.free) or 0.0


class _Untouched(ArtifactStore):
    """An artifact store in which nothing was made yet but the sources that all begin with."""

    def manifest(self, step: Step, *, thoroughly: bool = False) -> Manifest | None:
        """Of what was fetched or drawn alone."""
        return super().manifest(step, thoroughly=thoroughly) if step.row.begins else None
