"""What is known of each real data set before a byte of it is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.data.datasets import SENTIMENT, SENTIMENT_LABELS, SUMMARY, DatasetFacts, Phrasing
from harness.errors import InputError


@dataclass(frozen=True)
class PublishedRows:
    """Rows that a part is published with, in all and per label (none where answers are free text)."""

    rows: int
    labels: Mapping[str, int] = field(default_factory=dict)

    def complaints(self, part: str, rows: int, labels: Mapping[str, int]) -> tuple[str, ...]:
        """Says where the rows of a part, or its labels and their shares, are not as published."""
        complaints = []
        if rows != self.rows:
            complaints.append(f"{part}: {rows} rows, published are {self.rows}")
        for label in sorted({*labels, *self.labels}):
            found, expected = labels.get(label, 0), self.labels.get(label, 0)
            if found != expected:
                share, usual = found / max(rows, 1), expected / self.rows
                complaints.append(
                    f"{part}: {found} {label} ({share:.1%}), published are {expected} ({usual:.1%})"
                )
        return tuple(complaints)


@dataclass(frozen=True, kw_only=True)
class KnownDataset(DatasetFacts):
    """What is known of one data set; `homepage` is a Hub id or an arXiv id."""

    hub_repo: str
    """The Hub repository of the kind `dataset` that holds its files."""
    by_hand: str
    """Which file to get and how to call it, where it cannot be fetched."""
    phrasing: Phrasing
    labels: tuple[str, ...] = ()
    options: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Keys that it takes, each with its values; the first is taken where nothing is said."""
    published: Mapping[str, PublishedRows]
    """Published counts by the value of the option (PhraseBank) or by part (SAMSum)."""
    pins: Mapping[str, tuple[str, ...]]
    """SHA-256 by file name, of copies that this project was tested with. Other copies of the same rows
    (another encoding, another format) have others, so a file that differs is not refused."""

    def choose(self, given: Mapping[str, object]) -> dict[str, str]:
        """The values of all options as texts, with defaults where nothing is given.

        Raises:
            InputError: an option or a value that the data set does not have.
        """
        for name in given:
            if name not in self.options:
                has = ", ".join(self.options) or "none"
                raise InputError(f"data set {self.name}: no option {name!r}", f"It has: {has}.")
        chosen = {}
        for name, values in self.options.items():
            value = str(given.get(name, values[0])).lower()
            if value not in values:
                raise InputError(
                    f"data set {self.name}: {name} cannot be {value!r}",
                    f"Say one of {', '.join(values)}.",
                )
            chosen[name] = value
        return chosen


PHRASEBANK = KnownDataset(
    name="financial_phrasebank",
    kind="classify",
    description="Financial PhraseBank v1.0: the sentiment of sentences from company news, "
    "for an investor, by the agreement of its 5 to 8 annotators",
    licence="CC BY-NC-SA 3.0",
    citation="P. Malo, A. Sinha, P. Korhonen, J. Wallenius, P. Takala: Good debt or bad debt: Detecting "
    "semantic orientations in economic texts. Journal of the Association for Information Science and "
    "Technology 65(4), 2014. arXiv 1307.5336",
    homepage="takala/financial_phrasebank",
    hub_repo="takala/financial_phrasebank",
    by_hand="FinancialPhraseBank-v1.0.zip (in the Hub's data set takala/financial_phrasebank under "
    "data/), or its Sentences_*.txt in a folder phrasebank/",
    phrasing=SENTIMENT,
    labels=SENTIMENT_LABELS,
    options={"agreement": ("all", "75", "66", "50")},
    published={
        "all": PublishedRows(2264, {"negative": 303, "neutral": 1391, "positive": 570}),
        "75": PublishedRows(3453, {"negative": 420, "neutral": 2146, "positive": 887}),
        "66": PublishedRows(4217, {"negative": 514, "neutral": 2535, "positive": 1168}),
        "50": PublishedRows(4846, {"negative": 604, "neutral": 2879, "positive": 1363}),
    },
    pins={
        "Sentences_AllAgree.txt": (
            "3d1acdf23036bdbfb48713548731b1ae82664e551081fec2f20bfe722d274d9a",
        ),
        "Sentences_66Agree.txt": (
            "6fcda6c07b5731fa075c81372413c921f95057b89ed611be0b2d1620ac94ac09",
        ),
    },
)

SAMSUM = KnownDataset(
    name="samsum",
    kind="summarize",
    description="SAMSum: messenger dialogues written by linguists, and their summaries",
    licence="CC BY-NC-ND 4.0",
    citation="B. Gliwa, I. Mochol, M. Biesek, A. Wawer: SAMSum Corpus: A Human-annotated Dialogue Dataset "
    "for Abstractive Summarization. Workshop on New Frontiers in Summarization, 2019. arXiv 1911.12237",
    homepage="arXiv 1911.12237",
    hub_repo="knkarthick/samsum",
    by_hand="corpus.7z (ancillary file of arXiv 1911.12237), or train, validation and test as .jsonl, "
    ".json, .csv or .parquet in a folder samsum/ (the Hub's data set knkarthick/samsum has them)",
    phrasing=SUMMARY,
    published={
        "train": PublishedRows(14732),
        "validation": PublishedRows(818),
        "test": PublishedRows(819),
    },
    pins={
        "train.jsonl": ("88329d6ac45144183565d96b856336febe782c322bd8a15d94d3d34c440cd746",),
        "test.jsonl": ("80b33150b15da3208b8cc8ea89c992380138e7ea1b739168807036694cd22683",),
    },
)

CATALOG: dict[str, KnownDataset] = {entry.name: entry for entry in (PHRASEBANK, SAMSUM)}


def known_dataset(name: str) -> KnownDataset:
    """What is known of the data set of a name.

    Raises:
        InputError: there is none of that name.
    """
    if name not in CATALOG:
        raise InputError(f"no data set {name!r}", f"There are: {', '.join(CATALOG)}.")
    return CATALOG[name]
