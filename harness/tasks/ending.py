"""Where an answer ends: what a written one is cut at, and when the end of a scored one counts.

log p("not hate") = log p("not") + log p("hate" | "not") can never exceed log p("not"): of choices of which
one goes on from another the longer could not win, whatever the model. So the end of the answer is scored
there, which is one of the ids that end a turn or, where a text is continued, a line break.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from harness.engines.templated import Tokenizer
from harness.suite.schema import Score
from harness.tasks.turns import continuation

BETWEEN_SHOTS = "\n\n"
"""What shots are joined by where a text is continued."""


@dataclass(frozen=True)
class Ending:
    """What of a set of prompts says where answers end, beside the ids that end all that is written."""

    score: Score | Literal["auto", ""] = ""
    """What choices are compared by; `auto`: by their sums, and with the end where one goes on from
    another; "" where nothing is chosen."""
    ids: frozenset[int] = frozenset()
    """Ids of which one ends a choice, where that is scored."""
    texts: tuple[str, ...] = ()
    """Texts that end what is written."""

    written: bool = False
    """Whether choices are written, and read: their end is to be scored, and only a server knows what
    ends them."""

    def data(self) -> dict[str, Any]:
        """What is set, as plain data."""
        found: dict[str, Any] = {
            "score": self.score,
            "end_ids": sorted(self.ids),
            "stop": list(self.texts),
            "written": self.written,
        }
        return {key: value for key, value in found.items() if value}

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> Ending:
        """What `data` gave."""
        ids, texts = data.get("end_ids", ()), data.get("stop", ())
        return cls(data.get("score", ""), frozenset(ids), tuple(texts), data.get("written", False))


def line_breaks(
    tokenizer: Tokenizer, text: str, ids: Sequence[int], answer: str, answer_ids: Sequence[int]
) -> Iterator[int]:
    """The ids that a line break behind an answer may begin with, where the tokenizer has one.

    Args:
        tokenizer: the lineage's own.
        text: the prompt.
        ids: of the prompt.
        answer: as it goes on from the text.
        answer_ids: of the answer.
    """
    for broken in ("\n", BETWEEN_SHOTS):
        behind = continuation(tokenizer, text + answer, [*ids, *answer_ids], broken)
        first = next((token for token in behind if "\n" in tokenizer.decode([token], True)), None)
        if first is not None:
            yield first


def stop_texts(
    given: Sequence[str] | None, plain: bool, shots: int, answers: Sequence[str]
) -> tuple[str, ...]:
    """What ends a written answer: what the suite says, else what parts shots in a text that is continued.

    Args:
        given: by the suite.
        plain: whether a text is continued.
        shots: how many are shown.
        answers: right ones; where some of them hold a blank line, none is an end.
    """
    if given is not None:
        return tuple(given)
    parted = plain and shots and not any(BETWEEN_SHOTS in answer.strip() for answer in answers)
    return (BETWEEN_SHOTS,) if parted else ()
