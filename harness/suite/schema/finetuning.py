"""How a suite's model is fine-tuned."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, model_validator

from harness.finetuning import ADAPTER_SETTINGS, METHODS, Method
from harness.suite.schema.datasets import InstructionData
from harness.suite.schema.entry import Entry, Name, UnitInterval

if TYPE_CHECKING:
    MethodName = str
else:
    MethodName = Literal[tuple(METHODS)]


class FineTune(Entry):
    """A fine-tuning on the train split of the suite's tasks, or on instructions."""

    method: MethodName = Field(
        description=" ".join(f"{name}: {row.description}" for name, row in METHODS.items())
    )
    tasks: list[Name] = Field(
        default_factory=list, description="Tasks whose train split is learned."
    )
    instructions: InstructionData | None = Field(
        None,
        description="Instruction data that is learned, with or without `tasks`: a file or several, "
        "relative to the suite file (JSON, JSON lines, CSV, TSV, Parquet), or on the Hub. Rows are "
        "{instruction, input, output}, {instruction, context, response}, {prompt, completion}, "
        "{messages: [{role, content}, …]} or {conversations: [{from, value}, …]}. Rows that hold what a task tests are left out, as are those that are longer "
        "than the model's context.",
    )
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
    limit: Annotated[int, Field(ge=1)] | dict[Name, Annotated[int, Field(ge=1)]] | None = Field(
        None,
        description="Train examples per task, and rows per file of instructions, drawn by the seed; "
        "default: all. `{dialogue: 200}` limits one of the `tasks`.",
    )
    batch_tokens: int | None = Field(
        None, ge=16, description="Tokens per optimizer step, padding included; default: 2048."
    )
    warmup_ratio: UnitInterval | None = Field(
        None,
        description="Share of the optimizer steps in which the learning rate rises to its peak; "
        "default: 0.05.",
    )
    gradient_checkpointing: bool | None = Field(
        None,
        description="true: compute activations a second time in the backward pass: slower, the same "
        "figures, and far less memory.",
    )
    seed: int | None = Field(None, ge=0, description="Default: the suite's seed.")
    seeds: list[Annotated[int, Field(ge=0)]] | None = Field(
        None,
        min_length=2,
        description="In place of `seed`: the model is trained once with each of these seeds. The "
        "first is the model itself; the others show how much depends on the seed.",
    )

    @model_validator(mode="after")
    def _something_to_learn(self) -> FineTune:
        if not self.tasks and self.instructions is None:
            raise ValueError("a fine-tuning takes `tasks`, `instructions`, or both")
        return self

    @model_validator(mode="after")
    def _limits_of_what_is_learned(self) -> FineTune:
        if isinstance(self.limit, dict):
            for name in self.limit:
                if name not in self.tasks:
                    raise ValueError(f"`limit` names `{name}`, which is not among its `tasks`")
        return self

    @model_validator(mode="after")
    def _settings_of_the_method(self) -> FineTune:
        given = [key for key in ADAPTER_SETTINGS if key in self.model_fields_set]
        if given and self.row.makes != "adapter":
            raise ValueError(f"`{given[0]}` belongs to an adapter, and `{self.method}` makes none")
        return self

    @property
    def row(self) -> Method:
        """The method's row in the table of methods."""
        return METHODS[self.method]

    @model_validator(mode="after")
    def _one_kind_of_seed(self) -> FineTune:
        if self.seeds is not None and self.seed is not None:
            raise ValueError("a fine-tuning takes `seed` or `seeds`, not both")
        if self.seeds is not None and len(set(self.seeds)) < len(self.seeds):
            raise ValueError("a seed stands twice in `seeds`")
        return self
