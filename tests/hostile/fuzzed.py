"""What is fuzzed: readers of what strangers wrote, each with what makes its input and what it may raise."""

from __future__ import annotations

import copy
import json
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from harness.data.tables import parse_table
from harness.data.templates import RowTemplate
from harness.engines.gguf_file import gguf_info
from harness.engines.safetensors_header import read_safetensors
from harness.results.store import read_summary
from harness.runner.known import known
from harness.suite.reader import parse_suite
from tests.hostile.gguf_made import LAYOUTS, STRING, Gguf, Value, small
from tests.hostile.test_suites import SUITE
from tests.reporting.fixture import quickstart

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
WORDS = [
    "[", "]", "{", "}", ": ", "- ", "\n", "  ", "&a ", "*a", "<<", "!!set ", "!!binary ", "!!int ", "? ", "| ", "> ", '"', "'",
    "#", "%", "\t", "null", ".nan", "-1", "1e400", "0x7fffffffffffffffffff", "2001-01-01", "true", "name", "models", "tasks",
    "source", "from", "gates", "\0", "\ud800", "---\n", "é", "..",
]  # fmt: skip
JINJA = [
    "{{", "}}", "{%", "%}", "{#", "#}", "text", "label", " | ", "upper", "join", "map", "(", ")", "[", "]", "'a'", "9", "**", "*",
    "+", "~", ".", "__class__", "for a in ", "range(9)", "endfor", "if ", "endif", "set x = ", "macro a()", "endmacro", "a()",
    "loop", "\n", "-", ",", "is defined", "not ", "%",
]  # fmt: skip


@dataclass(frozen=True)
class Target:
    """A reader: what is given to it, and how; anything but a `HarnessError` that it raises is a fault."""

    inputs: st.SearchStrategy[Any]
    read: Callable[[Any], object]


@st.composite
def spliced(draw: st.DrawFn, text: str, words: Sequence[str]) -> str:
    """A text into which a few words were put, over some of what stood there."""
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(text)))
        over = draw(st.integers(0, 12))
        put = "".join(draw(st.lists(st.sampled_from(words) | st.text(max_size=3), max_size=4)))
        text = text[:at] + put + text[at + over :]
    return text


@st.composite
def damaged(draw: st.DrawFn, whole: bytes) -> bytes:
    """Bytes of which some are others, missing, or too many."""
    data = bytearray(whole)
    for _ in range(draw(st.integers(1, 5))):
        at = draw(st.integers(0, len(data)))
        over = draw(st.integers(0, 9))
        data[at : at + over] = draw(st.binary(max_size=9))
    return bytes(data[: draw(st.integers(0, len(data)) | st.just(len(data)))])


@st.composite
def with_other_parts(draw: st.DrawFn, whole: Any) -> Any:
    """Plain data in which a few places hold something else."""
    data = copy.deepcopy(whole)
    for _ in range(draw(st.integers(1, 3))):
        place = data
        for _ in range(draw(st.integers(0, 6))):
            inner = [of for of in _parts(place).values() if isinstance(of, (dict, list)) and of]
            if not inner:
                break
            place = draw(st.sampled_from(inner))
        keys = list(_parts(place))
        if keys:
            place[draw(st.sampled_from(keys))] = draw(JSON)
    return data


def _parts(of: Any) -> dict[Any, Any]:
    return of if isinstance(of, dict) else dict(enumerate(of))


@st.composite
def lying_ggufs(draw: st.DrawFn) -> bytes:
    """A small Llama of which a few fields say something else."""
    gguf: Gguf = small()
    for _ in range(draw(st.integers(1, 4))):
        key = draw(st.sampled_from(list(gguf.values)))
        value = gguf.values[key]
        match draw(st.integers(0, 4)):
            case 0:
                gguf.values[key] = Value(STRING, draw(st.binary(max_size=20)))
            case 1:
                kind = draw(st.sampled_from(list(LAYOUTS)))
                gguf.values[key] = Value(kind, 1)
            case 2:
                value.count = draw(st.integers(0, 2**64 - 1))
            case 3:
                of = draw(st.sampled_from(gguf.tensors))
                of.shape = tuple(draw(st.lists(st.integers(0, 2**64 - 1), max_size=5)))
            case 4:
                of = draw(st.sampled_from(gguf.tensors))
                of.offset, of.type = draw(st.integers(0, 2**64 - 1)), draw(st.integers(0, 50))
    return gguf.packed()


@cache
def _folder() -> Path:
    return Path(tempfile.mkdtemp(prefix="harness-fuzz-"))


def _file(name: str, data: bytes) -> Path:
    file = _folder() / name
    file.write_bytes(data)
    return file


def _rendered(given: tuple[str, str]) -> object:
    template = RowTemplate("prompt", given[0])
    return template.render({"text": given[1], "label": "good"}, "row 1")


def _table(given: tuple[str, bytes]) -> object:
    return parse_table(Path(f"t{given[0]}"), given[1])


_CSV = b'text,label\n"a, b",good\nc,bad\n'
_LINES = b'{"text": "a", "label": "good"}\n{"text": "b", "label": "bad"}\n'
_HEADER = {
    "a": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]},
    "b": {"dtype": "BF16", "shape": [4], "data_offsets": [24, 32]},
}


def _safetensors(header: Any) -> bytes:
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + bytes(32)


def targets() -> dict[str, Target]:
    """Every reader by its name."""
    summary = json.loads(quickstart().model_dump_json())
    tables = st.sampled_from([(".csv", _CSV), (".tsv", _CSV.replace(b",", b"\t")), (".jsonl", _LINES), (".json", b"[%b]" % _LINES.replace(b"\n", b",")[:-1])])  # fmt: skip
    return {
        "suite": Target(
            spliced(SUITE, WORDS) | st.text(max_size=200),
            lambda text: parse_suite(text, Path("suite.yaml"), known()),
        ),
        "data": Target(
            tables.flatmap(lambda of: st.tuples(st.just(of[0]), damaged(of[1]))), _table
        ),
        "results": Target(
            with_other_parts(summary).map(lambda data: json.dumps(data).encode())
            | damaged(json.dumps(summary).encode()),
            lambda data: read_summary(_file("summary.json", data)),
        ),
        "gguf": Target(
            lying_ggufs() | damaged(small().packed()), lambda data: gguf_info(_file("x.gguf", data))
        ),
        "safetensors": Target(
            with_other_parts(_HEADER).map(_safetensors) | damaged(_safetensors(_HEADER)),
            lambda data: read_safetensors(_file("x.safetensors", data)),
        ),
        "templates": Target(
            st.tuples(spliced("{{ text }} {% if label %}{{ label }}{% endif %}", JINJA), st.text()),
            _rendered,
        ),
    }
