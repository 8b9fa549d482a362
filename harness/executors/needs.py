"""What each step of a suite needs of a node: what the suite says, else what the plan estimates."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from harness.estimate.forecast import Forecast, StepNeed
from harness.executors.nodes import Need
from harness.plan.cell_params import PartParams
from harness.plan.steps import Step
from harness.quantities import bytes_of
from harness.runner.run import Prepared
from harness.runner.threads import SMALL_MODEL_BYTES
from harness.suite.lineage import ancestry
from harness.suite.schema import Resources

WEIGHTS = ("weights", "mapped file")
"""Parts of an estimate by which a model is run on one thread, as `harness.runner.threads` decides by files."""


def needs_of(prepared: Prepared, found: Forecast) -> Callable[[Step], Need]:
    """The needs of a suite's steps, by step.

    A step that holds no model, such as one that writes prompts, needs what the suite says of all. All
    that is timed needs the same, what does for each of it: one node times all, since figures of
    different nodes could not be compared.

    Args:
        prepared: the suite.
        found: what its steps were estimated to need.
    """
    estimated = {need.key: need for model in found.models for need in model.needs}
    of_model = {name: _resources(prepared, name) for name in prepared.plan.models}
    makes: dict[str, list[str]] = {}
    for name, model in prepared.plan.models.items():
        for key in (*model.parts.values(), *model.checks):
            makes.setdefault(key, []).append(name)

    def own(step: Step) -> Need:
        names = [step.model] if step.model else makes.get(step.key, ()) if step.row.cost else ()
        given = [of_model[name] for name in names if name in of_model]
        all_given = given or [prepared.suite.spec.defaults.resources]
        of_cell = step.params.cell if isinstance(step.params, PartParams) else step.key
        first, *others = (_need(of, estimated.get(of_cell), step.params.gpus) for of in all_given)
        for other in others:
            first = first.beside(other)
        return first

    timed: list[Need] = [own(s) for s in (*prepared.plan.rounds, *prepared.cells) if s.is_timing]
    together = Need()
    for need in timed:
        together = together.beside(need)
    return lambda step: together if step.is_timing else own(step)


def _resources(prepared: Prepared, name: str) -> Resources:
    """What the suite says of a model, of those that it is made from, and of all."""
    spec = prepared.suite.spec
    found = spec.defaults.resources
    for ancestor in ancestry(spec.models, name):
        given = spec.models[ancestor].resources
        found = given.over(found) if given is not None else found
    return found


def _need(given: Resources, estimate: StepNeed | None, spread: int) -> Need:
    """What is given goes before what is estimated.

    Args:
        given: in the suite.
        estimate: of the step.
        spread: GPUs that its model is laid over; 0 where nothing says so.
    """
    resident = estimate.resident.total if estimate is not None else 0
    device = estimate.device.total if estimate is not None else 0
    weights = sum(estimate.resident.of(name) for name in WEIGHTS) if estimate is not None else 0
    small = weights < SMALL_MODEL_BYTES
    custom: Mapping[str, float] = given.custom or {}
    gpus = given.gpus if given.gpus is not None else float(max(device > 0, spread))
    cores = 1.0 if estimate is None or small or gpus else 0.0
    return Need(
        cpus=given.cpus if given.cpus is not None else cores,
        gpus=gpus,
        memory_bytes=bytes_of(given.memory) if given.memory is not None else resident,
        custom=custom,
    )
