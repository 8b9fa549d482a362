"""`harness plan` names labels of which one goes on from another, and what becomes of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.test_commands import run

SUITE = """\
name: labels
models:
  base: {source: starter}
tasks:
  by-default: {type: classify, dataset: &data {file: rows.jsonl, prompt: "{{ text }}",
    target: "{{ label }}", labels: [hate, not, not hate]}}
  by-sum: {type: classify, score: sum, dataset: *data}
  by-mean: {type: classify, score: mean, dataset: *data}
  written: {type: classify, ask: generate, dataset: *data}
"""


def test_labels_that_go_on_from_one_another_are_named_before_anything_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HARNESS_HOME", str(tmp_path / "home"))
    rows = [{"text": f"text {n}", "label": ("hate", "not hate")[n % 2]} for n in range(20)]
    (tmp_path / "rows.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    (tmp_path / "labels.yaml").write_text(SUITE)
    words = ("plan", tmp_path / "labels.yaml", "--results", tmp_path / "results")
    code, out, _ = run(*words, monkeypatch=monkeypatch, capsys=capsys)
    assert code == 0
    said = [line.strip() for line in out.splitlines() if "goes on" in line]
    assert [line.lstrip("⚠ ").partition(":")[0] for line in said] == ["by-default", "by-sum"]
    assert all("`not hate` goes on from `not`" in line for line in said)
    assert "is scored (`score: end`)" in said[0]
    assert said[1].startswith("⚠") and "can never be the likelier one" in said[1]
