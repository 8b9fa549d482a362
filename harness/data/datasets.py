"""The data sets that a suite can name, each a train and a test split of examples."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from harness.errors import BadDataError
from harness.starter import DATA_FOLDER

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
    labels: tuple[str, ...]
    validation: tuple[Example, ...] = ()


@dataclass(frozen=True)
class Phrasing:
    """How the examples of a data set are put to a model; `{text}` is replaced by the example.

    `instruction` is the user's turn for a model with a chat template, which answers in its own
    turn. `plain` is the text for a model without one; the answer follows it after a space.
    """

    instruction: str
    plain: str


@dataclass(frozen=True)
class DatasetInfo:
    """What is known of a data set before it is read."""

    name: str
    kind: TaskKind
    description: str
    licence: str
    synthetic: bool
    phrasing: Phrasing
    files: tuple[Path, ...]
    read: Callable[[], Dataset]
    variant: str = ""
    """What else decides which examples the files give (`agreement`, templates, the split's seed)."""

    def fingerprint(self) -> str:
        """SHA-256 over the contents of its files and the variant: part of the key of all that is
        made from it."""
        digest = hashlib.sha256()
        for file in self.files:
            digest.update(hashlib.sha256(_bytes(file)).digest())
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


@cache
def _phrasebank_sample() -> Dataset:
    splits = [
        _read_lines(DATA_FOLDER / "phrasebank-sample" / f"{split}.jsonl", "sentence", "label")
        for split in ("train", "test")
    ]
    return Dataset(splits[0], splits[1], SENTIMENT_LABELS)


@cache
def _dialogue_sample() -> Dataset:
    splits = [
        _read_lines(DATA_FOLDER / "dialogue-sample" / f"{split}.jsonl", "dialogue", "summary")
        for split in ("train", "test")
    ]
    return Dataset(splits[0], splits[1], ())


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise BadDataError(f"{file}: cannot be read: {error.strerror}") from None


def _read_lines(file: Path, text_key: str, target_key: str) -> tuple[Example, ...]:
    """Reads JSON lines; only `\\n` ends a line, since texts hold Unicode line separators."""
    examples = []
    for number, line in enumerate(_bytes(file).decode().split("\n"), start=1):
        if not line:
            continue
        try:
            row = json.loads(line)
            examples.append(Example(str(row["id"]), row[text_key], row[target_key]))
        except (ValueError, KeyError, TypeError) as error:
            raise BadDataError(f"{file}:{number}: not a row of this data set: {error!r}") from None
    return tuple(examples)


def _files(name: str) -> tuple[Path, ...]:
    return tuple(DATA_FOLDER / name / f"{split}.jsonl" for split in ("train", "test"))


DATASETS: dict[str, DatasetInfo] = {
    info.name: info
    for info in (
        DatasetInfo(
            name="phrasebank-sample",
            kind="classify",
            description="sentiment of company news, in the shape of Financial PhraseBank",
            licence="Apache-2.0",
            synthetic=True,
            phrasing=SENTIMENT,
            files=_files("phrasebank-sample"),
            read=_phrasebank_sample,
        ),
        DatasetInfo(
            name="dialogue-sample",
            kind="summarize",
            description="messenger dialogues and their summaries, in the shape of SAMSum",
            licence="Apache-2.0",
            synthetic=True,
            phrasing=SUMMARY,
            files=_files("dialogue-sample"),
            read=_dialogue_sample,
        ),
    )
}
