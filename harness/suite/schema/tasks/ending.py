"""Where answers end: what a written one is cut at, and whether the end of a scored one counts."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from harness.suite.schema.entry import Entry

Score = Literal["sum", "mean", "end"]
SCORES = (
    "What choices are compared by. sum: the log-probabilities of their tokens, added up. mean: divided by "
    "the number of tokens. end: with that of the answer ending there added. Default: sum, and end where "
    "one choice goes on from another, since the longer one could never be likelier by itself."
)


def _several(value: Any) -> Any:
    return [] if value == "none" else [value] if isinstance(value, str) else value


def _told(texts: list[str]) -> list[str]:
    for text in texts:
        if not text:
            raise ValueError("a `stop` without a character")
        if re.fullmatch(r"(\\[nrt])+", text):
            raise ValueError('`stop` holds a backslash: write "\\n", in double quotes')
    return list(dict.fromkeys(texts))


StopTexts = Annotated[
    list[str],
    AfterValidator(_told),
    BeforeValidator(_several),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string"},
                {"type": "array", "items": {"type": "string", "minLength": 1}},
            ]
        }
    ),
]


class Stopping(Entry):
    """What tasks share whose answers are written."""

    stop: StopTexts | None = Field(
        None,
        description="A text, or several, at which an answer ends; none: nothing but the model ends it. "
        "Default: a blank line for prompts without a chat template whose shots are joined by one.",
    )

    def stopping(self, shots: int) -> dict[str, Any]:
        """`Task.ending` of written answers; nothing where nothing could end them but the model."""
        if self.stop is None:
            return {"stop": None} if shots else {}
        return {"stop": tuple(self.stop)}
