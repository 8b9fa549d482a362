"""A suite's tasks: what is asked, or timed."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema, model_validator

from harness.capabilities import Capability
from harness.suite.schema.asked import AskedTask
from harness.suite.schema.datasets import AnyDataset, OwnDataset
from harness.suite.schema.entry import Entry, Name
from harness.suite.schema.metrics import Graded
from harness.suite.schema.writing import WriteTask

Agreement = Annotated[
    Literal["all", "75", "66", "50"],
    BeforeValidator(lambda value: str(value) if isinstance(value, int) else value),
    WithJsonSchema({"enum": ["all", 75, 66, 50, "75", "66", "50"]}),
]


class ExampleTask(AskedTask):
    """What tasks share that draw examples, or documents, from more of them."""

    limit: int | None = Field(None, ge=1, description="Examples asked; default: the suite's.")
    shots: int = Field(0, ge=0, description="Examples of the train split shown in the prompt.")
    shots_as: Literal["turns", "text"] | None = Field(
        None,
        description="turns: each shot is a turn of the user and one of the model (the default, with a "
        "chat template). text: all of them stand in the one turn of the user, as plain prompts.",
    )
    prompt: str | None = Field(
        None,
        description="How a data set by name is put, in place of its own words, with {text} where the "
        'example goes, such as "{text}\n\nPositive, negative or neutral?"',
    )
    agreement: Agreement | None = Field(
        None,
        description="Of financial_phrasebank: the least share of annotators that agree on each "
        "label, in percent, or all. Default: all.",
    )
    data_dir: str | None = Field(
        None,
        description="The folder that holds the data set's files, relative to the suite file; then "
        "nothing is downloaded. Default: --data-dir, $HARNESS_DATA, or a download.",
    )

    @model_validator(mode="after")
    def _a_place_for_the_text(self) -> ExampleTask:
        if self.prompt is not None and "{text}" not in self.prompt:
            raise ValueError("`prompt` needs {text}, where the example goes")
        if self.prompt is not None and isinstance(getattr(self, "dataset", None), OwnDataset):
            raise ValueError("a data set of your own has its `prompt` under `dataset`")
        if self.shots_as is not None and not self.shots:
            raise ValueError("`shots_as` says how `shots` are shown, and there are none")
        return self

    @property
    def put(self) -> dict[str, str]:
        """How it is asked, as far as the suite says so, beside the number of shots."""
        given = {"shots_as": self.shots_as, "prompt": self.prompt}
        usual = {"shots_as": "turns"}
        said = {k: v for k, v in given.items() if v is not None and v != usual.get(k)}
        return super().put | said


class DatasetTask(ExampleTask):
    """A task on a data set."""

    dataset: AnyDataset = Field(
        description="A data set by name (`harness data list`), or one of your own."
    )


class ClassifyTask(DatasetTask, Graded):
    """Which of the labels fits?"""

    type: Literal["classify"]
    ask: Literal["loglikelihood", "generate"] = Field(
        "loglikelihood",
        description="loglikelihood: the label that the model finds most likely. generate: let it "
        "write, and look for a label in what it wrote.",
    )
    max_new_tokens: int = Field(12, ge=1, description="For `ask: generate`.")

    @property
    def needs(self) -> frozenset[Capability]:
        """Log-probabilities of the labels, unless they are written."""
        return frozenset({"choose" if self.ask == "loglikelihood" else "generate"})


class SummarizeTask(DatasetTask, Graded):
    """Write a summary, greedily; graded by ROUGE."""

    type: Literal["summarize"]
    max_new_tokens: int = Field(64, ge=1, description="Tokens after which a summary is cut off.")


class DivergenceTask(ExampleTask):
    """How far are the model's next-token distributions from a reference model's?

    On the prompts and reference answers of a data set, or on a text.
    """

    type: Literal["divergence"]
    dataset: str | None = Field(None, description="A data set by name.")
    text: str | None = Field(
        None, description="In place of `dataset`: a text file, relative to the suite file."
    )
    window: int = Field(512, ge=2, description="Tokens of each document that a `text` is cut into.")
    reference: Name = Field(description="The model of this suite that is compared against.")

    @model_validator(mode="after")
    def _one_kind_of_document(self) -> DivergenceTask:
        if (self.dataset is None) == (self.text is None):
            raise ValueError("a divergence task takes `dataset` or `text`")
        put = ("shots", "shots_as", "system", "prompt")
        if self.text is not None and (given := [key for key in put if getattr(self, key)]):
            raise ValueError(f"`{given[0]}` belongs to a `dataset`; a `text` is read as it stands")
        return self

    @property
    def needs(self) -> frozenset[Capability]:
        """Whole distributions, of the reference model as well."""
        return frozenset({"distributions"})


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
    def needs(self) -> frozenset[Capability]:
        """Forward passes in this process; nothing is asked."""
        return frozenset({"timing"})

    @property
    def shares(self) -> list[int]:
        """Repetitions of each round: as equal as they can be, the first ones the larger."""
        rounds = self.rounds or min(3, self.repetitions)
        return [len(range(place, self.repetitions, rounds)) for place in range(rounds)]


TaskSpec = Annotated[
    ClassifyTask | SummarizeTask | DivergenceTask | WriteTask | SpeedTask,
    Field(discriminator="type"),
]
