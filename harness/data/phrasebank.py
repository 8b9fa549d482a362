"""Financial PhraseBank, from its text files, its zip, or Kaggle's CSV."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath

from harness.data.archives import read_members
from harness.data.catalog import PHRASEBANK
from harness.data.csv_rows import read_csv
from harness.data.datasets import Example, Loaded
from harness.data.decoding import clean_text, decode, lines
from harness.data.places import KAGGLE_NAME, TEXT_NAMES, FoundFiles
from harness.data.readings import Reading, SourceFile, Tally, count_labels, read_bytes, source_file
from harness.data.splits import Placed, split_by_text, split_readings, text_id
from harness.errors import BadDataError

NO_SEPARATOR = "a line without @"
NO_LABEL = "a line whose label is not negative, neutral or positive"
NO_SENTENCE = "an empty sentence"


def read_phrasebank(found: FoundFiles, agreement: str = "all", sha256: str | None = None) -> Loaded:
    """Reads the sentences of one agreement and splits them.

    The original files are latin-1, a line `sentence@label`; copies as UTF-8, with a byte order mark
    or with CRLF give the same sentences. A sentence's id, and whether it is tested, follow from the
    sentence alone, so a sentence of two agreements has one id and stands on one side.

    Args:
        found: where the file is (`find_files`).
        agreement: `all`, `75`, `66` or `50`.
        sha256: what the file's SHA-256 must be, if someone said so.

    Raises:
        BadDataError: the file is damaged, has another checksum, or holds no such sentences.
    """
    path = found.files["all"]
    data = read_bytes(path)
    tally = Tally()
    if found.form == "zip":
        member, content = _member(path, data, agreement)
        place, members = f"{path}/{member}", [member]
    else:
        place, members, content = str(path), [], data
    decoded = decode(content, place)
    table = place.endswith(".csv")
    rows = list((_from_csv if table else _from_lines)(place, decoded.text, tally))
    if not rows:
        raise BadDataError(
            f"{place}: no line of the form {'label,sentence' if table else 'sentence@label'}",
            "Is this Financial PhraseBank?",
        )
    source = source_file(
        path, data, PHRASEBANK.pins.get(path.name, ()), sha256, members, decoded.encoding
    )
    return _split(rows, agreement, source, tally)


def _split(rows: list[Placed], agreement: str, source: SourceFile, tally: Tally) -> Loaded:
    labels = count_labels(row.example.target for row in rows)
    dataset = replace(split_by_text(rows, tally), labels=PHRASEBANK.labels)
    reading = Reading(
        dataset=PHRASEBANK.name,
        options={"agreement": agreement},
        sources=(source,),
        read={"all": len(rows)},
        dropped=tally.dropped(),
        splits=split_readings(dataset),
        complaints=PHRASEBANK.published[agreement].complaints(
            f"agreement {agreement}", len(rows), labels
        ),
        notes=("PhraseBank has no official split: this one follows from the sentences alone",),
    )
    return Loaded(dataset, reading)


def _member(path: Path, data: bytes, agreement: str) -> tuple[str, bytes]:
    wanted = {TEXT_NAMES[agreement]}
    if agreement == "50":
        wanted.add(KAGGLE_NAME)
    members = read_members(path, data, lambda name: PurePosixPath(name).name in wanted)
    if len(members) != 1:
        found = ", ".join(sorted(members)) or "none of them"
        raise BadDataError(
            f"{path}: one member should be {' or '.join(sorted(wanted))}; found: {found}",
            "Is this the archive of Financial PhraseBank?",
        )
    return next(iter(members.items()))


def _from_lines(place: str, text: str, tally: Tally) -> Iterator[Placed]:
    for number, line in enumerate(lines(text), start=1):
        if not line.strip():
            continue
        sentence, separator, label = line.rpartition("@")
        if not separator:
            tally.drop(NO_SEPARATOR, f"{place}:{number}")
            continue
        yield from _row(sentence, label, f"{place}:{number}", tally)


def _from_csv(place: str, text: str, tally: Tally) -> Iterator[Placed]:
    for number, record in read_csv(Path(place), text):
        if len(record) != 2:
            raise BadDataError(
                f"{place}:{number}: {len(record)} fields; expected label,sentence",
                "Is this Kaggle's all-data.csv?",
            )
        label, sentence = record
        if number == 1 and label.strip().lower() in ("sentiment", "label"):
            continue
        yield from _row(sentence, label, f"{place}:{number}", tally)


def _row(sentence: str, label: str, place: str, tally: Tally) -> Iterator[Placed]:
    label = label.strip().casefold()
    text = clean_text(sentence)
    if label not in PHRASEBANK.labels:
        tally.drop(NO_LABEL, place)
    elif not text:
        tally.drop(NO_SENTENCE, place)
    else:
        yield Placed(Example(text_id(text, "pb-"), text, label), place)
