"""From a suite to its graph of steps: pure, from names and fingerprints alone.

source → finetune → merge → convert → quantize          artifacts
source → prompts, examples;  floors                      what is asked and learned
(artifact, prompts) → cell                               what is answered
(reference, prompts) → precision                         what 16 bits alone change in it
artifact → round → … → round → cell                      what is timed, the models in turn
"""

from __future__ import annotations

from harness.plan.cells import CellSteps
from harness.plan.graph import Plan
from harness.plan.resolved import Resolved
from harness.plan.rounds import in_turn, rounds_of
from harness.suite.lineage import root_of
from harness.suite.reader import Suite
from harness.suite.schema import type_of


def make_plan(suite: Suite, resolved: Resolved, limit: int | None = None) -> Plan:
    """The plan of a suite.

    Args:
        suite: checked.
        resolved: what its names stand for.
        limit: examples per task, in place of the suite's own limits.
    """
    builder = CellSteps(suite, resolved, limit)
    tasks, models = suite.spec.tasks, suite.spec.models
    roots = list(dict.fromkeys(root_of(models, name) for name in models))
    for root in roots:
        of_root = [name for name in models if root_of(models, name) == root]
        for name, task in tasks.items():
            reference = task.held_against
            other = reference is not None and root_of(models, reference) != root
            if type_of(task).asked and not other and any(map(task.asks, of_root)):
                builder.ask(name, task, root)
        builder.check_prompts(root)
    floors = {
        name: builder.floor(name, task) for name, task in tasks.items() if type_of(task).has_floors
    }
    builder.models.update({name: builder.model(name) for name in models})
    precision = {
        name: found
        for name, task in tasks.items()
        if (found := builder.precision(name, task)) is not None
    }
    # What loads a second model comes last in a worker.
    order = sorted(tasks, key=lambda name: type_of(tasks[name]).has_reference)
    cells = [
        cell
        for model in builder.models.values()
        for name in order
        if (cell := builder.cell(model, name)) is not None
    ]
    asked = [cell for cell in cells if not cell.is_timing]
    rounds = [rounds_of(cell, len(tasks[cell.task].shares)) for cell in cells if cell.is_timing]
    return Plan(
        builder.steps,
        builder.models,
        (*asked, *(steps[-1] for steps in rounds)),
        in_turn([steps[:-1] for steps in rounds]),
        builder.prompts,
        floors,
        precision,
        {name: one.reading for name, one in resolved.data.items() if one.reading is not None},
        {
            name: tuple(one.reading for one in parts if one.reading is not None)
            for name, parts in resolved.instructions.items()
        },
    )
