"""What is asked: the same texts, ids and number of examples for everyone.

Each work is written once, as a harness prompt set (`prompts.jsonl`, `prompts.json`) in a folder of
its own; the peers read the same files, and check that their own tokenizer gives the same ids.
"""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

from harness.data import Dataset, Example
from harness.data.datasets import SENTIMENT, SENTIMENT_LABELS, SUMMARY
from harness.engines.tokenizer import Tokenizer, open_tokenizer
from harness.tasks.prompting import prompts_to_ask
from harness.tasks.prompts import PromptSet
from tests.benchmarks.places import DATA

NEW_TOKENS = 64
"""Length of every generated answer."""


@dataclass(frozen=True)
class Work:
    """A number of examples of one kind, shown with so many answered examples before each."""

    kind: str
    examples: int
    shots: int = 0

    @property
    def name(self) -> str:
        """The folder's name."""
        return f"{self.kind}-{self.shots}-shot-{self.examples}"

    def dataset(self) -> Dataset:
        """The data that examples are drawn from."""
        return phrasebank() if self.kind == "classify" else samsum()


def prompts(work: Work, weights: Path, folder: Path) -> Path:
    """The folder of the work's prompt set under `folder`, written if it is not there yet.

    Args:
        weights: the Transformers folder whose tokenizer encodes them.
    """
    place = folder / work.name
    if not place.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            made = Path(scratch) / "made"
            made.mkdir()
            ask(work, open_tokenizer(weights)).write(made)
            made.rename(place)
    return place


def ask(work: Work, tokenizer: Tokenizer) -> PromptSet:
    """The work's prompts, put as the harness puts them to a model without a chat template."""
    phrasing = SENTIMENT if work.kind == "classify" else SUMMARY
    return prompts_to_ask(tokenizer, work.dataset(), phrasing, work.examples, 0, work.shots)


def phrasebank() -> Dataset:
    """Financial PhraseBank, full agreement: latin-1, sorted, with repeated sentences.

    It has no splits of its own: every other sentence is shown as an example, the rest is asked.
    """
    text = (DATA / "phrasebank" / "Sentences_AllAgree.txt").read_bytes().decode("latin-1")
    rows = dict(line.rstrip("\r").rsplit("@", 1) for line in text.split("\n") if "@" in line)
    examples = [Example(f"line-{n}", *row) for n, row in enumerate(rows.items())]
    return Dataset(tuple(examples[::2]), tuple(examples[1::2]), SENTIMENT_LABELS)


def samsum() -> Dataset:
    """SAMSum; only `\\n` ends a row, since texts hold Unicode line separators."""
    rows = []
    for line in (DATA / "samsum" / "test.jsonl").read_bytes().decode().split("\n"):
        if line:
            row = json.loads(line)
            text = row["dialogue"].replace("\r\n", "\n")
            rows.append(Example(row["id"], text, row["summary"]))
    return Dataset((), tuple(rows), ())
