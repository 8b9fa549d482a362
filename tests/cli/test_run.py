"""What `harness run` says beside its display."""

from __future__ import annotations

import io
from pathlib import Path

from rich.console import Console

from harness.cli.run import _say_where
from harness.models.finetune.curve import LossCurve
from harness.records import TrainingPoint
from harness.runner.run import Options, Prepared, prepare

SUITE = """\
name: small
models:
  base: {source: starter}
  lora: {from: base, finetune: {method: lora, tasks: [sentiment]}}
tasks:
  sentiment: {type: classify, dataset: phrasebank-sample}
"""


def test_a_fine_tuning_that_was_interrupted_is_named_with_its_place(tmp_path: Path) -> None:
    suite = tmp_path / "suite.yaml"
    suite.write_text(SUITE)
    prepared = prepare(suite, Options(results=tmp_path / "results", home=tmp_path / "home"))
    assert said(prepared) == ""
    (step,) = [step for step in prepared.to_do() if step.kind == "finetune"]
    with LossCurve(prepared.artifacts.work(step)) as curve:
        curve.add(
            TrainingPoint(step=120, epoch=1, loss=1.2345, learning_rate=1, tokens=9, seconds=1)
        )
    assert said(prepared) == (
        "fine-tune lora (LoRA, rank 16): was interrupted at step 120 (loss 1.234) and begins anew\n"
    )


def said(prepared: Prepared) -> str:
    stream = io.StringIO()
    _say_where(prepared, prepared.to_do(), Console(file=stream))
    return stream.getvalue()
