"""The quickstart as it was measured: every cell's recorded peak is within 15% of its estimate.

Recorded by `harness run suites/quickstart.yaml` on a 2-core AMD EPYC (Zen 5), Python 3.11, torch 2.13.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.estimate.facts import Facts
from harness.estimate.steps import Needs
from harness.plan.graph import Plan
from harness.runner.run import Options, prepare
from tests.estimate.suites import LARGE

SUITE = Path(__file__).parents[2] / "suites" / "quickstart.yaml"
PEAKS = {
    "base": (593, 678, 785, 462),
    "lora": (711, 786, 842, 532),
    "qlora": (690, 764, 834, 528),
    "lora-f16": (284, 605, 652, 82),
    "lora-q8": (279, 600, 649, 78),
    "lora-q5": (278, 599, 650, 77),
    "lora-q4": (279, 600, 647, 78),
}
"""MB of the worker that asked sentiment, dialogue and fidelity, and of one that timed."""
SHORTER = "epochs: 1, batch_tokens: 512, limit: {dialogue: 200}"
"""What a fine-tuning there is since it was measured, with batches of 2,048 tokens."""
TASKS = ("sentiment", "dialogue", "fidelity", "speed")
TUNING = {"lora": 947, "qlora": 943}
MADE_BYTES = 33e6
"""Under `$HARNESS_HOME`."""


@pytest.fixture(scope="module")
def quickstart(tmp_path_factory: pytest.TempPathFactory) -> tuple[Plan, Needs]:
    folder = tmp_path_factory.mktemp("quickstart")
    assert SHORTER in SUITE.read_text()
    text = SUITE.read_text().replace(SHORTER, "epochs: 3")
    (folder / "suite.yaml").write_text(f"{text}forgetting: false\n")  # what was measured
    prepared = prepare(folder / "suite.yaml", Options(results=folder, home=folder))
    return prepared.plan, Needs(Facts(prepared, LARGE, may_ask=False))


@pytest.mark.parametrize("model", PEAKS)
def test_cells_peak_where_they_were_measured(model: str, quickstart: tuple[Plan, Needs]) -> None:
    plan, needs = quickstart
    for cell in plan.cells:
        if cell.model == model:
            memory = needs.memory(cell)
            assert memory is not None
            measured = dict(zip(TASKS, PEAKS[model], strict=True))[cell.task]
            assert memory.resident.total / 1e6 == pytest.approx(measured, rel=0.15), cell.label


def test_fine_tunings_peak_where_they_were_measured(quickstart: tuple[Plan, Needs]) -> None:
    plan, needs = quickstart
    for step in plan.steps.values():
        if step.kind == "finetune":
            memory = needs.memory(step)
            assert memory is not None
            measured = TUNING[step.group.removeprefix("fine-tune ")]
            assert memory.resident.total / 1e6 == pytest.approx(measured, rel=0.15)


def test_the_files_that_are_made_take_what_they_took(quickstart: tuple[Plan, Needs]) -> None:
    plan, needs = quickstart
    made = sum(needs.written(step) for step in plan.steps.values())
    assert made == pytest.approx(MADE_BYTES, rel=0.15)
