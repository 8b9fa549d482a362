"""What steps are given: a record for each kind, which travels to workers and is hashed into the key.

Only what was given is in the data of a record: a field that the plan leaves out is no part of the key,
so that a new field leaves the keys of older steps as they are. Files, data and code stand here by the
SHA-256 of their contents; `harness.plan.places` says where they lie.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from harness.suite.schema import AskedOf, Entry, Put, Score, Search


class Params(Entry):
    """What a step is given."""

    ASIDE: ClassVar[frozenset[str]] = frozenset()
    """Fields that say how it is done or judged, change nothing of what comes out, and are no part of the
    key."""

    def data(self) -> dict[str, Any]:
        """All that was given, as plain data."""
        return self.model_dump(exclude_unset=True)

    def identity(self) -> dict[str, Any]:
        """What of it is in the key."""
        return self.model_dump(exclude_unset=True, exclude=set(self.ASIDE))

    @property
    def gpus(self) -> int:
        """GPUs that one model is laid over, as far as the suite says; else 0."""
        return 0

    @property
    def timed(self) -> bool:
        """Whether a task is asked that measures time."""
        return False


class FilesParams(Params):
    """Files that nobody made here, and what the suite allows of them."""

    ASIDE = frozenset({"model"})

    what: Literal["weights", "adapter", "gguf", "metric"]
    code: bool = False
    """Whether Python files that come with them may be run."""
    pickle: bool = False
    """Whether weights may be read from a pickle."""
    model: str = ""
    """The entry of the suite that names them."""

    @property
    def permissions(self) -> dict[str, Any]:
        """The fields of their `harness.engines.permissions.Permissions`."""
        return {"model": self.model, "code": self.code, "pickle": self.pickle}


class SourceParams(FilesParams):
    """Files of this machine."""

    contents: str


class FetchParams(FilesParams):
    """Files on the Hub."""

    repo: str
    file: str
    """`org/repo/path` of a GGUF; "" for a whole repo."""
    commit: str
    """"" where nobody could say yet what `revision` stands for."""
    revision: str = ""


class RandomParams(Params):
    """Weights to be drawn."""

    architecture: str
    changed: dict[str, Any]
    """Keys of `config.json` that the suite sets."""
    seed: int


class Chat(Entry):
    """What a suite says of a lineage's chat template."""

    template: str | None = None
    """Contents of a template in place of the model's own."""
    options: dict[str, str | bool | int | float] | None = None
    """Variables that the template reads."""
    thinking: bool | None = None


class Fit(Entry):
    """A lineage whose models are asked the same examples, and the context that they have."""

    role: str
    """Of its tokenizer among the parents."""
    plain: bool = False
    chat: Chat | None = None
    context: int = 0
    """Tokens that the suite sets; 0 leaves it to the model."""


class PromptsParams(Params, Put):
    """What a task asks: examples of a data set, a text in windows, or prompts of the user's own."""

    ASIDE = frozenset({"fit_names", "mismatch"})

    limit: int | None = None
    seed: int = 0
    dataset: str = ""
    """The data set's name, as reports show it."""
    contents: str = ""
    """Of the data set; "" where the task is on none."""
    shots: int = 0
    text: str = ""
    """Contents of a text that is read in windows."""
    window: int = 0
    """Tokens of each window; 0 where no text is read."""
    prompts: tuple[tuple[str, str], ...] = ()
    """Ids and texts of prompts of the user's own, or of built-in ones."""
    passages: bool = False
    """Whether `prompts` are texts that are read as they stand, and not answered."""
    asked_of: AskedOf = ""
    """Which lineages they are for; of another one nothing is asked."""
    available: int = 0
    """How many prompts of the user's own there are, of which `prompts` may be the first few."""
    plain: bool = False
    """Whether no chat template is used."""
    chat: Chat | None = None
    served: bool = False
    """Whether a server is asked, whose template and tokens nobody knows here."""
    fits: tuple[Fit, ...] = ()
    """Where examples are left out that are too long: for whom."""
    fit_names: tuple[str, ...] = ()
    """What the suite calls these."""
    behind: Literal["", "choices", "answer", "target"] = ""
    """What a context has to hold behind a prompt, where examples are left out."""
    new_tokens: int = 0
    """Of an answer that is written."""
    mismatch: Literal["error", "allow"] = "error"
    """What it comes to where a model cannot tell apart what is asked."""
    score: Score | None = None
    """What choices are compared by; given where there are some, as None where they decide it."""
    stop: tuple[str, ...] | None = None
    """What ends a written answer; given where something may, as None where it is what parts shots."""


class CheckParams(Params):
    """A check of what a lineage is asked."""

    ASIDE = frozenset({"mismatch", "chat"})

    mismatch: Literal["error", "allow"] = "error"
    """What a failed check comes to."""
    chat: Chat | None = None


class LearnedSet(Put):
    """The train split of a data set that is learned."""

    dataset: str
    contents: str
    left_out: tuple[str, ...] = ()
    """Ids of examples whose text a task tests."""
    limit: int | None = None
    """Examples of it at most, where each set has a limit of its own."""
    too_long: bool = False
    """Whether examples are left out that are longer than the model's context."""


class LearnedInstructions(Entry):
    """Instruction data that is learned."""

    contents: str
    left_out: tuple[str, ...] = ()
    """Ids of rows that hold what a task tests."""


class ExamplesParams(Params):
    """What a fine-tuning learns from."""

    sets: tuple[LearnedSet, ...]
    limit: int | None
    """Examples of each set at most, but of those that have a limit of their own."""
    seed: int
    plain: bool
    """Whether no chat template is used."""
    chat: Chat | None = None
    instructions: tuple[LearnedInstructions, ...] = ()

    def limit_of(self, part: LearnedSet) -> int | None:
        """Examples of a set at most."""
        return self.limit if part.limit is None else part.limit


class FloorsParams(Params):
    """A data set on which simple methods are measured."""

    dataset: str
    contents: str
    limit: int | None
    seed: int


class FinetuneParams(Params):
    """The recipe of a fine-tuning; None leaves a setting to the method."""

    ASIDE = frozenset({"parts"})

    method: str
    rank: int = 16
    alpha: float | None = None
    dropout: float = 0.0
    target_modules: str | tuple[str, ...] = "all-linear"
    initialization: str | None = None
    modules_to_save: tuple[str, ...] | None = None
    rank_pattern: dict[str, int] | None = None
    alpha_pattern: dict[str, float] | None = None
    learning_rate: float | None = None
    schedule: str | None = None
    epochs: float
    batch_tokens: int | None = None
    accumulate: int | None = None
    packing: bool | None = None
    warmup_ratio: float | None = None
    weight_decay: float | None = None
    max_grad_norm: float | None = None
    optimizer: str | None = None
    dtype: str | None = None
    gradient_checkpointing: bool | None = None
    validation: float | None = None
    validations: float | None = None
    early_stopping: int | None = None
    seed: int
    weights: tuple[float, ...] | None = None
    """How often the examples of each part are learned in a pass."""
    search: Search | None = None
    """Settings that are tried against each other."""
    parts: tuple[str, ...] = ()
    """Names of the tasks and files that are learned, in the order of the examples' parts."""

    def recipe(self) -> dict[str, Any]:
        """What is given of the fields of `harness.models.finetune.recipe.Recipe`."""
        apart = {"search", "parts"}
        return self.model_dump(exclude_unset=True, exclude_none=True, exclude=apart)

    @property
    def trials(self) -> list[dict[str, float]]:
        """What each training sets otherwise than the recipe; without a search there is one, and nothing."""
        return [{}] if self.search is None else self.search.settings

    def passes(self, part: int) -> float:
        """How often the examples of a part are learned, over all trainings."""
        weight = self.weights[part] if self.weights is not None else 1.0
        return weight * sum(trial.get("epochs", self.epochs) for trial in self.trials)


class MergeParams(Params):
    """A merge of an adapter into its base."""

    base_precision: Literal["full", "dequantized"]
    """What the base is merged as: its own weights, or the NF4 values that a QLoRA was trained on."""


class MergeParityParams(MergeParams):
    """A check of merged weights."""

    ASIDE = frozenset({"against"})

    trained_on: Literal["full", "nf4"]
    against: str
    """What they are held against, in words."""


class GgufParams(Params):
    """A GGUF to be made."""

    type: str
    """Such as F16 or Q4_K_M."""


class ParityParams(Params):
    """A check of a GGUF."""

    ASIDE = frozenset({"against"})

    against: str
    """What it is held against, in words."""
