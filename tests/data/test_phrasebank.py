"""Financial PhraseBank, in every dress in which copies of it go about."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from harness.data.catalog import PHRASEBANK
from harness.data.datasets import Loaded
from harness.data.phrasebank import NO_LABEL, NO_SENTENCE, NO_SEPARATOR, read_phrasebank
from harness.data.places import FoundFiles
from harness.data.splits import TWO_LABELS
from harness.errors import BadDataError
from tests.data.copies import SENTENCES, phrasebank_text, write
from tests.data.test_archives import zip_of

TEXT = phrasebank_text()
KAGGLE = "".join(f'{label},"{sentence}"\r\n' for sentence, label in SENTENCES)
TOP = "FinancialPhraseBank-v1.0"
ZIP = {
    f"{TOP}/Sentences_50Agree.txt": TEXT.encode("latin-1"),
    f"{TOP}/Sentences_AllAgree.txt": TEXT.encode("latin-1"),
    f"{TOP}/README.txt": b"",
    f"__MACOSX/{TOP}/._Sentences_50Agree.txt": b"\0",
    f"__MACOSX/{TOP}/Sentences_50Agree.txt": b"\0",
}
COPIES = {
    "latin1.txt": TEXT.encode("latin-1"),
    "utf8.txt": TEXT.encode(),
    "bom_crlf.txt": phrasebank_text(newline="\r\n").encode("utf-8-sig"),
    "kaggle.csv": KAGGLE.encode("latin-1"),
    "headed.csv": f"sentiment,sentence\n{KAGGLE}".encode(),
    "release.zip": zip_of(ZIP),
    "archive.zip": zip_of({"all-data.csv": KAGGLE.encode("latin-1")}),
}


def read(tmp_path: Path, name: str, data: bytes | str, agreement: str = "50") -> Loaded:
    form = {".zip": "zip", ".csv": "csv", ".txt": "text"}[Path(name).suffix]
    found = FoundFiles(form, {"all": write(tmp_path / name, data)})  # type: ignore[arg-type]
    return read_phrasebank(found, agreement)


def rows(loaded: Loaded) -> set[tuple[str, str]]:
    return {(e.text, e.target) for e in (*loaded.dataset.train, *loaded.dataset.test)}


@pytest.mark.parametrize("name", COPIES)
def test_all_copies_give_the_same_rows_in_the_same_splits(name: str, tmp_path: Path) -> None:
    loaded = read(tmp_path, name, COPIES[name])
    assert rows(loaded) == set(SENTENCES)
    assert loaded.dataset == read(tmp_path, "reference.txt", TEXT.encode("latin-1")).dataset
    assert loaded.reading.dropped == ()


def test_the_reading_names_the_member_the_encoding_and_that_nothing_is_pinned(
    tmp_path: Path,
) -> None:
    (source,) = read(tmp_path, "release.zip", COPIES["release.zip"]).reading.sources
    assert source.members == (f"{TOP}/Sentences_50Agree.txt",)
    assert (source.encoding, source.pin) == ("latin-1", "none")


def test_lines_that_are_no_rows_are_counted_and_named(tmp_path: Path) -> None:
    text = f"{TEXT}a line without the sign\n\n@neutral\nmail me@home .@angry\nme@work .@neutral\n"
    loaded = read(tmp_path, "x.txt", text)
    dropped = {d.reason: (d.rows, d.places) for d in loaded.reading.dropped}
    place = tmp_path / "x.txt"
    assert dropped == {
        NO_SEPARATOR: (1, (f"{place}:5",)),
        NO_SENTENCE: (1, (f"{place}:7",)),
        NO_LABEL: (1, (f"{place}:8",)),
    }
    assert rows(loaded) == {*SENTENCES, ("me@work .", "neutral")}


def test_a_unicode_line_separator_stands_inside_a_sentence(tmp_path: Path) -> None:
    loaded = read(tmp_path, "x.txt", "one\u2028two\x85three@neutral\n")
    assert rows(loaded) == {("one\u2028two\x85three", "neutral")}


def test_mojibake_is_left_as_it_is(tmp_path: Path) -> None:
    assert rows(read(tmp_path, "x.txt", "Ã¤ rose \xe4 .@positive\n".encode("latin-1"))) == {
        ("Ã¤ rose \xe4 .", "positive")
    }


def test_a_quoted_sentence_may_go_over_two_lines(tmp_path: Path) -> None:
    loaded = read(tmp_path, "x.csv", 'neutral,"one,\r\nwith ""two"" lines"\n')
    assert rows(loaded) == {('one,\nwith "two" lines', "neutral")}


def test_sentences_with_two_labels_are_dropped_and_repetitions_kept_once(tmp_path: Path) -> None:
    text = "a b@neutral\nA  b .@positive\nc d@neutral\nc d@neutral\n"
    loaded = read(tmp_path, "x.txt", text)
    assert rows(loaded) == {("c d", "neutral")}
    assert {d.reason: d.rows for d in loaded.reading.dropped} == {
        TWO_LABELS: 2,
        "a repetition of another row": 1,
    }


def test_counts_and_shares_that_are_not_the_published_ones_are_complained_of(
    tmp_path: Path,
) -> None:
    complaints = read(tmp_path, "x.txt", TEXT).reading.complaints
    assert complaints == (
        "agreement 50: 4 rows, published are 4846",
        "agreement 50: 1 negative (25.0%), published are 604 (12.5%)",
        "agreement 50: 2 neutral (50.0%), published are 2879 (59.4%)",
        "agreement 50: 1 positive (25.0%), published are 1363 (28.1%)",
    )


@pytest.mark.parametrize("agreement", ["all", "75", "66", "50"])
def test_published_counts_give_no_complaint(agreement: str, tmp_path: Path) -> None:
    counts = PHRASEBANK.published[agreement]
    assert sum(counts.labels.values()) == counts.rows
    text = "".join(
        f"{label} number {n}@{label}\n"
        for label, count in counts.labels.items()
        for n in range(count)
    )
    reading = read(tmp_path, "x.txt", text, agreement).reading
    assert reading.ok and reading.read == {"all": counts.rows}


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("x.txt", b"nothing of the kind\n", "no line of the form sentence@label"),
        ("x.csv", b"a,b,c\n", "x.csv:1: 3 fields; expected label,sentence"),
        ("x.zip", zip_of({"README.txt": b""}), "one member should be Sentences_50Agree.txt or all"),
        ("x.zip", b"<html>", "neither a zip nor a 7z archive"),
        ("x.zip", COPIES["release.zip"][:-30], "cut off or damaged"),
    ],
)
def test_what_is_not_phrasebank_is_one_clear_error(
    name: str, data: bytes, said: str, tmp_path: Path
) -> None:
    with pytest.raises(BadDataError, match=re.escape(said)):
        read(tmp_path, name, data)


def test_a_wrong_checksum_is_refused(tmp_path: Path) -> None:
    found = FoundFiles("text", {"all": write(tmp_path / "x.txt", TEXT)})
    with pytest.raises(BadDataError, match="wrong checksum"):
        read_phrasebank(found, "50", sha256="0" * 64)
