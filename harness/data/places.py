"""Where the files of a data set lie in a folder: looked for in one documented order."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from harness.data.catalog import KnownDataset, known_dataset
from harness.errors import BadDataError, InputError

Form = Literal["text", "zip", "csv", "7z", "tables"]

TEXT_NAMES = {
    "all": "Sentences_AllAgree.txt",
    "75": "Sentences_75Agree.txt",
    "66": "Sentences_66Agree.txt",
    "50": "Sentences_50Agree.txt",
}
KAGGLE_NAME = "all-data.csv"
SPLIT_NAMES = {
    "train": ("train",),
    "validation": ("validation", "val", "valid", "dev"),
    "test": ("test",),
}
TABLE_ENDINGS = (".jsonl", ".json", ".csv", ".parquet")
_PHRASEBANK_FOLDERS = (
    "phrasebank",
    "financial_phrasebank",
    "FinancialPhraseBank-v1.0",
    "FinancialPhraseBank",
    "",
)
_SAMSUM_FOLDERS = ("samsum", "SAMSum", "samsum/data", "samsum/corpus", "corpus")


@dataclass(frozen=True)
class FoundFiles:
    """Files that hold a data set.

    `files` has one file under the name `all`, or one for each of train, validation and test.
    """

    form: Form
    files: Mapping[str, Path]


def data_folder(given: Path | None) -> Path | None:
    """The folder that the user named: `given`, else `$HARNESS_DATA`, else None.

    Raises:
        InputError: it is no folder.
    """
    named = given if given is not None else os.environ.get("HARNESS_DATA")
    if not named:
        return None
    folder = Path(named).expanduser()
    if not folder.is_dir():
        what = "the data folder" if given is not None else "$HARNESS_DATA"
        raise InputError(f"{folder}: {what} is no folder", "Name one that is there.")
    return folder


def find_files(
    name: str, data_dir: Path, options: Mapping[str, object] | None = None
) -> FoundFiles:
    """The files of a data set in a folder.

    The first that is there is taken.

    `financial_phrasebank`, each in `phrasebank/`, `financial_phrasebank/`, `FinancialPhraseBank-v1.0/`,
    `FinancialPhraseBank/` and the folder itself:
      1. `Sentences_AllAgree.txt`, `Sentences_75Agree.txt`, … by the agreement asked for;
      2. `FinancialPhraseBank-v1.0.zip`, `data/FinancialPhraseBank-v1.0.zip` (a clone of the Hub's
         repository), any `*hrase*ank*.zip`;
      3. for `agreement: 50` only: `all-data.csv`, `archive.zip` (as Kaggle has them).
    `samsum`:
      1. `train`, `validation` (or `val`, `valid`, `dev`) and `test` as `.jsonl`, `.json`, `.csv` or
         `.parquet`, in `samsum/`, `SAMSum/`, `samsum/data/`, `samsum/corpus/`, `corpus/`, or in the folder
         itself if it is called samsum; all parts of one ending; validation may be missing;
      2. `corpus.7z`, `samsum.7z`, `samsum.zip`, in the same folders or the folder itself.

    Raises:
        InputError: no such data set or option.
        BadDataError: nothing of it is there; says what to put where.
    """
    entry = known_dataset(name)
    chosen = entry.choose(options or {})
    samsum = entry.name == "samsum"
    found = next(_samsum(data_dir) if samsum else _phrasebank(data_dir, **chosen), None)
    if found is None:
        raise BadDataError(_absence(entry, data_dir, chosen), f"Put there {entry.by_hand}.")
    return found


def _phrasebank(data_dir: Path, agreement: str) -> Iterator[FoundFiles]:
    folders = [data_dir / name for name in _PHRASEBANK_FOLDERS]
    yield from _existing("text", (folder / TEXT_NAMES[agreement] for folder in folders))
    for folder in folders:
        exact = (
            folder / "FinancialPhraseBank-v1.0.zip",
            folder / "data/FinancialPhraseBank-v1.0.zip",
        )
        yield from _existing("zip", (*exact, *sorted(folder.glob("*hrase*ank*.zip"))))
    if agreement == "50":
        yield from _existing("csv", (folder / KAGGLE_NAME for folder in folders))
        yield from _existing("zip", (folder / "archive.zip" for folder in folders))


def _samsum(data_dir: Path) -> Iterator[FoundFiles]:
    folders = [data_dir / name for name in _SAMSUM_FOLDERS]
    if "samsum" in data_dir.resolve().name.lower():
        folders.append(data_dir)
    for folder in folders:
        for ending in TABLE_ENDINGS:
            files = split_files(folder, ending)
            if "train" in files and "test" in files:
                yield FoundFiles("tables", files)
    for folder in (*folders, data_dir):
        yield from _existing("7z", (folder / "corpus.7z", folder / "samsum.7z"))
        yield from _existing("zip", (folder / "samsum.zip",))


def split_files(folder: Path, ending: str) -> dict[str, Path]:
    """The files of a folder that are parts of a data set, by part."""
    files: dict[str, Path] = {}
    for split, names in SPLIT_NAMES.items():
        for name in names:
            for file in (folder / f"{name}{ending}", folder / f"{name}-00000-of-00001{ending}"):
                if file.is_file():
                    files.setdefault(split, file)
    return files


def split_of(file: str) -> str | None:
    """The part that a file's name speaks of (`data/val.csv`, `samsum-train.csv`), if any."""
    stem = Path(file).stem.removesuffix("-00000-of-00001").lower()
    word = stem.replace("_", "-").split("-")[-1]
    return next((split for split, names in SPLIT_NAMES.items() if word in names), None)


def _existing(form: Form, files: Iterator[Path] | tuple[Path, ...]) -> Iterator[FoundFiles]:
    for file in files:
        if file.is_file():
            yield FoundFiles(form, {"all": file})


def _absence(entry: KnownDataset, data_dir: Path, chosen: Mapping[str, str]) -> str:
    options = "".join(f", {name}: {value}" for name, value in chosen.items())
    message = f"{data_dir}: no files of {entry.name}{options}"
    if entry.name == "financial_phrasebank":
        there = [value for value in TEXT_NAMES if next(_phrasebank(data_dir, value), None)]
        if there:
            message += f" (there is: {', '.join(there)})"
    return message
