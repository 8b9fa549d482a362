"""How a suite's model is fine-tuned."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from harness.finetuning import ADAPTER_SETTINGS, INITIALIZATIONS, METHODS, NOT_OFFERED, Method
from harness.suite.schema.datasets import InstructionData
from harness.suite.schema.entry import Entry, Name, UnitInterval

if TYPE_CHECKING:
    MethodName = str
    InitializationName = str
else:
    MethodName = Literal[tuple(METHODS)]
    InitializationName = Literal[tuple(INITIALIZATIONS)]

MOST_TRIED = 64


Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1)]
LEARNED_INSTRUCTIONS = "instructions"
"""The name in `weights` of all that `instructions` hold."""


class Search(Entry):
    """Settings that are tried against each other, on examples that are held out of the train split."""

    rank: list[Count] | None = Field(None, min_length=1, description="LoRA ranks.")
    learning_rate: list[Positive] | None = Field(
        None, min_length=1, description="Peak learning rates."
    )
    epochs: list[Positive] | None = Field(
        None, min_length=1, description="Passes over the train examples."
    )

    @model_validator(mode="after")
    def _something_to_choose(self) -> Search:
        given = [values for values in (self.rank, self.learning_rate, self.epochs) if values]
        tried = math.prod(map(len, given))
        if tried < 2:
            raise ValueError("a `search` tries at least two settings")
        if tried > MOST_TRIED:
            raise ValueError(f"a `search` tries {MOST_TRIED} settings at most, and this {tried}")
        if any(len(set(values)) < len(values) for values in given):
            raise ValueError("a value stands twice in `search`")
        return self

    @property
    def settings(self) -> list[dict[str, float]]:
        """Every value with every other, in the order in which they are tried."""
        given = self.model_dump(exclude_none=True)
        return [
            dict(zip(given, values, strict=True)) for values in itertools.product(*given.values())
        ]


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
    initialization: InitializationName | None = Field(
        None,
        description="What adapters begin with: default, gaussian, orthogonal; pissa, pissa-fast, olora begin in the base's "
        "own weights, and come out as a LoRA of twice the rank.",
    )
    modules_to_save: list[str] | None = Field(
        None,
        min_length=1,
        description="Layers that are trained whole beside the adapters, by the ends of their names, such as "
        "embed_tokens, lm_head.",
    )
    rank_pattern: dict[str, Count] | None = Field(
        None, min_length=1, description="Ranks of single layers, by the ends of their names."
    )
    alpha_pattern: dict[str, Positive] | None = Field(
        None, min_length=1, description="Alphas of single layers, by the ends of their names."
    )
    learning_rate: float | None = Field(
        None,
        gt=0,
        description="Peak learning rate; default: 5e-4 * (2000 / hidden size) ** 0.78.",
    )
    schedule: Literal["cosine", "linear", "constant"] | None = Field(
        None, description="How the learning rate falls after its peak; default: cosine."
    )
    epochs: float = Field(3.0, gt=0, description="Passes over the train examples.")
    limit: Annotated[int, Field(ge=1)] | dict[Name, Annotated[int, Field(ge=1)]] | None = Field(
        None,
        description="Train examples per task, and rows per file of instructions, drawn by the seed; "
        "default: all. `{dialogue: 200}` limits one of the `tasks`.",
    )
    weights: dict[Name, Annotated[float, Field(ge=0)]] | None = Field(
        None,
        min_length=1,
        description="How often each of the `tasks` is learned in a pass, `instructions` for all of these; default: "
        "once. `{sentiment: 2, dialogue: 0.5}`: all of one twice, half of the other, drawn anew each time.",
    )
    batch_tokens: int | None = Field(
        None, ge=16, description="Tokens per batch, padding included; default: 2048."
    )
    accumulate: Count | None = Field(
        None,
        description="Batches per optimizer step; default: 1. More take no more memory but for the gradients.",
    )
    packing: bool | None = Field(
        None,
        description="true: a batch is filled by its examples' tokens alone, without padding, and stands in one row; none attends to "
        "another, and a model that would see its neighbours is refused.",
    )
    warmup_ratio: UnitInterval | None = Field(
        None,
        description="Share of the optimizer steps in which the learning rate rises to its peak; "
        "default: 0.05.",
    )
    weight_decay: Annotated[float, Field(ge=0)] | None = Field(
        None, description="AdamW's decay of what is trained; default: 0."
    )
    max_grad_norm: Annotated[float, Field(ge=0)] | None = Field(
        None, description="Gradients are scaled down to this L2 norm; 0: never; default: 1."
    )
    optimizer: Literal["auto", "adamw", "paged_adamw", "paged_adamw_8bit"] | None = Field(
        None,
        description="paged: its state goes to the machine's memory where a GPU's is full. auto (default): "
        "paged_adamw for qlora on a GPU, else adamw.",
    )
    dtype: Literal["auto", "float32", "bfloat16"] | None = Field(
        None,
        description="Of the matrix products; auto (default): bfloat16 where the machine has it. What is trained is "
        "always float32.",
    )
    validation: Annotated[float, Field(ge=0)] | None = Field(
        None,
        description="Train examples that are held out to tell how training goes, and whose loss decides which "
        "weights are kept: a share below 1, or how many; 0: none. Default: 0.05, 200 at most, none below 16.",
    )
    validations: Positive | None = Field(
        None, description="How often they are asked in a pass over the train examples; default: 2."
    )
    early_stopping: Count | None = Field(
        None,
        description="Training ends once their loss has not fallen this many times in a row; default: never.",
    )
    search: Search | None = Field(
        None,
        description="Settings to be tried, every one with every other; what has the lowest loss on the examples "
        "that are held out is taken: `{rank: [8, 32], learning_rate: [1e-4, 1e-3]}`.",
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
        max_length=100,
        description="In place of `seed`: the model is trained once with each of these seeds. The "
        "first is the model itself; the others show how much depends on the seed.",
    )

    @field_validator("initialization", mode="before")
    @classmethod
    def _one_that_is_offered(cls, given: Any) -> Any:
        why = NOT_OFFERED.get(str(given).lower().replace("-", "_"))
        if why is not None:
            raise ValueError(f"`{given}` is not offered: it {why}")
        return given

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
    def _weights_of_what_is_learned(self) -> FineTune:
        known = {*self.tasks, *([LEARNED_INSTRUCTIONS] if self.instructions is not None else [])}
        for name in self.weights or {}:
            if name not in known:
                raise ValueError(f"`weights` names `{name}`, which is nothing that it learns")
        if self.weights and not any(self.weights.get(name, 1) for name in known):
            raise ValueError("with these `weights` nothing is learned")
        return self

    @model_validator(mode="after")
    def _settings_of_the_method(self) -> FineTune:
        given = [key for key in ADAPTER_SETTINGS if key in self.model_fields_set]
        if self.search is not None and self.search.rank is not None:
            given.append("search: rank")
        if given and self.row.makes != "adapter":
            raise ValueError(f"`{given[0]}` belongs to an adapter, and `{self.method}` makes none")
        if self.row.quantized and INITIALIZATIONS[self.initialization or "default"][1]:
            raise ValueError(
                f"`initialization: {self.initialization}` changes the base's weights, which `{self.method}` keeps in "
                "few bits; take gaussian or orthogonal"
            )
        return self

    @model_validator(mode="after")
    def _something_to_look_at(self) -> FineTune:
        if self.validation == 0:
            for key in ("early_stopping", "search", "validations"):
                if getattr(self, key) is not None:
                    raise ValueError(
                        f"`{key}` looks at held-out examples, and `validation: 0` holds out none"
                    )
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
