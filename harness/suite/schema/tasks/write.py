"""A task on prompts of the user's own: what is written is read, not graded."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from harness.suite.schema.entry import Entry, Name
from harness.suite.schema.tasks.asked import AskedTask
from harness.suite.schema.tasks.ending import Stopping
from harness.suite.schema.tasks.task_type import TaskType


def _told(text: str) -> str:
    if not text.strip():
        raise ValueError("a prompt without a word")
    return text.strip()


class WrittenPrompt(Entry):
    """A prompt of the user's own, perhaps with a name for it."""

    id: Name | None = Field(
        None, description="What results and reports call it; default: its first words."
    )
    prompt: Annotated[str, AfterValidator(_told)] = Field(
        description="What is asked; white space around it is left out."
    )


def _alone(value: Any) -> Any:
    return {"prompt": value} if isinstance(value, str) else value


PromptEntry = Annotated[
    WrittenPrompt, BeforeValidator(_alone, json_schema_input_type=str | WrittenPrompt)
]


class WriteTask(AskedTask, Stopping):
    """Write freely on prompts of the user's own, greedily: to be read rather than graded.

    What is counted needs no right answer: how much of a text repeats itself, and whether it came to
    an end.
    """

    type: Literal["write"]
    prompts: list[PromptEntry] = Field(
        min_length=1,
        description="Texts, or mappings of `id` and `prompt`. Instruct models are asked through "
        "their chat template; base models go on with the text.",
    )
    max_new_tokens: int = Field(200, ge=1, description="Tokens after which a text is cut off.")

    @model_validator(mode="after")
    def _each_once(self) -> WriteTask:
        texts = [of.prompt for of in self.prompts]
        ids = [of.id for of in self.prompts if of.id is not None]
        for kind, values in (("a prompt", texts), ("an id", ids)):
            twice = next((value for value in values if values.count(value) > 1), None)
            if twice is not None:
                raise ValueError(f"{kind} stands here twice: {twice[:60]}")
        return self

    @property
    def ending(self) -> dict[str, Any]:
        return self.stopping(shots=0)

    @property
    def named(self) -> Mapping[str, str]:
        """The prompts by id, in their order."""
        found = {of.id: of.prompt for of in self.prompts if of.id is not None}
        taken, named = set(found), dict[str, str]()
        for of in self.prompts:
            name = of.id or _free(first_words(of.prompt), taken)
            taken.add(name)
            named[name] = of.prompt
        return named

    def described(self, data: str) -> str:
        return f"free writing on prompts of one's own, at most {self.max_new_tokens} tokens each"


def first_words(text: str) -> str:
    """A text's first words as a name of at most 40 characters: "Why is it?" is "why-is-it"."""
    words = re.findall(r"\w+", text.lower())[:6]
    return "-".join(words)[:40].rstrip("-") or "prompt"


def _free(name: str, taken: set[str]) -> str:
    numbered = (f"{name}-{number}" for number in itertools.count(2))
    return next(one for one in itertools.chain([name], numbered) if one not in taken)


WRITE = TaskType(
    name="write",
    spec=WriteTask,
    metrics=("repetition", "truncated", "empty"),
    main_metrics=("repetition", "truncated"),
    noun="prompts",
    drawn=False,
    free_text=True,
    stand_ins={"prompts": ["prompts"]},
)
