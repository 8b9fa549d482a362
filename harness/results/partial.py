"""What results lack of what their suite asks for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from harness.records import Partial, TaskSummary
from harness.suite.schema import GateSpec, SuiteSpec, type_of

COMPARABLE = ("must", "max_drop", "max_slowdown")
"""Rules of gates that hold a model against another."""


def partial_of(
    spec: SuiteSpec,
    tasks: Mapping[str, TaskSummary],
    planned: Iterable[tuple[str, str]],
    answered: Iterable[tuple[str, str]],
    limit: int | None,
) -> Partial | None:
    """What is missing; None where nothing is.

    Args:
        spec: of the suite.
        tasks: what was asked of each, as far as that is known.
        planned: model and task of all cells.
        answered: of those that have a result, be it a failure.
        limit: of `--limit`.
    """
    there = set(answered)
    missing = [cell for cell in planned if cell not in there]
    smaller = limit is not None and any(
        _asks_more(spec, name, tasks.get(name), limit) for name in spec.tasks
    )
    if not missing and not smaller:
        return None
    gates = _open_verdicts(spec, set(missing))
    return Partial(limit=limit if smaller else None, missing=missing, gates=gates)


def gate_models(spec: SuiteSpec, gate: GateSpec) -> Sequence[str]:
    """The models that a gate is about."""
    if gate.compare is None:
        return gate.models or ()
    return gate.candidates or spec.compare[gate.compare].candidates


def _asks_more(spec: SuiteSpec, name: str, found: TaskSummary | None, limit: int) -> bool:
    """Whether a suite asks for more of a task than a limit leaves."""
    task = spec.tasks[name]
    there = len(task.named) if task.named else (found.available if found else None)
    wanted = task.own_limit if task.own_limit is not None else spec.defaults.limit
    sizes = [size for size in (there, None if task.named else wanted) if size is not None]
    return (type_of(task).drawn or bool(task.named)) and (not sizes or min(sizes) > limit)


def _open_verdicts(spec: SuiteSpec, missing: set[tuple[str, str]]) -> int:
    """How many verdicts on gates need a cell that is missing."""
    count = 0
    for gate in (gate for gate in spec.gates if gate.against is None):
        paired = gate.compare is not None and gate.rule in COMPARABLE
        against = {spec.compare[gate.compare].baseline} if gate.compare and paired else set()
        for model in gate_models(spec, gate):
            count += any((needed, gate.task) in missing for needed in {model, *against})
    return count
