"""What a plan asks of this machine."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from harness.errors import OfflineError
from harness.hub import client as hub
from harness.plan.data import DataRef
from harness.runner import world
from harness.runner.run import Options, prepare

SUITE = """\
name: once
models:
  base: {source: starter}
  lora: {from: base, finetune: {method: lora, tasks: [sentiment, dialogue]}}
  f16:  {from: lora, gguf: F16}
  q4:   {from: lora, gguf: Q4_K_M}
tasks:
  sentiment: {type: classify, dataset: phrasebank-sample}
  dialogue:  {type: summarize, dataset: dialogue-sample}
"""


def test_what_is_tested_elsewhere_is_looked_for_once_for_each_data_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def looked(learned: DataRef, tested: Sequence[DataRef]) -> tuple[str, ...]:
        asked.append(learned["name"])
        return ()

    monkeypatch.setattr(world, "tested_elsewhere", looked)
    (tmp_path / "once.yaml").write_text(SUITE)
    prepare(tmp_path / "once.yaml", Options(home=tmp_path / "home"))
    assert sorted(asked) == ["dialogue-sample", "phrasebank-sample"]


def test_the_hub_is_asked_once_for_what_a_revision_stands_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def refused(repo: str, revision: str, home: Path, **more: object) -> None:
        asked.append(f"{repo} {revision}")
        raise OfflineError("There is no connection to the Hub.")

    monkeypatch.setattr(hub, "resolve", refused)
    (tmp_path / "once.yaml").write_text(SUITE.replace("starter", "org/tiny"))
    prepare(tmp_path / "once.yaml", Options(home=tmp_path / "home"))
    assert asked == ["org/tiny main"]
