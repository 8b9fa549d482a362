"""`--parts`: in how many parts cells are asked, here or on a cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from harness.cli.fitting import reckoned
from harness.errors import InputError
from harness.estimate.division import by_hand, worthwhile
from harness.estimate.forecast import Reckoning
from harness.executors.nodes import Need, Node, room_for
from harness.plan.parts import Division, may_be_divided
from harness.plan.steps import Step
from harness.runner.run import Options, Prepared


def division_here(
    prepared: Prepared, options: Options, reckoning: Reckoning | None = None
) -> Division:
    """Of a run on this machine, with as many workers as `--jobs` says.

    Raises:
        InputError: more parts are asked for than there are workers.
    """
    jobs, parts = options.jobs, options.parts
    if parts is not None and parts > max(1, jobs):
        raise InputError(
            f"--parts {parts}: {jobs} worker{'s' * (jobs > 1)} at a time cannot ask {parts} parts side by side",
            f"Give --jobs {parts}, too.",
        )
    if jobs == 1 or parts == 1:
        return {}
    reckoning = reckoning or reckoned(prepared)
    told = reckoning.dividing().told
    if parts is not None:
        return by_hand(prepared.to_do(), parts, told)
    return worthwhile(reckoning.times(), jobs, told)


def division_on(
    nodes: Sequence[Node],
    needs: Callable[[Step], Need],
    options: Options,
    reckoning: Reckoning,
) -> Division:
    """Of a run on a cluster, as far as its nodes have room for workers of a cell."""

    def room(step: Step) -> int:
        return room_for(needs(step), nodes)

    if options.parts == 1:
        return {}
    times, told = reckoning.times(), reckoning.dividing(room).told
    if options.parts is not None:
        return by_hand((step for step, _ in times), options.parts, told)
    workers = max((room(step) for step, _ in times if may_be_divided(step)), default=1)
    return worthwhile(times, max(1, workers), told)


def division_lines(division: Division) -> Iterator[str]:
    """What is said of it before a run."""
    if division:
        named = ", ".join(f"{model}/{task} ({count})" for (model, task), count in division.items())
        yield f"Asked in parts, side by side: {named}."
