"""What is asked beside a suite's own tasks, before and after each fine-tuning, to see what it broke."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from harness.suite.schema.entry import Entry

Probe = Literal["text", "instructions", "harmful", "harmless"]
PROBES: tuple[Probe, ...] = ("text", "instructions", "harmful", "harmless")


class Forgetting(Entry):
    """What of it is asked, and on which text."""

    tasks: list[Probe] = Field(
        default_factory=lambda: list(PROBES),
        description="text: perplexity on general text. instructions: forms that a program checks. harmful, "
        "harmless: requests that are to be refused, and to be answered. Default: all of them; [] is the same as `forgetting: false`.",
    )
    text: str | None = Field(
        None,
        description="A text file, relative to the suite file, in place of the built-in passages; its first "
        "windows of 512 tokens are drawn up to the suite's limit.",
    )

    @model_validator(mode="after")
    def _a_text_that_is_read(self) -> Forgetting:
        if self.text is not None and "text" not in self.tasks:
            raise ValueError("`text` names what is read, and `tasks` leaves that out")
        return self


def _switched(value: Any) -> Any:
    """`false` asks for none of it, `true` for all."""
    return {"tasks": list(PROBES) if value else []} if isinstance(value, bool) else value


SwitchedForgetting = Annotated[
    Forgetting, BeforeValidator(_switched, json_schema_input_type=bool | Forgetting)
]
