"""What `harness run` says beside its display."""

from __future__ import annotations

import io
import os
import re
from pathlib import Path

import pytest
from rich.console import Console

from harness.cli.run import Wanted, _report_there, _say_before, _where
from harness.models.finetune.curve import LossCurve
from harness.records import TrainingPoint
from harness.reporting.write import write_report
from harness.results.store import ResultsStore
from harness.runner.run import Options, Outcome, Prepared, prepare
from tests.reporting.fixture import quickstart

SUITE = """\
name: small
forgetting: false
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


def test_before_a_run_stands_how_much_there_is_to_do_and_how_long_it_likely_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rates = {"operations_per_second": 1e11, "read_bytes_per_second": 1e10}
    monkeypatch.setattr("harness.estimate.machine.measure_rates", lambda threads: rates)
    suite, home = tmp_path / "suite.yaml", tmp_path / "home"
    suite.write_text(SUITE)
    prepared = prepare(suite, Options(results=tmp_path / "results", home=home))
    stream = io.StringIO()
    _say_before(prepared, 1, prepared.to_do(), Console(file=stream))
    first, last = stream.getvalue().splitlines()[0], stream.getvalue().splitlines()[-1]
    assert first.startswith("Timing this machine for a few seconds, once")
    found = re.fullmatch(
        r"(\d+) steps to do, likely about [\d.]+ (s|min) in all, at most about [\d.]+ (s|min)\.",
        last,
    )
    assert found and int(found[1]) == sum(not s.row.in_place for s in prepared.to_do())
    stream.truncate(0)
    _say_before(prepared, 1, prepared.to_do(), Console(file=stream))
    assert "Timing" not in stream.getvalue()


@pytest.mark.parametrize("number", [0, 1, 5, -1])
def test_a_report_that_a_run_was_killed_over_is_written_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    summary = quickstart()
    results = ResultsStore(tmp_path / "results")
    wanted = Wanted(tmp_path / "reports", None)
    folder = wanted.reports / summary.place
    count = len(write_report(summary, folder))
    results.write_summary(summary)  # of a later run
    left, replace = [count + number if number < 0 else number], os.replace

    def dies(old: Path, new: Path) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise KeyboardInterrupt
        replace(old, new)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(os, "replace", dies)
        write_report(summary, folder)
    outcome = Outcome(summary, 0, (), 0.0, unchanged=True)
    assert _report_there(outcome, results, wanted) == []
    files = write_report(summary, folder)
    assert _report_there(outcome, results, wanted) == files[:2]


def said(prepared: Prepared) -> str:
    return "".join(f"{line}\n" for line in _where(prepared, prepared.to_do()))
