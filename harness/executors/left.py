"""Jobs that another driver has left on a cluster, as the next one sees them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from threading import Lock
from types import MappingProxyType

from harness.plan.steps import Step
from harness.runner.jobs import Job, StepJob


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
        jobs = {name: Job.from_json(text) for name, text in left.items()}
        self._jobs = {name: job for name, job in jobs.items() if _does(job, wanted)}
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


def _does(job: Job, wanted: AbstractSet[tuple[str, str]]) -> bool:
    """Whether a job does some of the steps that are named by key and label."""
    return any((one.step.key, one.step.label) in wanted for one in job.steps)
