"""Prompts: what is asked, as text and as token ids, written once for all models of a lineage.

A prompt file is JSON lines, one `Prompt` a line; `PromptSet` adds what all of them share. Engines
see ids only, so models of one lineage answer byte-identical questions.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.data.continued import continued
from harness.engines.messages import Message
from harness.errors import BadDataError, RemovedError
from harness.suite.schema import Score
from harness.tasks.ending import Ending


@dataclass(frozen=True)
class Prompt:
    """One question, in every form that an answerer may want (`harness.engines.answerer.Asked`).

    `target_ids` are the ids of the right answer with the end-of-turn marker (none where the tokenizer has
    nothing that ends an answer); `choices` the ids of
    each label, in the order of the set's labels (empty where answers are free text), and
    `continuations` the text of each that follows the prompt's. `messages` are the turns that the
    chat template was given; empty where the text is continued, and in sets that were written before
    there were any.
    """

    index: int
    id: str
    text: str
    ids: tuple[int, ...]
    target: str
    target_ids: tuple[int, ...]
    choices: tuple[tuple[int, ...], ...] = ()
    continuations: tuple[str, ...] = ()
    messages: tuple[Message, ...] = ()
    labels: tuple[str, ...] = ()
    """What its choices are called, where the example has choices of its own."""


@dataclass(frozen=True)
class PromptSet:
    """The questions of one task for one lineage."""

    prompts: tuple[Prompt, ...]
    labels: tuple[str, ...]
    stop_ids: frozenset[int]
    """Ids that end an answer."""
    mode: str
    """`chat`: through the model's chat template; `plain`: as text to be continued; `text`: windows
    of a text, which are read and not continued."""
    available: int
    """Examples in the test split, or windows of the text, of which these are a subset."""
    system: str = "none"
    """Where the system message stands (`harness.tasks.turns.Place`)."""
    ending: Ending = field(default_factory=Ending)
    not_asked: str = ""
    """Why nothing is asked of this lineage; "" where something is."""

    def score_of(self, prompt: Prompt) -> Score:
        """What a prompt's choices are compared by."""
        if self.ending.score != "auto":
            return self.ending.score or "sum"
        return "sum" if continued(prompt.choices) is None else "end"

    def sha256(self) -> str:
        """Over ids, choices, and what ends an answer: two sets with the same hash ask the same."""
        digest = hashlib.sha256(json.dumps(sorted(self.stop_ids)).encode())
        for prompt in self.prompts:
            asked = [prompt.id, prompt.ids, prompt.choices, *self._ended_by(prompt)]
            digest.update(json.dumps(asked).encode())
        return digest.hexdigest()

    def sha256_of(self, prompt: Prompt) -> str:
        """The same of one prompt, whatever else is asked: 16 hexadecimal digits."""
        asked = [sorted(self.stop_ids), prompt.ids, prompt.choices, *self._ended_by(prompt)]
        return hashlib.sha256(json.dumps(asked).encode()).hexdigest()[:16]

    def texts_sha256(self) -> str:
        """Over the texts, the choices' texts, and what ends an answer, whoever makes tokens of them."""
        digest = hashlib.sha256(json.dumps(self.ending.texts).encode())
        for prompt in self.prompts:
            asked = [prompt.id, prompt.text, prompt.continuations]
            digest.update(json.dumps(asked).encode())
        return digest.hexdigest()

    def _ended_by(self, prompt: Prompt) -> list[Any]:
        """What ends its answer beside the stop ids; nothing where nothing does."""
        if self.score_of(prompt) == "end":
            return [sorted(self.ending.ids)]
        return [self.ending.texts] if self.ending.texts else []

    def write(self, folder: Path) -> None:
        """Writes `prompts.jsonl` and `prompts.json` into a folder."""
        lines = (json.dumps(vars(prompt), ensure_ascii=False) for prompt in self.prompts)
        (folder / "prompts.jsonl").write_text("".join(f"{line}\n" for line in lines))
        (folder / "prompts.json").write_text(json.dumps(self.summary()))

    def summary(self) -> dict[str, Any]:
        """What the set's prompts share, as plain data."""
        return {
            "labels": self.labels,
            "stop_ids": sorted(self.stop_ids),
            "mode": self.mode,
            "available": self.available,
            "n": len(self.prompts),
            "sha256": self.sha256(),
            "example_prompt": self.prompts[0].text if self.prompts else "",
            "system": self.system,
            **self.ending.data(),
            **self._scored(),
            **({"not_asked": self.not_asked} if self.not_asked else {}),
        }

    def scored_by(self) -> dict[Score, int]:
        """By what how many prompts' choices are compared; none where nothing is chosen."""
        return dict(Counter(map(self.score_of, self.prompts))) if self.ending.score else {}

    def _scored(self) -> dict[str, Any]:
        """Of choices: by what how many prompts' are compared, and two of which one goes on."""
        if not self.ending.score:
            return {}
        found: dict[str, Any] = {"scored_by": self.scored_by()}
        for prompt in self.prompts:
            pair = continued(prompt.choices)
            if pair is not None:
                labels = prompt.labels or self.labels
                return {**found, "continued": [labels[place] for place in pair]}
        return found

    @classmethod
    def read(cls, folder: Path) -> PromptSet:
        """Reads what `write` wrote.

        Raises:
            BadDataError: the files are missing or damaged.
        """
        try:
            shared = json.loads((folder / "prompts.json").read_text())
            rows = _rows((folder / "prompts.jsonl").read_text())
            found = cls(
                prompts=tuple(_prompt(row) for row in rows),
                labels=tuple(shared["labels"]),
                stop_ids=frozenset(shared["stop_ids"]),
                mode=shared["mode"],
                available=shared["available"],
                system=shared.get("system", "none"),
                ending=Ending.read(shared),
                not_asked=shared.get("not_asked", ""),
            )
            if found.sha256() != shared["sha256"]:
                raise ValueError("its hash is another")
            return found
        except FileNotFoundError as error:
            raise RemovedError(
                f"{error.filename}: the prompts that were made are gone",
                "The same command makes them again.",
            ) from None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise BadDataError(
                f"{folder}: not a set of prompts: {error!r}",
                "`harness run SUITE --again prompts` writes them anew.",
            ) from None


def _rows(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.split("\n") if line]


def _prompt(row: dict[str, Any]) -> Prompt:
    several = ("ids", "target_ids", "continuations", "messages", "labels")
    found = {key: tuple(row[key]) for key in several if key in row}
    return Prompt(**{**row, **found, "choices": tuple(tuple(choice) for choice in row["choices"])})
