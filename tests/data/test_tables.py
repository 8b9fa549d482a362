"""Tables in the usual files, and in damaged ones."""

from __future__ import annotations

import bz2
import csv
import io
import json
import lzma
from pathlib import Path
from typing import Any

import pyarrow
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from harness.data.tables import TableFormat, is_table, parse_table, read_table
from harness.errors import BadDataError, HarnessError, InputError
from tests.data.copies import write

ROWS = [{"a": "x, y", "b": 'says "no"\nand goes'}, {"a": "Föhn\u2028", "b": ""}]


def _csv(rows: list[dict[str, str]], delimiter: str = ",") -> bytes:
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, list(rows[0]), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def _parquet(rows: list[dict[str, str]]) -> bytes:
    out = io.BytesIO()
    parquet.write_table(pyarrow.Table.from_pylist(rows), out)
    return out.getvalue()


def _json_lines(rows: list[dict[str, str]]) -> bytes:
    return "\n".join(json.dumps(row, ensure_ascii=False) for row in rows).encode()


FILES = {
    "t.csv": _csv(ROWS),
    "t.tsv": _csv(ROWS, "\t"),
    "bom.csv": b"\xef\xbb\xbf" + _csv(ROWS),
    "t.json": json.dumps(ROWS, indent=1).encode(),
    "wrapped.json": json.dumps({"version": 1, "data": ROWS}).encode(),
    "lines.json": _json_lines(ROWS),
    "t.jsonl": _json_lines(ROWS),
    "crlf.jsonl": _json_lines(ROWS).replace(b"\n", b"\r\n") + b"\r\n\r\n",
    "T.PARQUET": _parquet(ROWS),
}


@pytest.mark.parametrize("name", FILES)
def test_all_forms_give_the_same_rows(name: str, tmp_path: Path) -> None:
    table = read_table(write(tmp_path / name, FILES[name]))
    assert list(table.rows) == ROWS
    assert table.columns == ("a", "b")
    assert table.notes == ()
    assert len(table.places) == 2


def test_places_are_the_lines_where_rows_begin(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", b'a,b\n1,"x\ny"\n\n2,z\n')
    assert read_table(path).places == (f"{path}:2", f"{path}:5")
    path = write(tmp_path / "t.json", b'[\n\n {"a":\n1},\n {"a": 2}]')
    assert read_table(path).places == (f"{path}:3 (row 1)", f"{path}:5 (row 2)")


def test_latin1_is_read_and_said() -> None:
    table = parse_table(Path("t.csv"), "a\nFöhn\n".encode("latin-1"))
    assert table.rows == ({"a": "Föhn"},)
    assert "latin-1" in table.notes[0]


def test_an_index_column_without_a_name_gets_one() -> None:
    assert parse_table(Path("t.csv"), b",a\n0,x\n").columns == ("column1", "a")


def test_empty_tables_have_no_rows() -> None:
    for name, data in (("t.csv", b""), ("t.json", b"[ ]"), ("t.jsonl", b"\n")):
        assert parse_table(Path(name), data).rows == ()


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("t.csv", b"a,b\n1,2\n1,2,3\n", "t.csv:3: 3 fields where the header has 2"),
        ("t.csv", b'a,b\n1,"open\n2,3\n', "t.csv:2: not CSV"),
        ("t.csv", b"a,a\n1,2\n", "column 'a' stands in the header twice"),
        ("t.jsonl", b'{"a": 1}\n{"a": \n', "t.jsonl:2: not JSON"),
        (
            "t.jsonl",
            b'{"a": 1}\n[1]\n',
            "t.jsonl:2: a row must be an object of columns, not an array",
        ),
        ("t.jsonl", b"[" * 100_000, "t.jsonl:1: not JSON"),
        ("t.json", b'[{"a": 1},\n{"a": 2', "t.json:2: not JSON"),
        ("t.json", b'[{"a": 1}', "the array is not closed"),
        ("t.json", b'[{"a": 1}] x', "more text follows"),
        ("t.json", b'[{"a": 1},\n7]', r"t.json:2 (row 2): a row must be an object"),
        ("t.json", b'{"a": [1], "b": [2]}', "not an array of rows"),
        ("t.json", b"7", "not an array of rows"),
        ("t.json", b"", "not JSON"),
        ("t.parquet", b"PAR1 and no more", "not a Parquet file, or damaged"),
        ("t.parquet", _parquet(ROWS)[:-20], "not a Parquet file, or damaged"),
    ],
)
def test_damage_is_named_by_file_and_line(name: str, data: bytes, said: str) -> None:
    with pytest.raises(BadDataError) as raised:
        parse_table(Path(name), data)
    assert said in raised.value.message


def test_a_wrong_checksum_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "a\n1\n")
    good = read_table(path).source.sha256
    assert read_table(path, good.upper()).source.sha256 == good
    with pytest.raises(BadDataError, match="wrong checksum"):
        read_table(path, "0" * 64)


def test_missing_files_and_other_endings_are_input_errors(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        read_table(tmp_path / "t.csv")
    with pytest.raises(InputError, match="not a table") as raised:
        read_table(write(tmp_path / "t.xlsx", b""))
    assert ".parquet" in raised.value.hint
    assert is_table("x.JSONL") and not is_table("x.txt")


@given(
    name=st.sampled_from(["t.csv", "t.tsv", "t.json", "t.jsonl", "t.parquet"]),
    data=st.binary(max_size=200)
    | st.text(alphabet='[]{}",:\n\r\\u0a1 ', max_size=60).map(str.encode),
)
def test_any_bytes_give_rows_or_one_clear_error(name: str, data: bytes) -> None:
    try:
        table = parse_table(Path(name), data)
    except HarnessError as error:
        assert name in error.message
    else:
        assert len(table.rows) == len(table.places)


cells = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)


@given(st.lists(st.fixed_dictionaries({"a": cells, "b": cells}), min_size=1, max_size=5))
def test_rows_survive_csv_and_json(rows: list[dict[str, Any]]) -> None:
    assert list(parse_table(Path("t.csv"), _csv(rows)).rows) == rows
    assert list(parse_table(Path("t.json"), json.dumps(rows).encode()).rows) == rows
    assert list(parse_table(Path("t.jsonl"), _json_lines(rows)).rows) == rows


@pytest.mark.parametrize(
    ("name", "data", "said", "hint"),
    [
        ("t.csv", "text;label\nso; so;pos\n", "t.csv:1: the header 'text;label'", 'delimiter: ";"'),
        ("t.csv", '"text";"label"\n"so, so";"pos"\n', "parted by semicolons", 'delimiter: ";"'),
        ("t.csv", '"text, long";"label"\na;b\n', "parted by semicolons", 'delimiter: ";"'),
        ("t.csv", "sep=;\r\ntext;label\r\na;b\r\n", "a note to Excel", 'delimiter: ";"'),
        ("t.jsonl", '{\n"a": 1\n}\n', "t.jsonl:1: not JSON", "A row is one line"),
        ("t.json", '{"text": {"0": "a"}}', "not an array of rows", "orient"),
        ("t.csv", "text\tlabel\na\tb\n", "parted by tabs, not commas", 'delimiter: "\\t"'),
        ("t.tsv", "text,label\na,b\n", "parted by commas, not tabs", 'delimiter: ","'),
        ("t.csv", "text|label\na|b\n", "parted by bars", 'delimiter: "|"'),
        ("t.csv", '{"text": "a"}\n', "this is JSON", ".jsonl"),
        ("t.jsonl", '[\n {"a": 1},\n {"a": 2}\n]', "t.jsonl:1: this is an array", ".json"),
        ("t.tsv", 'a\tb\n"open\t1\nc\t2\nclose"\t3\n', "t.tsv:2: a quote that opens here", "JSON lines"),
        ("t.csv", "a,b\nx,y\n".encode("utf-16-le"), "t.csv:1: it holds NUL", "utf-16-le"),
        ("t.csv", "a,b\nПрибыль выросла,рост\n".encode("cp1251"), "beyond ASCII", "windows-1251"),
        ("t.csv", "a,b\nFöhn über Köln,é\n".encode() + b"x,\xff\n", "t.csv:3: not utf-8", "UTF-8"),
        ("t.csv", b"PK\x03\x04....", "an Excel workbook", "CSV (UTF-8)"),
        ("t.jsonl", b"\x1f\x8b..", "compressed by gzip", "Unpack"),
        ("t.jsonl", b"\x28\xb5\x2f\xfd..", "compressed by zstandard", "Unpack"),
        ("t.csv", bz2.compress(bytes(10**6)), "compressed by bzip2", "Unpack"),
        ("t.csv", lzma.compress(bytes(10**6)), "compressed by xz", "Unpack"),
        ("t.csv", b"7z\xbc\xaf\x27\x1c", "a 7z archive", "Unpack"),
        ("t.csv", b"PAR1..", "but Parquet", ".parquet"),
    ],
)  # fmt: skip
def test_what_a_file_really_is_is_said(name: str, data: str | bytes, said: str, hint: str) -> None:
    with pytest.raises(BadDataError) as raised:
        given = data if isinstance(data, bytes) else data.encode()
        parse_table(Path(name), given, form=TableFormat())
    assert said in raised.value.message and hint in raised.value.hint


@pytest.mark.parametrize(
    ("name", "what", "hint"),
    [("t.xlsx", "a workbook", "CSV"), *((f"t.jsonl.{how}", "compressed", "Unpack") for how in ("gz", "xz", "bz2", "zst", "7z", "tar", "tgz")), ("t", "a folder", "file")],
)  # fmt: skip
def test_what_cannot_be_a_table_is_said_by_its_name(
    name: str, what: str, hint: str, tmp_path: Path
) -> None:
    (tmp_path / "t").mkdir()
    if "." in name:
        write(tmp_path / name, b"")
    with pytest.raises(InputError, match=what) as raised:
        read_table(tmp_path / name)
    assert hint in raised.value.hint


def test_a_delimiter_and_an_encoding_can_be_given() -> None:
    form = TableFormat(delimiter=";", encoding="windows-1251")
    data = 'text;label\n"рост; спад";да\n'.encode("cp1251")
    table = parse_table(Path("t.csv"), data, form=form)
    assert table.rows == ({"text": "рост; спад", "label": "да"},) and table.notes == ()
    with pytest.raises(InputError, match="only CSV and TSV"):
        parse_table(Path("t.jsonl"), b"", form=form)
    with pytest.raises(BadDataError, match=r"t\.csv:2: not utf-8"):
        parse_table(Path("t.csv"), data, form=TableFormat(";", "utf-8"))


def test_quotes_of_windows_are_read_and_said() -> None:
    table = parse_table(Path("t.csv"), "a\n“so” – Föhn\n".encode("cp1252"))
    assert table.rows[0]["a"] == "“so” – Föhn"
    assert table.notes == ("t.csv is not UTF-8 and was read as windows-1252",)


def test_a_guessed_encoding_is_said_with_the_key_that_sets_it() -> None:
    table = parse_table(Path("t.csv"), "a\nFöhn\n".encode("latin-1"), form=TableFormat())
    assert table.notes == (
        "t.csv is not UTF-8 and was read as latin-1: set its `encoding` if letters are wrong",
    )
