"""SAMSum, from plain tables or its archive."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from harness.data.archives import read_members
from harness.data.catalog import SAMSUM
from harness.data.datasets import Example, Loaded
from harness.data.decoding import clean_text
from harness.data.places import FoundFiles, split_of
from harness.data.readings import Reading, SourceFile, Tally, read_bytes, source_file
from harness.data.splits import Placed, keep_apart, split_readings, text_id, with_own_ids
from harness.data.tables import DataTable, is_table, parse_table, read_table
from harness.errors import BadDataError

NO_DIALOGUE = "an empty dialogue"
NO_SUMMARY = "an empty summary"


def read_samsum(found: FoundFiles, sha256: Mapping[str, str] | None = None) -> Loaded:
    """Reads SAMSum with its own splits, less what train shares with validation and test.

    Line breaks inside dialogues become `\\n`. Rows without dialogue or summary are left out.

    Args:
        found: where the files are (`find_files`).
        sha256: by file name, what its SHA-256 must be, if someone said so.

    Raises:
        BadDataError: a file is damaged, has another checksum, or lacks the columns; no train or test
            part is there.
    """
    expected = sha256 or {}
    if found.form == "tables":
        tables = {
            split: read_table(path, expected.get(path.name), SAMSUM.pins.get(path.name, ()))
            for split, path in found.files.items()
        }
        sources = tuple(table.source for table in tables.values())
    else:
        tables, source = _from_archive(found.files["all"], expected)
        sources = (source,)
    for split in ("train", "test"):
        if split not in tables:
            raise BadDataError(f"{sources[0].path}: no {split} part", "Is this SAMSum?")
    return _keep_apart(tables, sources)


def _keep_apart(tables: Mapping[str, DataTable], sources: tuple[SourceFile, ...]) -> Loaded:
    tally, seen = Tally(), set[str]()
    rows = {
        split: with_own_ids(_rows(split, tables[split], tally), seen)
        for split in ("test", "validation", "train")
        if split in tables
    }
    kept = keep_apart(rows["train"], rows["test"], rows.get("validation", []), tally, "dialogue")
    notes = [note for table in tables.values() for note in table.notes]
    if "validation" not in tables:
        notes.append("this copy has no validation part; train rows that stand there are not found")
    reading = Reading(
        dataset=SAMSUM.name,
        options={},
        sources=sources,
        read={split: len(table.rows) for split, table in tables.items()},
        dropped=tally.dropped(),
        splits=split_readings(kept),
        complaints=tuple(
            complaint
            for split, table in tables.items()
            for complaint in SAMSUM.published[split].complaints(split, len(table.rows), {})
        ),
        notes=tuple(notes),
    )
    return Loaded(kept, reading)


def _from_archive(
    path: Path, expected: Mapping[str, str]
) -> tuple[dict[str, DataTable], SourceFile]:
    data = read_bytes(path)
    source_file(path, data, expected=expected.get(path.name))
    members = read_members(path, data, lambda name: is_table(name) and split_of(name) is not None)
    tables: dict[str, DataTable] = {}
    for name, content in members.items():
        split = split_of(name) or ""
        if split in tables:
            raise BadDataError(f"{path}: more than one member is the {split} part: {name}")
        tables[split] = parse_table(path / name, content)
    return tables, source_file(path, data, members=sorted(members))


def _rows(split: str, table: DataTable, tally: Tally) -> Iterator[Placed]:
    for row, place in zip(table.rows, table.places, strict=True):
        for column in ("dialogue", "summary"):
            if column not in row:
                columns = ", ".join(map(str, row)) or "none"
                raise BadDataError(
                    f"{place}: no column {column!r}; the columns are: {columns}",
                    "Is this SAMSum?",
                )
        dialogue, summary = (_text(row[column], place) for column in ("dialogue", "summary"))
        if not dialogue:
            tally.drop(f"{split}: {NO_DIALOGUE}", place)
        elif not summary:
            tally.drop(f"{split}: {NO_SUMMARY}", place)
        else:
            name = str(row.get("id") or "") or text_id(dialogue, "ss-")
            yield Placed(Example(name, dialogue, summary), place)


def _text(value: object, place: str) -> str:
    if value is not None and not isinstance(value, str):
        raise BadDataError(f"{place}: dialogue and summary must be texts, not {value!r}")
    return clean_text(value or "")
