"""`summary.json`: all that a report or a gate needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, ConfigDict, Field

from harness.records.base import Record, Value
from harness.records.cells import Cell
from harness.records.comparisons import Comparison, GateVerdict
from harness.records.costs import Cost, Spent
from harness.records.forgetting import Forgetting
from harness.records.metrics import MetricDescriptor
from harness.records.models import Check, ModelSummary
from harness.records.readings import DataReading, TooLong
from harness.records.shards import Shard
from harness.records.votes import VotesSummary
from harness.suite.schema import TASK_TYPES

SUMMARY_SCHEMA: Final = "harness-summary/2"
LIMITED: Final = "@limit-"
"""What stands between a suite's name, which holds no @, and a limit of the command line."""


def _known_type(name: str) -> str:
    if name not in TASK_TYPES:
        raise ValueError(f"`{name}` is no type of task; there are {', '.join(TASK_TYPES)}")
    return name


class TaskSummary(Record):
    """A task of the suite, and what a reader needs to judge its figures."""

    type: Annotated[str, AfterValidator(_known_type)]
    description: str
    dataset: str | None = None
    """The data set, or the text file of a divergence task."""
    n: int | None = None
    available: int | None = None
    seed: int | None = None
    shots: int = 0
    reference: str | None = None
    prompts: dict[str, str] = Field(default_factory=dict)
    """Prompt hash by lineage (the root model's name)."""
    floors: dict[str, dict[str, Value]] = Field(default_factory=dict)
    """What figures are held against: {"majority": {"accuracy": …}, "tfidf": …, "lead": …}, which
    need no language model; of a divergence {"16-bit": {"kl_mean": …}}, what 16 bits alone change in
    the reference."""
    example_prompt: str = ""
    settings: dict[str, Any] = Field(default_factory=dict)
    synthetic: bool = False
    labels: list[str] = Field(default_factory=list)
    notes: list[str] = Field(default_factory=list)
    """What a reader must know of how it was asked: where a system message went, thoughts."""
    reading: DataReading | None = None
    """What was read of its data, and left out; None where it is on none, or an older version looked."""
    unknown_tokens: dict[str, float] = Field(default_factory=dict)
    """By root model, the share of the prompts' tokens that its tokenizer does not know; none where it
    knows them all."""
    too_long: TooLong | None = None
    """Examples that were left out for their length, where the suite says so."""
    metrics: dict[str, MetricDescriptor] = Field(default_factory=dict)
    """All metrics of the task, those of its type and the suite's own; the first is the headline."""
    asked: dict[str, str] = Field(default_factory=dict)
    """The prompts of a `write` task by id."""
    licence: str = ""
    """Of the data set; "" where it has none, or an older version looked."""
    added: bool = False
    """Whether the suite does not name it: it was added to show what a fine-tuning broke."""
    citation: str = ""
    """Whom the data set is owed to."""

    def metric(self, name: str) -> MetricDescriptor:
        """What is known of a metric; one that nobody describes is called by its name."""
        if name in self.metrics:
            return self.metrics[name]
        explanation = "A metric that nothing more is known of."
        return MetricDescriptor(name=name, label=name, kind="mean", explanation=explanation)


class Partial(Record):
    """What results lack of what their suite asks for."""

    limit: int | None = None
    """Examples per task that `--limit` set, where the suite asks for more of any."""
    missing: list[tuple[str, str]] = Field(default_factory=list)
    """Model and task of cells that have not been asked, as `--only` leaves them."""
    gates: int = 0
    """Verdicts on gates that wait for these cells."""


def results_name(suite: str, limit: int | None = None, shard: Shard | None = None) -> str:
    """The folder of a suite's results, and of its report, below that of all.

    Args:
        suite: its name.
        limit: of `--limit`, where that asks otherwise than the suite; its results stand apart.
        shard: of `--shard`; those of each stand apart until they are merged.
    """
    whole = suite if limit is None else f"{suite}{LIMITED}{limit}"
    return whole if shard is None else f"{whole}{shard.ending}"


@dataclass(frozen=True)
class _Places:
    """The cells of a summary by where they stand: reports of ten thousand look each up many times."""

    of: list[Cell]
    costs_of: list[Cost]
    cells: Mapping[tuple[str, str], Cell]
    tasks: Mapping[str, Sequence[Cell]]
    costs: Mapping[tuple[str, str], Cost]


class Summary(Record):
    """`summary.json`: all that a report or a gate needs."""

    model_config = ConfigDict(defer_build=True, populate_by_name=True)

    schema_: Literal["harness-summary/2"] = Field(default=SUMMARY_SCHEMA, alias="schema")
    suite: dict[str, Any]
    """name, file, sha256, text, key (the plan's), defaults, spec (the suite as it was understood)."""
    created: str
    confidence: float = 0.95
    seconds: float = 0.0
    machine: dict[str, Any]
    software: dict[str, str]
    models: dict[str, ModelSummary]
    tasks: dict[str, TaskSummary]
    cells: list[Cell]
    comparisons: list[Comparison]
    gates: list[GateVerdict]
    forgetting: list[Forgetting] = Field(default_factory=list)
    """What each fine-tuning gained and lost; none where nothing was fine-tuned, or an older version looked."""
    costs: list[Cost] = Field(default_factory=list)
    """Of cells that answered."""
    spent: list[Spent] = Field(default_factory=list)
    """By model and currency; none where nothing was to be paid."""
    checks: list[Check] = Field(default_factory=list)
    commands: list[str] = Field(default_factory=list)
    limit: int | None = None
    """Examples per task that `--limit` set in place of the suite's own limits."""
    partial: Partial | None = None
    """What is missing; None where these are the results of the whole suite."""
    shard: Shard | None = None
    """Which part of the suite these results are, before they are merged with the others; None of a whole one."""
    votes: VotesSummary | None = None
    """What people preferred who saw answers side by side; None where nobody voted."""

    unproven: str = Field(default="", exclude=True)
    """What speaks against it, as who has read it found; "" where nothing does. It is written nowhere."""

    def machine_of(self, cell: Cell) -> Mapping[str, Any]:
        """The machine that a cell was timed on, which need not be the one where the command was given."""
        return cell.machine or self.machine

    def cell(self, model: str, task: str) -> Cell | None:
        """The cell of a model and a task; None where it was not asked."""
        return self._by_place.cells.get((model, task))

    def cost(self, model: str, task: str) -> Cost | None:
        """What is known of the cost of a cell."""
        return self._by_place.costs.get((model, task))

    def cells_of(self, task: str) -> Sequence[Cell]:
        """The cells of a task, in order."""
        return self._by_place.tasks.get(task, ())

    @property
    def _by_place(self) -> _Places:
        # A copy of a summary takes along what was cached, and may have other cells.
        if self._places.of is not self.cells or self._places.costs_of is not self.costs:
            del self.__dict__["_places"]
        return self._places

    @cached_property
    def _places(self) -> _Places:
        tasks: dict[str, list[Cell]] = {}
        cells: dict[tuple[str, str], Cell] = {}
        for cell in self.cells:
            tasks.setdefault(cell.task, []).append(cell)
            cells.setdefault((cell.model, cell.task), cell)
        costs = {(of.model, of.task): of for of in reversed(self.costs)}
        return _Places(self.cells, self.costs, cells, tasks, costs)

    def timed_on(self, model: str, task: str) -> Mapping[str, Any]:
        """The machine that a model was timed on; the whole's where it was not."""
        cell = self.cell(model, task)
        return self.machine if cell is None else self.machine_of(cell)

    @property
    def place(self) -> str:
        """The folder of these results, and of their report, below that of all."""
        return results_name(str(self.suite["name"]), self.limit, self.shard)
