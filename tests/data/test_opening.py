"""What a suite names is found once and read once."""

from __future__ import annotations

from pathlib import Path

from harness.data.opening import open_data
from tests.data.copies import json_lines, samsum_rows, write


def test_a_known_data_set_is_read_once_whatever_kind_of_task_asks_it(tmp_path: Path) -> None:
    for part in ("train", "test"):
        write(tmp_path / "samsum" / f"{part}.jsonl", json_lines(samsum_rows()))
    summaries, fidelity = (
        open_data({"name": "samsum", "kind": kind, "data_dir": str(tmp_path)})
        for kind in ("summarize", "divergence")
    )
    assert summaries.read() is fidelity.read()
