"""Marks of files: size and time are always looked at, the hash where they do not tell."""

from __future__ import annotations

import os
from collections import deque
from pathlib import Path

import pytest

from harness import marks
from harness.marks import FileMark, fault_of, mark_of, marks_in


@pytest.fixture(autouse=True)
def forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a process that has read nothing yet."""
    monkeypatch.setattr(marks, "_KNOWN", {})
    monkeypatch.setattr(marks, "_PASSING", deque())


def changed(file: Path, content: bytes) -> None:
    """Other contents at the same size, time and inode, as a disk that fails has them."""
    found = file.stat()
    file.write_bytes(content)
    os.utime(file, ns=(found.st_atime_ns, found.st_mtime_ns))
    marks._KNOWN.clear()


def test_a_flipped_bit_is_seen_by_whoever_reads_the_file_and_from_then_on_by_all(
    tmp_path: Path,
) -> None:
    file = tmp_path / "f"
    file.write_bytes(b"weights")
    mark = mark_of(file)
    changed(file, b"weightz")
    assert fault_of(file, mark, thoroughly=False) == ""
    assert fault_of(file, mark, thoroughly=True) == "is not what was written into it"
    assert fault_of(file, mark, thoroughly=False) == "is not what was written into it"


def test_another_time_alone_is_no_fault_but_has_the_file_read(tmp_path: Path) -> None:
    file = tmp_path / "f"
    file.write_bytes(b"weights")
    mark = mark_of(file)
    os.utime(file, ns=(0, 0))
    assert fault_of(file, mark, thoroughly=False) == ""
    file.write_bytes(b"weightz")
    assert fault_of(file, mark, thoroughly=False) == "is not what was written into it"


def test_a_file_is_read_once_in_a_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "f"
    file.write_bytes(b"weights")
    mark, opened = mark_of(file), []
    monkeypatch.setattr(Path, "open", lambda *_: opened.append(1))
    assert fault_of(file, mark, thoroughly=True) == "" and not opened


def test_what_is_known_of_small_files_does_not_grow_but_faults_stay_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(marks, "MOST_SMALL", 3)
    file, large = tmp_path / "f", tmp_path / "large"
    file.write_bytes(b"weights")
    mark = mark_of(file)
    changed(file, b"weightz")
    assert fault_of(file, mark, thoroughly=True)
    large.write_bytes(bytes(marks.SMALL_BYTES))
    mark_of(large)
    for number in range(20):
        (tmp_path / f"{number}").write_text("small")
        mark_of(tmp_path / f"{number}")
    assert len(marks._KNOWN) == 3 + 2 and len(marks._PASSING) == 3
    assert fault_of(file, mark, thoroughly=False) == "is not what was written into it"
    assert marks._name(os.stat(large)) in marks._KNOWN


def test_what_stands_in_a_files_place_is_named(tmp_path: Path) -> None:
    file = tmp_path / "f"
    file.write_bytes(b"weights")
    mark = mark_of(file)
    file.write_bytes(b"w")
    assert fault_of(file, mark, thoroughly=False) == "has 1 bytes instead of 7"
    file.unlink()
    assert fault_of(file, mark, thoroughly=False) == "is missing"
    file.mkdir()
    assert fault_of(file, mark, thoroughly=False) == "is a folder"


def test_marks_are_of_all_files_but_hidden_ones_and_the_one_that_holds_them(tmp_path: Path) -> None:
    for name in ("a", "deep/b", ".hidden", "manifest.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    assert set(marks_in(tmp_path, "manifest.json")) == {"a", "deep/b"}
    with pytest.raises(ValueError, match="no mark"):
        FileMark.of({"bytes": 1})
