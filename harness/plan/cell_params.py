"""What steps are given that ask models and grade their answers."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PlainSerializer

from harness.plan.params import Params
from harness.suite.metrics import MetricRef
from harness.suite.schema import TASK_TYPES, EngineOptions, Entry, Scoring, TaskSpec, task_of

DOCUMENTS = ("dataset", "agreement", "data_dir", "text", "window", "prompts")
"""Keys that say what a task reads: its prompts hold it."""
PUT = ("too_long", "limit", "seed", "shots", "shots_as", "system", "prompt", "score", "stop")
"""Keys that say how much of it is asked, in which words, and where answers end: its prompts hold that,
too."""
WHOM = ("models", "in_process")
"""Keys that say which models are asked it, or held against it."""
GRADING = ("metrics",)
"""Keys that change no answer."""


def asked_part(task: TaskSpec) -> dict[str, Any]:
    """What a cell holds of its task; where answers are graded, the name of the data set, too."""
    of = TASK_TYPES[task.type]
    held = {"dataset"} if of.graded else set()
    left_out = {*DOCUMENTS, *PUT, *WHOM, *GRADING, *of.stand_ins} - held
    return task.model_dump(exclude=left_out)


def _whole(task: Any) -> Any:
    return task_of(task) if isinstance(task, Mapping) else task


AskedPart = Annotated[TaskSpec, BeforeValidator(_whole), PlainSerializer(asked_part)]
"""A task as its cells have it: what its prompts hold is left out, and stand-ins are in its place."""


class LoadOptions(EngineOptions):
    """How an engine loads a model."""

    quantize: Literal["nf4", "int8"] | None = None
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"


class Served(Entry):
    """A model that a server runs."""

    url: str
    model: str
    api: Literal["chat", "completions"]
    says: str
    """Hash of what the server says of the model and of itself; "" where it was never asked."""
    scoring: Scoring = "auto"
    """How choices may be told; given where the suite does."""

    @property
    def key(self) -> str:
        """Another for another model, as far as the server tells."""
        text = self.model_dump_json(exclude_unset=True)
        return hashlib.sha256(text.encode()).hexdigest()


class Spend(Entry):
    """What a served model costs, and how much may be spent: amounts as texts, which are exact."""

    account: str
    """Name of the ledger that all models of the suite are in, whatever is asked and however often."""
    model: str
    """As the suite names it."""
    currency: str
    input: str
    output: str
    cached_input: str | None
    limits: dict[str, str]
    """In that currency, by model; that of the suite under ""."""


class Connection(Entry):
    """How a server is asked, which changes no answer."""

    key: str = ""
    """The environment variable that holds the API key."""
    concurrency: int
    timeout: float
    retries: int
    patience: float
    spend: Spend | None = None
    """None where nobody says what it costs."""
    authorities: str = ""
    """Certificates (PEM) of authorities that are trusted beside the system's."""


class Serving(Entry):
    """A server that is started for a model, as far as answers may depend on it."""

    server: str
    """Its name; `command` of the suite's own."""
    api: Literal["chat", "completions"]
    command: str = ""
    model: str = ""
    """What a command calls the model; "" where it lists one alone."""
    arguments: tuple[str, ...] = ()
    environment: dict[str, str] = Field(default_factory=dict)
    version: str = ""
    """What is installed of it; "" where that is not known."""
    scoring: Scoring = "auto"
    """How choices may be told; given where the suite does."""
    tensor_parallel: int = 0
    pipeline_parallel: int = 0
    """Of vLLM; 0 where the suite does not say. Sums over GPUs come in another order, and times differ."""

    @property
    def gpus(self) -> int:
        """GPUs that the server is told to share a model among; 0 where the suite does not say."""
        said = self.tensor_parallel or self.pipeline_parallel
        return max(1, self.tensor_parallel) * max(1, self.pipeline_parallel) if said else 0


class Starting(Entry):
    """Where a server is found and how it is started, which changes no answer."""

    ready: str = ""
    base: str = "/v1"
    python: str = ""
    executable: str = ""
    folder: str = ""
    """Of the suite, where a command is run."""
    first_port: int = 0
    last_port: int = 0
    start_timeout: float


class GradedBy(Entry):
    """A metric that a task names."""

    names: tuple[str, ...]
    figures: tuple[str | None, ...]
    config: str | None
    args: dict[str, Any]
    code: str
    """SHA-256 of its code and of what that needs."""


class CellParams(Params):
    """A model's answers to a task, and their figures."""

    ASIDE = frozenset({"answers", "refs", "cell", "round", "connection", "starting"})

    task: AskedPart
    options: LoadOptions
    seed: int
    endpoint: Served | None = None
    """Where a served model answers; None of one that is run here."""
    connection: Connection | None = None
    serving: Serving | None = None
    """The server that is started for the model's files; None where they are run in process."""
    starting: Starting | None = None
    reference_options: LoadOptions | None = None
    """Of the model that this one is held against."""
    metrics: tuple[GradedBy, ...] = ()
    refs: tuple[MetricRef, ...] = ()
    """The same metrics, each as the suite names it."""
    answers: str = ""
    """The key that the answers carry; "" where it is the cell's own."""
    cell: str = ""
    """Of what is timed: key of the cell whose round this is; the last round is the cell itself."""
    round: int = 0
    """Its number, from 1; 0 of what is not timed."""

    @property
    def gpus(self) -> int:
        """GPUs that the model is laid over, as far as the suite says; else 0."""
        if self.options.device == "cpu":
            return 0
        served = self.serving.gpus if self.serving is not None else 0
        of = (self.options, self.reference_options or self.options)
        return served or max(options.gpus for options in of)

    @property
    def timed(self) -> bool:
        return TASK_TYPES[self.task.type].timed


class RoundParams(CellParams):
    """A round of a timed cell, which is of that model and task alone."""

    ASIDE = CellParams.ASIDE - {"round"}

    of: tuple[str, str]
    """Model and task."""


class PartParams(CellParams):
    """A part of a cell that several workers ask: some of its prompts."""

    of: tuple[str, str]
    """Model and task."""
    part: int
    """Counted from 1."""
    parts: int


class PrecisionParams(Params):
    """How a reference is loaded twice, to see what 16 bits alone change."""

    exact: LoadOptions
    sixteen: LoadOptions
    seed: int

    @property
    def gpus(self) -> int:
        """As of `CellParams`."""
        return max(self.exact.gpus, self.sixteen.gpus)
