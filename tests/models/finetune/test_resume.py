"""A training that was killed goes on from its last checkpoint, to the same bytes."""

from __future__ import annotations

import errno
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from harness.errors import BadModelError, NoSpaceError
from harness.models.finetune import run as run_module
from harness.models.finetune.checkpoints import Checkpoints
from harness.models.finetune.curve import place
from harness.models.finetune.recipe import Recipe
from harness.models.finetune.run import TrainingProgress, finetune
from harness.records import Training
from tests.models.finetune.interrupting import break_late, keep_each_step

RECIPE = Recipe(epochs=3.0, batch_tokens=48, learning_rate=5e-3, rank=4, dropout=0.2, validation=6)


class Killed(Exception):
    """Stands for the process's death."""


@pytest.fixture(autouse=True)
def each_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """A checkpoint after each step."""
    keep_each_step(monkeypatch)


def tune(base: Path, examples: Path, out: Path, recipe: Recipe, dies_at: int = 0) -> Training:
    """One attempt, in a folder of `out`'s own; it dies at a step where that is told."""

    def tell(at: TrainingProgress) -> None:
        if at.point.step == dies_at:
            raise Killed

    return finetune(base, examples, recipe, out, tell, 1, out.with_suffix(".work"))


def timeless(record: Training) -> dict[str, Any]:
    """What must not depend on when and how often it was interrupted."""
    apart = {"curve", "interrupted", "resumed", "seconds", "memory", "peak_resident_bytes"}
    found = record.model_dump(exclude=apart)
    if found["validation"] is not None:
        found["validation"]["seconds"] = 0.0
    return found


def files(out: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in out.iterdir()}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"method": "qlora"},
        {"method": "dora", "accumulate": 2},
        {"method": "full", "dropout": 0.0, "learning_rate": 1e-3},
        {"initialization": "pissa", "packing": True},
        {"weight_decay": 0.1, "schedule": "linear", "validation": 0},
    ],
    ids=lambda changes: "-".join(map(str, changes.values())) or "lora",
)
def test_it_ends_with_the_same_bytes(
    tiny: Path, examples: Path, tmp_path: Path, changes: dict[str, Any]
) -> None:
    recipe = replace(RECIPE, **changes)
    whole = tune(tiny, examples, tmp_path / "whole", recipe)
    chooser = random.Random(str(changes))
    steps = sorted(chooser.sample(range(1, whole.steps), 3))
    for step in steps:
        with pytest.raises(Killed):
            tune(tiny, examples, tmp_path / "killed", recipe, step)
    record = tune(tiny, examples, tmp_path / "killed", recipe)
    assert files(tmp_path / "killed") == files(tmp_path / "whole")
    assert [at.step for at in record.interrupted] == steps
    assert record.resumed == [step - 1 for step in steps]
    assert timeless(record) == timeless(whole)
    assert [p.loss for p in record.curve] == [p.loss for p in whole.curve]
    assert [p.step for p in record.curve] == list(range(1, whole.steps + 1))


def test_of_the_best_weights_no_more_are_kept_than_are_needed(
    tiny: Path, examples: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One checkpoint, then ten better and better validations: the checkpoint's own and the last."""
    usual = Checkpoints

    def never(folder: Path, identity: str) -> Checkpoints:
        return usual(folder, identity, every=1e9, clock=lambda: 0.0)

    monkeypatch.setattr(run_module, "Checkpoints", never)
    kept: list[list[int]] = []
    keep = usual.keep

    def noted(self: Checkpoints, step: int, weights: Any) -> None:
        keep(self, step, weights)
        kept.append(sorted(int(f.stem[5:]) for f in self.folder.glob("best-*.safetensors")))
        if len(kept) == 2:
            self._every = 0.0
        elif len(kept) == 3:
            self._every = 1e9

    monkeypatch.setattr(Checkpoints, "keep", noted)
    tune(tiny, examples, tmp_path / "a", replace(RECIPE, validations=6))
    assert len(kept) > 5 and max(map(len, kept)) == 2
    assert {steps[0] for steps in kept[2:]} == {kept[1][-1]}


@pytest.mark.parametrize("damage", ["cut", "other", "gone"])
def test_a_checkpoint_that_is_of_no_use_is_passed_over(
    tiny: Path, examples: Path, tmp_path: Path, damage: str
) -> None:
    whole = tune(tiny, examples, tmp_path / "whole", RECIPE)
    with pytest.raises(Killed):
        tune(tiny, examples, tmp_path / "killed", RECIPE, 5)
    file = tmp_path / "killed.work" / "checkpoint.pt"
    assert place(tmp_path / "killed.work") == 4
    if damage == "cut":
        file.write_bytes(file.read_bytes()[:-500])
    elif damage == "gone":
        file.unlink()
    else:
        state = torch.load(file, weights_only=True)
        torch.save({**state, "identity": "of another recipe"}, file)
    record = tune(tiny, examples, tmp_path / "killed", RECIPE)
    assert (record.resumed, record.steps) == ([0], whole.steps)
    assert files(tmp_path / "killed") == files(tmp_path / "whole")


def test_checkpoints_take_a_fiftieth_of_the_time(tmp_path: Path) -> None:
    now = [0.0]
    kept = Checkpoints(tmp_path, "x", every=30.0, clock=lambda: now[0])
    assert not kept.due
    now[0] = 30.0
    assert kept.due
    ticks = iter([30.0, 34.0, 34.0])
    slow = Checkpoints(tmp_path, "x", every=30.0, clock=lambda: now[0])
    slow._clock = lambda: next(ticks)
    slow.save(1, {})
    slow._clock = lambda: now[0]
    now[0] = 34.0 + 199.0
    assert not slow.due
    now[0] = 34.0 + 200.0
    assert slow.due


def test_a_full_disk_is_named_and_what_there_was_is_kept(
    tiny: Path, examples: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(Killed):
        tune(tiny, examples, tmp_path / "a", RECIPE, 4)
    before = (tmp_path / "a.work" / "checkpoint.pt").read_bytes()

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(NoSpaceError, match="no room for a checkpoint"):
        tune(tiny, examples, tmp_path / "a", RECIPE)
    work = tmp_path / "a.work"
    assert (work / "checkpoint.pt").read_bytes() == before and not (tmp_path / "a").exists()
    assert {f.name for f in work.iterdir() if f.name.startswith(".")} == set()


def test_a_training_that_diverges_says_where_its_best_weights_lie(
    tiny: Path, examples: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    break_late(monkeypatch)
    with pytest.raises(BadModelError, match="diverged") as caught:
        tune(tiny, examples, tmp_path / "a", RECIPE)
    best = next((tmp_path / "a.work").glob("best-*.safetensors"))
    assert str(best.parent) in caught.value.hint and "validation loss" in caught.value.hint
    assert not (tmp_path / "a").exists()
