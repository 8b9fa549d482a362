"""Records with a seal: what was changed since it was written is none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.sealed import ChangedError, lines_in, opened, read_sealed, sealed_line, write_sealed

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda of: st.lists(of, max_size=3) | st.dictionaries(st.text(), of, max_size=3),
    max_leaves=8,
)  # fmt: skip
RECORDS = st.dictionaries(st.text().filter(lambda key: key != "seal"), PLAIN, min_size=1)


@given(RECORDS)
def test_a_record_comes_back_as_it_was(data: dict[str, Any]) -> None:
    file = Path("/dev/shm/harness-test-sealed.json")
    try:
        write_sealed(file, data)
        found = read_sealed(file)
    finally:
        file.unlink(missing_ok=True)
    assert found.sealed and found.data == data


@given(RECORDS, st.data())
def test_a_line_with_one_bit_flipped_is_left_out(data: dict[str, Any], draw: st.DataObject) -> None:
    line = sealed_line(json.dumps(data)).encode()
    assert [json.loads(of) for of in lines_in(line + b"\n" + line)] == [data, data]
    place = draw.draw(st.integers(0, 8 * len(line) - 1))
    flipped = bytearray(line)
    flipped[place // 8] ^= 1 << place % 8
    found = lines_in(bytes(flipped) + b"\n" + line)
    assert [json.loads(of) for of in found] == [data]


def test_a_record_of_an_earlier_version_has_no_seal() -> None:
    assert not opened(b'{"a": 1}').sealed


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda of: of.replace(b"0.5", b"0.6"), "is not what was written into it"),
        (lambda of: of[:-20], "is not JSON"),
        (lambda of: of.replace(b"accuracy", b"accur\xffcy"), "is not what was written into it"),
        (lambda of: b"\xff\xfe" + of[:40], "is not UTF-8"),
        (lambda of: b"", "is empty"),
        (lambda of: b"[1]", "is not what was written into it"),
        (lambda of: json.dumps(json.loads(of)).encode(), "is not what was written into it"),
    ],
)
def test_what_was_changed_is_said(tmp_path: Path, change: Any, fault: str) -> None:
    file = tmp_path / "result.json"
    write_sealed(file, {"accuracy": 0.5, "n": 3})
    file.write_bytes(change(file.read_bytes()))
    with pytest.raises(ChangedError) as caught:
        read_sealed(file)
    assert str(caught.value) == fault
    file.unlink()
    file.mkdir()
    with pytest.raises(ChangedError, match="is a folder"):
        read_sealed(file)
