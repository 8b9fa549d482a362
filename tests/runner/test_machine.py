"""What a summary says of the machine."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from harness.engines.process import physical_cores
from harness.runner.machine import checked_out, describe_machine


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="needs Linux")
def test_only_cores_that_this_process_may_use_are_named() -> None:
    allowed = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(allowed)})
        assert describe_machine()["cores"] == physical_cores() == 1
    finally:
        os.sched_setaffinity(0, allowed)


def test_a_checkout_says_its_commit_and_whether_files_differ_from_it(tmp_path: Path) -> None:
    assert checked_out(tmp_path) == ""
    for words in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "first"]):
        author = ["-c", "user.name=a", "-c", "user.email=a@b"]
        subprocess.run(["git", *author, "-C", str(tmp_path), *words], check=True)
    assert re.fullmatch("[0-9a-f]{7,}", checked_out(tmp_path))
    (tmp_path / "file").write_text("x")
    subprocess.run(["git", "-C", str(tmp_path), "add", "file"], check=True)
    assert checked_out(tmp_path).endswith("+")
