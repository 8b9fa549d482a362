"""What a data set is: examples in parts, how they are put to a model, and the record of their reading."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal

from harness.data.readings import Reading, read_bytes

TaskKind = Literal["classify", "summarize"]


@dataclass(frozen=True)
class Example:
    """One row: the text that is asked about, and the right answer."""

    id: str
    text: str
    target: str
    choices: tuple[str, ...] = ()
    """What the answer is chosen from, where the example has choices of its own; `target` is one."""


@dataclass(frozen=True)
class Dataset:
    """The examples of a data set. `labels` is empty where answers are free text.

    `validation` is a part that is neither trained on nor tested; empty where there is none.
    """

    train: tuple[Example, ...]
    test: tuple[Example, ...]
    labels: tuple[str, ...] = ()
    validation: tuple[Example, ...] = ()

    def parts(self) -> dict[str, tuple[Example, ...]]:
        """All three parts by name; `validation` may be empty."""
        return {"train": self.train, "validation": self.validation, "test": self.test}


@dataclass(frozen=True)
class Loaded:
    """The examples of a data set, and the record of how they were read."""

    dataset: Dataset
    reading: Reading


@dataclass(frozen=True)
class Phrasing:
    """How the examples of a data set are put to a model; `{text}` is replaced by the example.

    `instruction` is the user's turn for a model with a chat template, which answers in its own
    turn. `plain` is the text for a model without one; the answer follows it after a space.
    """

    instruction: str
    plain: str


@dataclass(frozen=True, kw_only=True)
class DatasetFacts:
    """What is said of a data set, wherever it lies."""

    name: str
    kind: TaskKind
    description: str
    licence: str
    citation: str = ""
    homepage: str = ""

    def facts(self) -> dict[str, Any]:
        """These facts alone, by name."""
        return {field.name: getattr(self, field.name) for field in fields(DatasetFacts)}


@dataclass(frozen=True, kw_only=True)
class DatasetInfo(DatasetFacts):
    """What is known of a data set before it is read."""

    phrasing: Phrasing
    files: tuple[Path, ...]
    load: Callable[[], Loaded]
    """Reads the files, once."""
    variant: str = ""
    """What else decides which examples the files give (`agreement`, templates, the split's seed)."""
    synthetic: bool = False

    def read(self) -> Dataset:
        """The examples."""
        return self.load().dataset

    def fingerprint(self, sha256_of: Callable[[Path], str] | None = None) -> str:
        """SHA-256 over the contents of its files and the variant: part of the key of all that is
        made from it.

        Args:
            sha256_of: gives a file's SHA-256 (hex) from memory, so that it need not be read again; or "".
        """
        digest = hashlib.sha256()
        for file in self.files:
            known = sha256_of(file) if sha256_of is not None else ""
            found = bytes.fromhex(known) if known else hashlib.sha256(read_bytes(file)).digest()
            digest.update(found)
        digest.update(self.variant.encode())
        return digest.hexdigest()


SENTIMENT = Phrasing(
    instruction="What is the sentiment of this sentence? Answer negative, neutral or positive.\n\n"
    "{text}",
    plain="Sentence: {text}\nSentiment:",
)
SUMMARY = Phrasing(
    instruction="Summarize this conversation briefly.\n\n{text}",
    plain="Conversation:\n{text}\n\nSummary:",
)
SENTIMENT_LABELS = ("negative", "neutral", "positive")
