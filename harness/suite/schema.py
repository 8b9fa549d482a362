"""What a suite file may say. The JSON Schema for editors is generated from these classes.

Every field's description is shown by editors and by `harness schema`. Names that refer to other
entries are checked in `checks.py`, with all other mistakes, before anything runs.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)

Name = Annotated[
    str,
    StringConstraints(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]*$",
        max_length=80,
    ),
]
"""Names become folders under `results/`."""

UnitInterval = Annotated[float, Field(ge=0, le=1)]


class Entry(BaseModel):
    """A part of a suite: frozen, and closed against keys that nobody reads."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Defaults(Entry):
    """Values for every task and step that does not set its own."""

    seed: int = Field(0, ge=0, description="Seed of every random choice: subsets, training.")
    limit: int | None = Field(
        None,
        ge=1,
        description="Examples asked per task: a seeded, stratified subset of the test split; "
        "a smaller limit asks a subset of a larger one. Default: the whole test split.",
    )
    timeout: float = Field(
        7200,
        gt=0,
        description="Seconds that one step (a fine-tuning, a cell) may take before it is stopped "
        "and counts as failed.",
    )


class EngineOptions(Entry):
    """How a model is run."""

    threads: int = Field(0, ge=0, description="CPU threads; 0: as many as physical cores.")
    device: str = Field("auto", description="auto, cpu, cuda, cuda:0, ….")
    context: int = Field(0, ge=0, description="Context length in tokens; 0: what is needed.")


class FineTune(Entry):
    """A parameter-efficient fine-tuning on the train split of the suite's own tasks."""

    method: Literal["lora", "qlora"] = Field(
        description="lora: adapters on the weights as they are (arXiv 2106.09685). qlora: adapters "
        "on weights in NF4 with double quantization (arXiv 2305.14314)."
    )
    tasks: list[Name] = Field(min_length=1, description="Tasks whose train split is learned.")
    rank: int = Field(16, ge=1, description="LoRA rank r.")
    alpha: float | None = Field(None, gt=0, description="LoRA alpha; default: twice the rank.")
    dropout: UnitInterval = Field(0.0, description="Dropout on the adapter's input.")
    target_modules: str | list[str] = Field(
        "all-linear", description="Modules that get an adapter, by PEFT's names."
    )
    learning_rate: float | None = Field(
        None,
        gt=0,
        description="Peak learning rate; default: 5e-4 * (2000 / hidden size) ** 0.78.",
    )
    epochs: float = Field(3.0, gt=0, description="Passes over the train examples.")
    limit: int | None = Field(None, ge=1, description="Train examples per task; default: all.")
    batch_tokens: int | None = Field(
        None, ge=16, description="Tokens per optimizer step, padding included; default: 2048."
    )
    seed: int | None = Field(None, ge=0, description="Default: the suite's seed.")


class ModelSpec(Entry):
    """A model: a source, or something made `from:` another model of the suite."""

    source: str | None = Field(
        None,
        description="`starter` (the embedded model) or a folder in Transformers format, relative "
        "to the suite file.",
    )
    from_: Name | None = Field(
        None, alias="from", description="The model of this suite that this one is made from."
    )
    finetune: FineTune | None = Field(None, description="Fine-tune the model named in `from`.")
    adapter: str | None = Field(
        None, description="A folder with a PEFT adapter, put on the model named in `from`."
    )
    gguf: str | None = Field(
        None,
        description="With `from`: the type to convert to (F16, Q8_0, Q5_K_M, Q4_K_M, …). "
        "Without: a .gguf file, relative to the suite file.",
    )
    quantize: Literal["nf4", "int8"] | None = Field(
        None, description="Quantize by bitsandbytes while loading."
    )
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = Field(
        "auto",
        description="What Transformers computes in; auto: bfloat16 on a GPU and on a processor that "
        "has it, else float32.",
    )
    chat_template: str | None = Field(
        None,
        description="`none`: ask with a plain prompt even if the model has a chat template. Only "
        "on a source: all models of a lineage get the same prompts.",
    )
    engine: EngineOptions = Field(
        default_factory=lambda: EngineOptions(), description="How it is run."
    )

    @model_validator(mode="after")
    def _one_way_to_make_it(self) -> ModelSpec:
        made = [k for k in ("finetune", "adapter", "gguf") if getattr(self, k) is not None]
        if self.source is not None:
            if self.from_ is not None or made:
                extra = ["from"] * (self.from_ is not None) + made
                raise ValueError(f"a model with `source` takes no {_names(extra)}")
        elif self.from_ is not None:
            if len(made) != 1:
                raise ValueError(
                    "a model with `from` takes exactly one of `finetune`, `adapter` and `gguf`"
                )
        elif made != ["gguf"]:
            raise ValueError(
                "a model needs a `source`, a `from` with `finetune`, `adapter` or `gguf`, "
                "or a `gguf` file"
            )
        if self.quantize is not None and self.source is None:
            raise ValueError("`quantize` belongs to a model with `source`")
        if self.chat_template is not None and self.from_ is not None:
            raise ValueError(
                "`chat_template` belongs to the source; models made from it get the same prompts"
            )
        if self.chat_template not in (None, "none"):
            raise ValueError("`chat_template` can be `none` only")
        if self.gguf is not None and self.dtype != "auto":
            raise ValueError("`dtype` is for Transformers models; a GGUF's type is in `gguf`")
        return self


def _names(keys: list[str]) -> str:
    return ", ".join(f"`{key}`" for key in keys)


class DatasetTask(Entry):
    """What tasks on a data set share."""

    dataset: str = Field(description="A data set by name; `harness doctor` lists them.")
    limit: int | None = Field(None, ge=1, description="Examples asked; default: the suite's.")
    seed: int | None = Field(None, ge=0, description="Default: the suite's.")
    shots: int = Field(0, ge=0, description="Examples of the train split shown in the prompt.")


class ClassifyTask(DatasetTask):
    """Which of the labels fits?"""

    type: Literal["classify"]
    ask: Literal["loglikelihood", "generate"] = Field(
        "loglikelihood",
        description="loglikelihood: the label that the model finds most likely. generate: let it "
        "write, and look for a label in what it wrote.",
    )
    max_new_tokens: int = Field(12, ge=1, description="For `ask: generate`.")


class SummarizeTask(DatasetTask):
    """Write a summary, greedily; graded by ROUGE."""

    type: Literal["summarize"]
    max_new_tokens: int = Field(64, ge=1, description="Tokens after which a summary is cut off.")


class DivergenceTask(DatasetTask):
    """How far are the model's next-token distributions from a reference model's?"""

    type: Literal["divergence"]
    reference: Name = Field(description="The model of this suite that is compared against.")


def _several(value: Any) -> Any:
    """One value stands for a list of itself, so that both ways of writing it mean the same."""
    return value if isinstance(value, list) else [value]


def _once(values: list[int]) -> list[int]:
    if len(set(values)) < len(values):
        raise ValueError("a value stands here twice")
    return values


def _number_or_list(least: int) -> WithJsonSchema:
    number = {"type": "integer", "minimum": least}
    several = {"type": "array", "items": number, "minItems": 1, "uniqueItems": True}
    return WithJsonSchema({"anyOf": [number, several]})


Counts = Annotated[
    list[Annotated[int, Field(ge=1)]],
    Field(min_length=1),
    AfterValidator(_once),
    BeforeValidator(_several),
    _number_or_list(1),
]
"""A number of tokens or sequences, or a list of different ones."""

Depths = Annotated[
    list[Annotated[int, Field(ge=0)]],
    Field(min_length=1),
    AfterValidator(_once),
    BeforeValidator(_several),
    _number_or_list(0),
]
"""The same, where none is a number too."""


class SpeedTask(Entry):
    """How fast are prompt processing (prefill) and generation (decode)?

    The first of each list makes the figures that stand in tables and comparisons.
    """

    type: Literal["speed"]
    prompt_tokens: Counts = Field([512], description="Tokens that a prefill reads at once.")
    new_tokens: int = Field(128, ge=2, description="Tokens that a decode writes one by one.")
    batch_sizes: Counts = Field([1], description="Sequences that are decoded side by side.")
    depths: Depths = Field(
        [0], description="Tokens that the cache holds before a prefill or a decode begins."
    )
    repetitions: int = Field(
        6, ge=2, description="Measured runs of each shape over all rounds, not counting warm-ups."
    )
    rounds: int | None = Field(
        None,
        ge=1,
        description="Processes that share the repetitions, each loading and warming up anew; "
        "models take turns, round by round. Default: 3, or `repetitions` where that is fewer.",
    )
    seed: int | None = Field(None, ge=0, description="Seed of the random prompt ids.")

    @model_validator(mode="after")
    def _a_repetition_each(self) -> SpeedTask:
        if self.rounds is not None and self.rounds > self.repetitions:
            raise ValueError("`rounds` cannot be more than `repetitions`")
        return self

    @property
    def shares(self) -> list[int]:
        """Repetitions of each round: as equal as they can be, the first ones the larger."""
        rounds = self.rounds or min(3, self.repetitions)
        return [len(range(place, self.repetitions, rounds)) for place in range(rounds)]


TaskSpec = Annotated[
    ClassifyTask | SummarizeTask | DivergenceTask | SpeedTask, Field(discriminator="type")
]


class CompareSpec(Entry):
    """A baseline and its candidates, compared on the same examples."""

    baseline: Name = Field(description="The model that the others are held against.")
    candidates: list[Name] = Field(min_length=1, description="The models that are compared to it.")
    tasks: list[Name] | None = Field(None, description="Default: every task.")


class GateSpec(Entry):
    """A limit on a comparison, judged on the interval of the paired difference."""

    compare: Name = Field(description="The comparison whose candidates are judged.")
    task: Name
    metric: str
    must: Literal["improve"] | None = Field(
        None, description="improve: the whole interval of the difference lies on the good side."
    )
    max_drop: float | None = Field(
        None,
        ge=0,
        description="The one-sided 95% bound of the loss against the baseline stays within this.",
    )
    candidates: list[Name] | None = Field(None, description="Default: all of the comparison.")

    @model_validator(mode="after")
    def _one_rule(self) -> GateSpec:
        if (self.must is None) == (self.max_drop is None):
            raise ValueError("a gate takes exactly one of `must` and `max_drop`")
        return self


class SuiteSpec(Entry):
    """A suite: models, tasks, what to compare, and the limits that must hold."""

    name: Name = Field(description="Names the folders under results/ and reports/.")
    description: str = Field("", description="A sentence for the report.")
    defaults: Defaults = Field(default_factory=lambda: Defaults())
    models: dict[Name, ModelSpec] = Field(min_length=1)
    tasks: dict[Name, TaskSpec] = Field(min_length=1)
    compare: dict[Name, CompareSpec] = Field(default_factory=dict)
    gates: list[GateSpec] = Field(default_factory=list)


def json_schema() -> dict[str, Any]:
    """The JSON Schema of a suite file (draft 2020-12), by the names that users write."""
    schema = SuiteSpec.model_json_schema(by_alias=True)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "harness suite",
        **{key: value for key, value in schema.items() if key != "title"},
    }
