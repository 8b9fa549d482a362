"""How long a run takes in all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.estimate import whole as of
from harness.plan.steps import Step
from harness.runner.run import Options, prepare

SUITE = """\
name: small
models:
  base: {source: starter}
  q8: {from: base, gguf: Q8_0}
tasks:
  sentiment: {type: classify, dataset: phrasebank-sample}
"""


class Told:
    """A forecast that tells these seconds of each step."""

    def __init__(self, seconds: float | None, measured: bool = False) -> None:
        self.of = seconds, measured

    def told(self, step: Step) -> tuple[float | None, bool]:
        return self.of

    def threads(self, step: Step) -> int:
        return 4


class Nothing:
    """Needs of models without a weight."""

    def shape(self, step: Step) -> Any:
        return type("Shape", (), {"parameters": 0})

    def written(self, step: Step) -> int:
        return 0


def steps(folder: Path) -> list[Step]:
    (folder / "suite.yaml").write_text(SUITE)
    options = Options(folder / "results", home=folder / "home")
    return prepare(folder / "suite.yaml", options).to_do()


def duration(todo: list[Step], told: Told) -> of.Duration | None:
    return of.whole(todo, told, Nothing())  # type: ignore[arg-type]


def test_what_was_measured_is_likely_and_of_an_upper_bound_a_share(tmp_path: Path) -> None:
    cells = [step for step in steps(tmp_path) if step.kind == "cell"]
    start = of.TORCH_SECONDS + of.LIGHT_SECONDS
    for told, likely in ((Told(100.0, True), 200.0), (Told(100.0), 200.0 * of.SHARE)):
        found = duration(cells, told)
        assert found == of.Duration(likely + start, 200.0 + of.MOST * start)


def test_what_is_made_and_every_process_that_is_started_counts(tmp_path: Path) -> None:
    todo = steps(tmp_path)
    found = duration(todo, Told(0.0, True))
    others = [s for s in todo if not s.row.in_place and s.kind != "cell"]
    groups = {step.group for step in todo if not step.row.in_place}
    assert found is not None
    assert found.likely >= len(others) * of.STEP_SECONDS + len(groups) * of.LIGHT_SECONDS
    assert found.most == pytest.approx(of.MOST * found.likely)
    assert duration([], Told(1.0)) == of.Duration(0.0, 0.0)
    assert duration(todo, Told(None)) is None


def test_only_what_was_probed_is_faster_on_more_threads(tmp_path: Path) -> None:
    cell, *_ = [step for step in steps(tmp_path) if step.kind == "cell"]
    for measured, threads in ((True, 0), (False, 4)):
        time = of.time_of(cell, Told(100.0, measured), Nothing())  # type: ignore[arg-type]
        assert time is not None and time.threads == threads
