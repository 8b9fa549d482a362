"""Jobs that another driver has left on a cluster, as the next one sees them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from threading import Lock
from types import MappingProxyType

from harness.plan.cell_params import PartParams
from harness.plan.parts import Division
from harness.plan.steps import Step
from harness.runner.jobs import Job, StepJob

ASKS = ("cell", "part")


class LeftJobs:
    """Jobs that another driver has left on the cluster, each to be taken over once."""

    def __init__(
        self, left: Mapping[str, str] = MappingProxyType({}), todo: Sequence[Step] = ()
    ) -> None:
        """Those that do something of what is to be done.

        Args:
            left: what the cluster says of them: by name the job (`Job.to_json`).
            todo: steps.
        """
        wanted = {(step.key, step.label) for step in todo}
        cells = {(step.model, step.task) for step in todo if step.kind in ASKS}
        jobs = {name: Job.from_json(text) for name, text in left.items()}
        self.others = [name for name, job in jobs.items() if _asks_otherwise(job, wanted, cells)]
        """Jobs that ask cells of these as they were to be asked before: they would write into the same folders."""
        mine = (name for name, job in jobs.items() if _does(job, wanted))
        self._jobs = {name: jobs[name] for name in mine if name not in self.others}
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._jobs)

    def take(self, steps: Sequence[StepJob]) -> tuple[str, Job] | None:
        """One that does some of the steps, which is no longer there then."""
        wanted = {(one.step.key, one.step.label) for one in steps}
        with self._lock:
            for name, job in self._jobs.items():
                if _does(job, wanted):
                    return name, self._jobs.pop(name)
        return None


def as_left(division: Division, left: Mapping[str, str]) -> Division:
    """A division whose cells are in as many parts as jobs ask them that another driver has left: what these tell is
    then of use."""
    found = dict(division)
    for step in (one.step for text in left.values() for one in Job.from_json(text).steps):
        if isinstance(step.params, PartParams):
            found[step.model, step.task] = step.params.parts
        elif step.kind == "cell":
            found.pop((step.model, step.task), None)
    return found


def _asks_otherwise(
    job: Job, wanted: AbstractSet[tuple[str, str]], cells: AbstractSet[tuple[str, str]]
) -> bool:
    asked = (one.step for one in job.steps if one.step.kind in ASKS)
    return any((s.model, s.task) in cells and (s.key, s.label) not in wanted for s in asked)


def _does(job: Job, wanted: AbstractSet[tuple[str, str]]) -> bool:
    """Whether a job does some of the steps that are named by key and label."""
    return any((one.step.key, one.step.label) in wanted for one in job.steps)
