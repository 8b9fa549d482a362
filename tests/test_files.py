"""Files that are written whole or not at all, and room for them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from harness.files import free_disk_bytes, is_file_name, write_atomically


def test_a_write_that_fails_leaves_the_file_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "deep" / "f.json"
    write_atomically(file, "old")

    def broken(*_: object) -> None:
        raise OSError("no")

    monkeypatch.setattr(os, "replace", broken)
    with pytest.raises(OSError, match="no"):
        write_atomically(file, "new")
    assert [path.read_text() for path in file.parent.iterdir()] == ["old"]


def test_a_folder_that_is_not_there_has_the_room_of_the_one_above(tmp_path: Path) -> None:
    assert free_disk_bytes(tmp_path / "a" / "b") > 0


def test_a_name_that_leads_elsewhere_is_none_of_a_file() -> None:
    assert is_file_name("lora-q4.seed1")
    assert not any(map(is_file_name, ["../x", "/etc", "a/b", "..", "", "a\n", "a\\b", ".hidden"]))
