"""Archives from elsewhere: cut off, damaged, or made to harm."""

from __future__ import annotations

import io
import struct
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import py7zr
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.data import archives
from harness.data.archives import read_members
from harness.errors import BadDataError, HarnessError
from tests.data.seven_zip import seven_zip

GOOD = {"top/rows.txt": b"some rows " * 50, "top/more.txt": b"more"}


def zip_of(members: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


def read(data: bytes, wanted: Callable[[str], bool] = lambda name: True) -> dict[str, bytes]:
    return read_members(Path("a.zip"), data, wanted)


MAKERS = [
    pytest.param(zip_of, id="zip"),
    pytest.param(seven_zip, id="7z"),
]
Maker = Callable[[dict[str, bytes]], bytes]


@pytest.mark.parametrize("make", MAKERS)
def test_wanted_members_are_read(make: Maker) -> None:
    assert read(make(GOOD)) == GOOD
    assert read(make(GOOD), lambda name: name.endswith("more.txt")) == {"top/more.txt": b"more"}


@pytest.mark.parametrize("make", MAKERS)
def test_what_macos_adds_is_no_member(make: Maker) -> None:
    extra = {"__MACOSX/top/._rows.txt": b"\0", "__MACOSX/rows.txt": b"\0", "top/._rows.txt": b"\0"}
    assert read(make({**extra, **GOOD})) == GOOD


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize(
    "name",
    [
        "../rows.txt",
        "a/../../rows.txt",
        "/rows.txt",
        "C:/rows.txt",
        "..\\rows.txt",
        "\\\\host\\rows",
    ],
)
def test_a_name_that_escapes_condemns_the_archive_even_if_not_wanted(
    make: Maker, name: str
) -> None:
    with pytest.raises(BadDataError, match="outside its folder"):
        read(make({**GOOD, name: b"x"}), lambda member: member == "top/rows.txt")


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("keep", [0.1, 0.5, 0.95])
def test_a_truncated_archive_is_one_clear_error(make: Maker, keep: float) -> None:
    data = make(GOOD)
    with pytest.raises(BadDataError, match=r"a\.zip: a \w+ archive that is cut off or damaged"):
        read(data[: int(len(data) * keep)])


@pytest.mark.parametrize("make", MAKERS)
def test_damaged_contents_are_one_clear_error(make: Maker) -> None:
    data = bytearray(make(GOOD))
    for at in range(45, 55):
        data[at] ^= 0xFF
    with pytest.raises(BadDataError, match="damaged"):
        read(bytes(data))


@pytest.mark.parametrize("data", [b"", b"<html>Not found</html>", b"PK"])
def test_what_is_no_archive_is_said(data: bytes) -> None:
    with pytest.raises(BadDataError, match="neither a zip nor a 7z"):
        read(data)


def test_absurd_sizes_are_refused_before_unpacking(monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = zip_of({"rows.txt": b"\0" * 100_000})
    assert len(bomb) < 1000
    monkeypatch.setattr(archives, "MAX_MEMBER_BYTES", 10_000)
    with pytest.raises(BadDataError, match="would unpack to 100000 bytes; the limit is 10000"):
        read(bomb)
    monkeypatch.setattr(archives, "MAX_MEMBER_BYTES", 10**9)
    monkeypatch.setattr(archives, "MAX_ARCHIVE_BYTES", 150_000)
    with pytest.raises(BadDataError, match="would unpack to 200000 bytes"):
        read(zip_of({"a": b"\0" * 100_000, "b": b"\0" * 100_000}))
    monkeypatch.setattr(archives, "MAX_MEMBERS", 2)
    with pytest.raises(BadDataError, match="3 members"):
        read(zip_of({"a": b"", "b": b"", "c": b""}))


@pytest.mark.parametrize("make", MAKERS)
def test_limits_hold_for_each_kind(make: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    members = {"a": b"a" * 100, "b": b"b" * 100}
    assert read(make(members)) == members
    for limit, value, told in (
        ("MAX_MEMBER_BYTES", 99, "would unpack to 100 bytes; the limit is 99"),
        ("MAX_ARCHIVE_BYTES", 199, "would unpack to 200 bytes; the limit is 199"),
        ("MAX_MEMBERS", 1, "2 members; more than 1"),
    ):
        with monkeypatch.context() as patch, pytest.raises(BadDataError, match=told):
            patch.setattr(archives, limit, value)
            read(make(members))


def packed(folder: Path) -> bytes:
    """A compressed 7z with a file, an empty one, a link out of it, and a folder."""
    (folder / "train.json").write_bytes(b"[]" + b" " * 100_000)
    (folder / "link.json").symlink_to("/etc/passwd")
    (folder / "sub").mkdir()
    out = io.BytesIO()
    with py7zr.SevenZipFile(out, "w") as archive:
        for name in ("train.json", "link.json", "sub"):
            archive.write(folder / name, name)
        archive.writestr(b"", "sub/empty.json")
    return out.getvalue()


def test_a_7z_is_unpacked_into_memory_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, empty = packed(tmp_path), tmp_path / "empty"
    empty.mkdir()
    monkeypatch.chdir(empty)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "not-there"))
    found = read(data, lambda name: name != "link.json")
    assert found == {"train.json": b"[]" + b" " * 100_000, "sub/empty.json": b""}
    assert not list(empty.iterdir()) and len(data) < 1000


def test_a_link_in_a_7z_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(BadDataError, match=r"'link\.json' is not a plain file"):
        read(packed(tmp_path))


@pytest.mark.parametrize("said", [1, 3])
def test_a_member_of_a_7z_that_is_not_as_long_as_it_says_is_refused(said: int) -> None:
    with pytest.raises(BadDataError):
        read(seven_zip({"train.json": b"[]"}, {"train.json": said}))


def test_a_7z_that_says_it_is_huge_is_refused_before_unpacking() -> None:
    with pytest.raises(BadDataError, match=r"would unpack to \d+ bytes"):
        read(seven_zip({"train.json": b"[]"}, {"train.json": 2**40}))


def test_a_member_longer_than_it_says_is_refused() -> None:
    data = bytearray(zip_of({"rows.txt": b"x" * 1000}, zipfile.ZIP_STORED))
    entry = data.index(b"PK\x01\x02")
    struct.pack_into("<II", data, entry + 20, 10, 10)
    with pytest.raises(BadDataError):
        read(bytes(data))


def test_an_encrypted_member_is_said() -> None:
    data = bytearray(zip_of(GOOD))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + offset] |= 1
    with pytest.raises(BadDataError, match="encrypted"):
        read(bytes(data))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_one_name_twice_is_said() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("rows.txt", b"a")
        archive.writestr("rows.txt", b"b")
    with pytest.raises(BadDataError, match="twice"):
        read(out.getvalue())


@given(at=st.integers(0, 10**6), value=st.integers(0, 255), length=st.integers(1, 8))
def test_no_damaged_zip_gives_other_contents_or_another_error(
    at: int, value: int, length: int
) -> None:
    data = bytearray(zip_of(GOOD))
    at %= len(data)
    data[at : at + length] = bytes([value]) * len(data[at : at + length])
    try:
        members = read(bytes(data))
    except HarnessError:
        return
    assert set(members.values()) <= set(GOOD.values())
