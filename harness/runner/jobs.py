"""Jobs: what a worker process is given to do, as plain data, and what it says back.

A job and its events are JSON, so that another executor can send them to another machine.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from pydantic import TypeAdapter

from harness.plan.graph import Plan
from harness.plan.kinds import KINDS
from harness.plan.params import Params
from harness.plan.places import Places
from harness.plan.steps import Step
from harness.records import Failure
from harness.results.artifacts import ArtifactStore
from harness.runner.lending import Lending


@dataclass(frozen=True)
class StepJob:
    """A step, the files it reads (by role), and where it writes."""

    step: Step
    inputs: dict[str, str]
    permissions: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By role of an input: the fields of its `harness.engines.permissions.Permissions`."""
    work: str = ""
    """A folder for what is to outlive this process, to be made by whoever uses it; it goes when the
    step is done."""
    home: str = ""
    """Folder of the artifact store."""
    places: Places = field(default_factory=Places)
    """Of what the step names by its contents."""
    alike: str = ""
    """Of a cell: what its result says under this name."""
    lenders: tuple[str, ...] = ()
    """Folders of the same cell's results at other limits, whose answers may be taken over."""
    fresh: bool = False
    """Whether a server is asked although its answer is remembered."""
    replaces: str = ""
    """Of an artifact that is made anew: the make of it that does not count (`Manifest.make`)."""


@dataclass(frozen=True)
class Job:
    """Steps for one worker process, to be done in this order."""

    name: str
    steps: tuple[StepJob, ...]
    home: str
    """Folder of the artifact store."""
    results: str
    """Folder of the suite's results."""
    threads: int
    """As many as this worker may take."""
    alone: bool = False
    """Whether nothing else of ours runs meanwhile."""
    network: bool = False
    """Whether it downloads something; other workers stay off the network."""
    halvings: int = 0
    """How often batches are halved before they are run: after a worker that ran out of memory."""

    def to_json(self) -> str:
        """One line."""
        return json.dumps(asdict(self), default=Params.data)

    @classmethod
    def from_json(cls, text: str) -> Job:
        """What `to_json` wrote."""
        data = json.loads(text)
        steps = tuple(map(_step_job, data["steps"]))
        return cls(**{**data, "steps": steps})


def _step_job(data: dict[str, Any]) -> StepJob:
    given = data["step"]
    params = KINDS[given["kind"]].params.model_validate(given["params"])
    step = Step(**{**given, "params": params, "after": tuple(given["after"])})
    more = {"places": Places.from_data(data["places"]), "lenders": tuple(data["lenders"])}
    return StepJob(**{**data, "step": step, **more})


@dataclass(frozen=True)
class JobBuilder:
    """Makes jobs of the steps of a plan, with the files that each reads on this machine."""

    plan: Plan
    artifacts: ArtifactStore
    results: Path
    """Folder of the suite's results."""
    threads: int
    """Of each worker."""
    cores: int
    """Threads of a worker that runs alone."""
    lending: Lending
    fresh: Callable[[Step], bool] = lambda step: False
    """Whether a cell is asked although answers to it are remembered."""
    replaced: Mapping[str, str] = field(default_factory=dict)
    """By step key: makes of artifacts that do not count, since they are made anew."""

    def build(self, steps: tuple[Step, ...]) -> Job:
        """One job of steps that one worker does, all timed or none."""
        alone = steps[0].is_timing
        return Job(
            name=re.sub(r"[^A-Za-z0-9._-]+", "-", steps[0].group),
            steps=tuple(map(self._step_job, steps)),
            home=str(self.artifacts.home),
            results=str(self.results),
            threads=self.cores if alone else self.threads,
            alone=alone,
            network=any(step.row.network for step in steps),
        )

    def _step_job(self, step: Step) -> StepJob:
        inputs = {
            role: str(self.artifacts.file(self.plan.steps[key]).absolute())
            for role, key in step.parents.items()
        }
        allowed = {role: self.plan.permissions(key) for role, key in step.parents.items()}
        permissions = {role: given for role, given in allowed.items() if given}
        work = str(self.artifacts.work(step).absolute())
        places = self.artifacts.places.of(step)
        more: dict[str, Any] = {"replaces": self.replaced.get(step.key, "")}
        if step.kind in ("cell", "part"):
            more |= {
                "alike": self.lending.alike(step),
                "lenders": self.lending.lenders(step),
                "fresh": self.fresh(step),
            }
        return StepJob(step, inputs, permissions, work, str(self.artifacts.home), places, **more)


@dataclass(frozen=True)
class Pace:
    """How fast a cell is being answered, or a model trained: what was done since it began."""

    examples: int
    tokens: int
    """Tokens that went through the model."""
    seconds: float
    figures: dict[str, float] = field(default_factory=dict)
    """How it goes, by name: the `loss` of a fine-tuning, in nats."""


class Progress(Protocol):
    """Is told how far a step is."""

    def __call__(self, done: int, total: int, unit: str, pace: Pace | None = None) -> None:
        """`done` of `total`, counted in `unit`."""


@dataclass(frozen=True)
class Event:
    """What a worker says about a step.

    `progress` carries `done`, `total`, `unit` and perhaps `pace` (a `Pace`'s fields); `waits` carries
    `message`: for whom, "" when it goes on; `failed` carries `kind`, `message`, `hint`, and so does `died`, which
    the executor says of a step whose process did, and a worker, before it ends, of one whose own child was ended from outside.
    """

    step: str
    event: Literal["start", "progress", "waits", "done", "failed", "died"]
    data: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> str:
        """One line."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Event:
        """What `to_json` wrote.

        Raises:
            ValueError: it is no event, or lacks what one of its kind carries.
        """
        try:
            found = _EVENT.validate_json(text)
            match found.event:
                case "progress":
                    progress_of(found.data)
                case "waits":
                    str(found.data["message"])
                case "failed" | "died":
                    Failure(**found.data)
        except (KeyError, TypeError) as error:
            raise ValueError(f"no event: {error!r}") from None
        return found


_EVENT = TypeAdapter(Event)


def progress_of(data: dict[str, Any]) -> tuple[int, int, str, Pace | None]:
    """Of a `progress` event how much is done, of how much, of what, and how fast.

    Raises:
        KeyError, TypeError, ValueError: it is none.
    """
    pace = Pace(**data["pace"]) if "pace" in data else None
    return int(data["done"]), int(data["total"]), str(data["unit"]), pace
