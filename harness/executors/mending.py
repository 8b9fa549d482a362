"""What a job needed, and what was damaged in the store or gone from it, is had again within the run: put there anew by this
machine where it has it, else made again."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from threading import RLock

from harness.errors import DamagedInStoreError
from harness.executors.packing import Packer
from harness.plan.steps import Step
from harness.runner.jobs import Event, Job
from harness.runner.shared import is_shared

MOST = 2
"""Times that this is tried for a step: what is damaged each time has a cause that lasts."""


def is_damage(event: Event) -> bool:
    """Whether a step has failed since what it reads is damaged, or gone."""
    return event.event == "failed" and event.data["kind"] == DamagedInStoreError.kind


@dataclass(frozen=True)
class Mender:
    """Has what is damaged made again."""

    packer: Packer
    missing: Callable[[Iterable[str]], list[Step]]
    """Of the artifacts of some steps, what has to be done for them to be there, parents first."""
    build: Callable[[tuple[Step, ...]], Job]
    lock: RLock = field(default_factory=RLock)
    """Held by who mends, so that two jobs that lack the same have it made once; what is made again may itself lack something."""

    def jobs(self, step: Step) -> list[Job]:
        """What has to be done before a step can be begun again; what this machine has is put into the store.

        Raises:
            StoreError: the store is full, gone, or refuses.
        """
        shared, steps = self.packer.shared, self.packer.plan.steps
        shared.look_anew()
        self.packer.look_anew()
        parents = [key for key in step.parents.values() if is_shared(steps[key])]
        for key in parents:
            if shared.lacks(steps[key]):
                shared.give(steps[key])
        todo = [one for one in self.missing(parents) if not one.row.in_place]
        return [self.build((one,)) for one in todo]
