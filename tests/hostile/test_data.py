"""Data of a user's own that cannot be read, or lies about what it is."""

from __future__ import annotations

import gzip
import io
import json
import zipfile

import pyarrow
import pytest
from pyarrow import parquet

from tests.hostile.cases import AsProcesses, Case, processes

__all__ = ["processes"]

SUITE = """\
name: own
models:
  base: {{source: starter}}
tasks:
  own:
    type: classify
    dataset: {{file: {file}, prompt: "{prompt}", target: "{target}"}}
"""
ROWS = "".join(f"text number {n},{'good' if n % 2 else 'bad'}\n" for n in range(40))
TABLE = f"text,label\n{ROWS}"
LINES = "".join(
    json.dumps({"text": f"text number {n}", "label": str(n % 2)}) + "\n" for n in range(40)
)


def packed(member: str, data: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(member, data)
    return buffer.getvalue()


def rows_of_nothing(count: int) -> bytes:
    buffer = io.BytesIO()
    parquet.write_table(pyarrow.table({"text": pyarrow.nulls(count)}), buffer)
    return buffer.getvalue()


def table(columns: dict[str, object]) -> bytes:
    buffer = io.BytesIO()
    parquet.write_table(pyarrow.table(columns), buffer)
    return buffer.getvalue()


FILES: dict[str, tuple[str, str | bytes, str]] = {
    "missing": ("other.csv", TABLE, r"t\.csv"),
    "empty": ("t.csv", "", "t.csv"),
    "only a header": ("t.csv", "text,label\n", "t.csv"),
    "NUL bytes": ("t.csv", bytes(500), "t.csv"),
    "a GGUF": ("t.csv", b"GGUF\3\0\0\0" + bytes(range(256)) * 8, "t.csv"),
    "a picture": ("t.csv", b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "t.csv"),
    "gzip": ("t.csv", gzip.compress(TABLE.encode()), "compressed by gzip"),
    "a bomb of gzip": ("t.csv", gzip.compress(bytes(50_000_000)), "compressed by gzip"),
    "a workbook": ("t.csv", packed("xl/workbook.xml", b"<x/>"), "an Excel workbook or a ZIP"),
    "a bomb of ZIP": ("t.csv", packed("t.csv", bytes(50_000_000)), "an Excel workbook or a ZIP"),
    "Parquet by another name": ("t.csv", rows_of_nothing(2), "ending in .parquet|end in .parquet"),
    "JSON by another name": ("t.csv", json.dumps([{"text": "a"}]), "this is JSON"),
    "a page": ("t.csv", "<!doctype html><html><body>Not found</body></html>\n", "t.csv"),
    "semicolons": ("t.csv", TABLE.replace(",", ";"), "semicolons"),
    "a row too long": ("t.csv", TABLE + "a,b,c\n", r"t\.csv:42: 3 fields where the header has 2"),
    "a row too short": ("t.csv", TABLE + "a\n", r"t\.csv:42: 1 field"),
    "an open quote": ("t.csv", TABLE + '"a,b\n', r"t\.csv:42: not CSV"),
    "a column twice": ("t.csv", TABLE.replace("text,label", "text,text"), "twice"),
    "no such column": ("t.csv", TABLE.replace("text,label", "words,label"), "text"),
    "no target": ("t.csv", TABLE.replace("text,label", "text,verdict"), "label"),
    "texts without end": ("t.csv", "text,label\n" + "x" * 2_000_000 + ",good", "own"),
    "a field of quotes": ("t.csv", 'text,label\n"' + '""' * 100_000, r"not CSV"),
    "lines cut off": ("t.jsonl", LINES + '{"text": "a', r"t\.jsonl:41: not JSON"),
    "lines of lists": ("t.jsonl", LINES + "[1]\n", r"t\.jsonl:41: a row must be an object"),
    "lines of null": ("t.jsonl", "null\n" * 4, r"t\.jsonl:1: a row must be an object"),
    "lines nested deep": ("t.jsonl", '{"a": ' * 50_000, r"t\.jsonl:1: not JSON"),
    "a number of 5,000 digits": ("t.jsonl", '{"text": ' + "9" * 5000 + "}\n", r"t\.jsonl:1: not JSON"),
    "an array as lines": ("t.jsonl", json.dumps([{"text": "a"}] * 3), "this is an array"),
    "not UTF-8": ("t.jsonl", b'{"text": "\xff\xfe\xfd\x81"}\n', "t.jsonl"),
    "half a letter": ("t.jsonl", '{"text": "\\ud800", "label": "a"}\n' * 40, "own|t.jsonl"),
    "an array not closed": ("t.json", '[{"text": "a"},', r"t\.json:1"),
    "an array nested deep": ("t.json", "[" * 50_000, r"t\.json:1: not JSON"),
    "objects nested deep": ("t.json", '{"a":' * 50_000, r"t\.json: not JSON"),
    "an object": ("t.json", '{"a": 1}', "not an array of rows"),
    "two lists": ("t.json", '{"a": [], "b": []}', "not an array of rows"),
    "a text": ("t.json", '"hello"', "not an array of rows"),
    "text behind it": ("t.json", '[{"text": "a"}] more', "more text follows"),
    "no Parquet": ("t.parquet", b"PAR1" + bytes(100) + b"PAR1", "not a Parquet file, or damaged"),
    "an empty Parquet": ("t.parquet", b"", "not a Parquet file, or damaged"),
    "Parquet cut off": ("t.parquet", rows_of_nothing(1000)[:-40], "not a Parquet file, or damaged"),
    "a bomb of Parquet": ("t.parquet", rows_of_nothing(20_000_000), "unpack to 20,000,000 rows"),
    "Parquet of lists": ("t.parquet", table({"text": [[1, 2]] * 9, "label": ["a"] * 9}), "own|t.par"),
    "a workbook by name": ("t.xlsx", packed("xl/workbook.xml", b"<x/>"), "Save the sheet as CSV"),
    "gzip by name": ("t.csv.gz", gzip.compress(TABLE.encode()), "Unpack it first"),
    "a ZIP by name": ("t.zip", packed("t.csv", TABLE.encode()), "Unpack it first"),
    "a pickle": ("t.pkl", b"\x80\x04\x95", "not a table"),
    "Python": ("t.py", "print(1)", "not a table"),
    "no ending": ("t", TABLE, "not a table"),
}  # fmt: skip
TEMPLATES: dict[str, tuple[str, str]] = {
    "not closed": ("{{ text", "own"),
    "a tag not closed": ("{% if text %}", "own"),
    "an unknown tag": ("{% run %}", "own"),
    "an unknown filter": ("{{ text | shout }}", "shout"),
    "an unknown column": ("{{ nothing }}", "nothing"),
    "attributes of Python": ("{{ text.__class__.__mro__ }}", "own"),
    "a loop without end": (
        "{% for a in range(99999) %}{% for b in range(99999) %}{{ b }}{% endfor %}{% endfor %}",
        "own",
    ),
    "a product": ("{{ text * 999999999 }}", "own"),
    "a power": ("{{ 9 ** 99999999 }}", "own"),
    "a circle of macros": ("{% macro a() %}{{ a() }}{% endmacro %}{{ a() }}", "own"),
    "an include": ("{% include '/etc/passwd' %}", "own"),
    "an import": ("{% import 'os' as os %}", "own"),
    "parentheses": ("{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}", "own"),
    "nothing written": ("{# nothing #}", "own"),
}


@pytest.mark.parametrize("name", FILES)
def test_data_that_cannot_be_read(name: str, processes: AsProcesses) -> None:
    file, content, says = FILES[name]
    named = "t.csv" if name == "missing" else file
    suite = SUITE.format(file=named, prompt="{{ text }}", target="{{ label }}")
    files = {"suite.yaml": suite, file: content}
    processes.check(Case(("plan", "{here}/suite.yaml", "--no-probe"), says, files))


@pytest.mark.parametrize("place", ["prompt", "target"])
@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_that_cannot_be_rendered(name: str, place: str, processes: AsProcesses) -> None:
    template, says = TEMPLATES[name]
    given = {"prompt": "{{ text }}", "target": "{{ label }}", place: template}
    suite = SUITE.format(file="t.csv", **given)
    files = {"suite.yaml": suite, "t.csv": TABLE}
    processes.check(Case(("plan", "{here}/suite.yaml", "--no-probe"), says, files))
