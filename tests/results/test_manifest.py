"""What a manifest says of its files is read as it was written, also where an artifact has none."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.marks import FileMark
from harness.results.artifacts import MANIFEST, Manifest
from harness.sealed import write_sealed


@pytest.mark.parametrize("files", [None, {}, {"a/b": FileMark(3, 4, "ab")}])
def test_no_files_are_not_files_that_nobody_marked(
    files: dict[str, FileMark] | None, tmp_path: Path
) -> None:
    made = Manifest("key", "check", "check it", {}, {}, "2026-11-27", 1.0, {"found": 1}, files)
    write_sealed(tmp_path / MANIFEST, made.data())
    assert Manifest.read(tmp_path / MANIFEST) == made
