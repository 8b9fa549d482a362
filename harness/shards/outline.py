"""What a shard notes beside its results: its suite's plan, as far as a summary follows from it.

So shards are merged where neither models nor data are, by the same code that summarizes a suite that was not divided.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, StringConstraints, ValidationError, model_validator

from harness.files import is_file_name
from harness.plan.cell_params import LoadOptions
from harness.plan.graph import ModelPlan, Plan, Precision
from harness.plan.kinds import KINDS, Kind
from harness.plan.params import CheckParams, Params, PromptsParams
from harness.plan.steps import Step
from harness.records import DataReading, LineageStep, Permission
from harness.records.base import Record
from harness.records.shards import NOTE, Shard
from harness.runner.machine import describe_machine, describe_software
from harness.runner.run import Prepared
from harness.runner.task_summary import DataFacts, described
from harness.sealed import ChangedError, read_sealed, write_sealed
from harness.suite.reader import Suite
from harness.suite.schema import SuiteSpec


def _name(text: str) -> str:
    if not is_file_name(text):
        raise ValueError(f"{text[:80]!r} is no name that can be part of a path")
    return text


Name = Annotated[str, AfterValidator(_name)]
Key = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class Division(Record):
    """Which shard has which cells."""

    key: str
    """Of the plan (`harness.runner.summarize.plan_key`)."""
    shards: list[list[tuple[Name, Name]]] = Field(min_length=1)
    """Model and task of the cells of each, in the plan's order."""


class OutlinedStep(Record):
    """A step whose findings a summary shows."""

    kind: Kind
    label: str
    parents: dict[str, str]
    params: dict[str, Any] = Field(default_factory=dict)
    """Where findings are read by them."""


class OutlinedModel(Record):
    """A `ModelPlan`, without what runs it."""

    root: str
    lineage: list[LineageStep]
    engine: Literal["hf", "llamacpp", "endpoint"]
    key: str
    synthetic: bool
    permissions: list[Permission]
    replica_of: str
    training: str
    parity: str
    merge_parity: str
    checks: list[str]


class Outline(Record):
    """A shard, and the suite that it is a part of."""

    shard: Shard
    division: Division
    file: str
    """The suite's file, by its name."""
    text: str
    spec: dict[str, Any]
    added: list[str]
    """Tasks that the suite does not name."""
    limit: int | None
    machine: dict[str, Any]
    software: dict[str, str]
    cells: list[tuple[Name, Name, Key]]
    """Of the whole plan, in its order: model, task, key."""
    steps: dict[Key, OutlinedStep]
    models: dict[Name, OutlinedModel]
    prompts: list[tuple[str, str, Key]]
    """Task, root model, key of the step."""
    floors: dict[str, Key]
    precision: dict[str, tuple[str, str]]
    """By task: key of the step, or the reason why there is none."""
    readings: dict[str, DataReading]
    data: dict[str, DataFacts]
    """What is told of data sets, by the hash of their contents."""

    @model_validator(mode="after")
    def _hangs_together(self) -> Outline:
        """Every step, model and data set that is named is there: another's note may say anything."""
        named = [key for _, _, key in self.prompts] + list(self.floors.values())
        named += [step for step, _ in self.precision.values() if step]
        for of in self.models.values():
            named += [*of.checks, *(k for k in (of.training, of.parity, of.merge_parity) if k)]
            if of.training and of.training in self.steps:
                named.append(self.steps[of.training].parents.get("examples", "examples"))
        asked = (self.steps[key].params for _, _, key in self.prompts if key in self.steps)
        contents = {str(of["contents"]) for of in asked if of.get("contents")}
        known, tasks = _names(self.spec, "models"), {task for _, task, _ in self.cells}
        models = {model for model, _, _ in self.cells} | known
        for noun, lacks in (
            ("step", set(named) - set(self.steps)),
            ("data set", contents - set(self.data)),
            ("model", models - set(self.models)),
            ("model", set(self.models) - known),
            ("task", tasks - _names(self.spec, "tasks")),
        ):
            if lacks:
                raise ValueError(f"a {noun} is named that is not there: {min(lacks)[:80]!r}")
        return self

    def suite(self) -> Suite:
        """The suite, as it was understood. Raises ValidationError."""
        spec = SuiteSpec.model_validate(self.spec)
        spec.note_added(self.added)
        return Suite(spec, Path(self.file), self.text)

    def describe(self, contents: str) -> DataFacts:
        """What is known of a data set."""
        return self.data[contents]

    def plan(self) -> Plan:
        """The plan, as far as a summary asks of it: cells by their names and keys alone."""
        return Plan(
            steps={key: _step(key, of) for key, of in self.steps.items()},
            models={name: _model(name, of) for name, of in self.models.items()},
            cells=tuple(
                Step(key, "cell", "", Params(), {}, model=model, task=task)
                for model, task, key in self.cells
            ),
            rounds=(),
            prompts={(task, root): key for task, root, key in self.prompts},
            floors=dict(self.floors),
            precision={task: Precision(*of) for task, of in self.precision.items()},
            readings=dict(self.readings),
        )


def _names(spec: Mapping[str, Any], kind: str) -> set[str]:
    found = spec.get(kind)
    return set(found) if isinstance(found, dict) else set()


def _step(key: str, of: OutlinedStep) -> Step:
    params = KINDS[of.kind].params.model_validate(of.params) if of.params else Params()
    return Step(key, of.kind, of.label, params, of.parents)


def _model(name: str, of: OutlinedModel) -> ModelPlan:
    """Of its parts stands only what its key is."""
    return ModelPlan(
        name=name,
        root=of.root,
        lineage=tuple(of.lineage),
        engine=of.engine,
        parts={"files": of.key},
        options=LoadOptions(),
        synthetic=of.synthetic,
        permissions=tuple(of.permissions),
        replica_of=of.replica_of,
        training=of.training,
        parity=of.parity,
        merge_parity=of.merge_parity,
        checks=tuple(of.checks),
    )


def outline_of(prepared: Prepared, shard: Shard, division: Division) -> Outline:
    """What a shard of a suite notes."""
    plan, suite = prepared.plan, prepared.suite
    describe = described(prepared.artifacts.places)
    asked = [plan.steps[key].params for key in plan.prompts.values()]
    named = {of.contents for of in asked if isinstance(of, PromptsParams) and of.contents}
    return Outline(
        shard=shard,
        division=division,
        file=suite.file.name,
        text=suite.text,
        spec=suite.spec.model_dump(mode="json", by_alias=True, exclude_none=True),
        added=sorted(suite.spec.added),
        limit=prepared.limit,
        machine=describe_machine(),
        software=describe_software(),
        cells=[(cell.model, cell.task, cell.key) for cell in plan.cells],
        steps={key: _outlined(step) for key, step in plan.steps.items()},
        models={name: _outlined_model(of) for name, of in plan.models.items()},
        prompts=[(task, root, key) for (task, root), key in plan.prompts.items()],
        floors=plan.floors,
        precision={task: (of.step, of.reason) for task, of in plan.precision.items()},
        readings=plan.readings,
        data={contents: describe(contents) for contents in sorted(named)},
    )


def _outlined(step: Step) -> OutlinedStep:
    read = isinstance(step.params, PromptsParams | CheckParams)
    params = step.params.model_dump(mode="json", exclude_unset=True) if read else {}
    return OutlinedStep(kind=step.kind, label=step.label, parents=step.parents, params=params)


def _outlined_model(of: ModelPlan) -> OutlinedModel:
    return OutlinedModel(
        root=of.root,
        lineage=list(of.lineage),
        engine=of.engine,
        key=of.key,
        synthetic=of.synthetic,
        permissions=list(of.permissions),
        replica_of=of.replica_of,
        training=of.training,
        parity=of.parity,
        merge_parity=of.merge_parity,
        checks=list(of.checks),
    )


def write_outline(folder: Path, outline: Outline) -> None:
    """Writes it beside a shard's results."""
    write_sealed(folder / NOTE, outline.model_dump(mode="json", by_alias=True))


def read_outline(folder: Path) -> Outline:
    """What a shard has noted.

    Raises:
        FileNotFoundError: nothing.
        ChangedError: it is not what was written.
    """
    data = read_sealed(folder / NOTE).data
    try:
        return Outline.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise ChangedError(f"is no shard of this version: {place}: {first['msg']}") from None


def read_division(folder: Path) -> Division | None:
    """How a shard's suite was divided; None where that is missing or damaged."""
    try:
        data: Mapping[str, Any] = read_sealed(folder / NOTE).data
        return Division.model_validate(data.get("division"))
    except (OSError, ChangedError, ValidationError):
        return None
