"""Settings tried against each other on held-out examples."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.errors import BadDataError, BadModelError
from harness.models.finetune import search as search_module
from harness.models.finetune.recipe import Recipe
from harness.models.finetune.run import TrainingProgress, finetune
from harness.models.finetune.search import search
from harness.records import Training

RECIPE = Recipe(epochs=3.0, batch_tokens=96, rank=4, validation=6)
SETTINGS: list[dict[str, float]] = [
    {"learning_rate": 1e-6},
    {"learning_rate": 2e-2},
    {"learning_rate": 1e-4},
]


def tried(
    tiny: Path, examples: Path, tmp_path: Path, settings: list[dict[str, float]], **changes: Any
) -> tuple[Training, list[TrainingProgress]]:
    told: list[TrainingProgress] = []
    recipes = [replace(RECIPE, **changes, **one) for one in settings]  # type: ignore[arg-type]
    out, work = tmp_path / "out", tmp_path / "work"
    return search(tiny, examples, recipes, settings, out, told.append, 1, work), told


def test_the_lowest_loss_on_held_out_examples_is_taken(
    tiny: Path, examples: Path, tmp_path: Path
) -> None:
    record, told = tried(tiny, examples, tmp_path, SETTINGS)
    assert [trial.chosen for trial in record.trials] == [False, True, False]
    assert [trial.settings for trial in record.trials] == SETTINGS
    losses = [trial.loss for trial in record.trials]
    assert losses[1] == min(losses) and record.hyperparameters["learning_rate"] == 2e-2
    alone = replace(RECIPE, learning_rate=2e-2)
    finetune(tiny, examples, alone, tmp_path / "alone", lambda _: None, 1)
    adapters = [tmp_path / name / "adapter_model.safetensors" for name in ("out", "alone")]
    assert adapters[0].read_bytes() == adapters[1].read_bytes()
    seen = [at.point.tokens for at in told]
    assert seen == sorted(seen) and seen[-1] == told[-1].total_tokens == 3 * record.tokens


def test_a_trial_that_is_finished_is_not_done_again(
    tiny: Path, examples: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[float] = []
    usual = finetune

    def counted(base: Path, file: Path, recipe: Recipe, *rest: Any) -> Training:
        calls.append(recipe.learning_rate)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return usual(base, file, recipe, *rest)

    monkeypatch.setattr(search_module, "finetune", counted)
    with pytest.raises(KeyboardInterrupt):
        tried(tiny, examples, tmp_path, SETTINGS)
    record, _ = tried(tiny, examples, tmp_path, SETTINGS)
    assert calls == [1e-6, 2e-2, 2e-2, 1e-4]
    assert [trial.chosen for trial in record.trials] == [False, True, False]


def test_of_a_trial_that_is_over_little_stays(tiny: Path, examples: Path, tmp_path: Path) -> None:
    tried(tiny, examples, tmp_path, SETTINGS)
    left = {
        number: sorted(one.name for one in (tmp_path / "work" / f"trial-{number}").iterdir())
        for number in range(3)
    }
    assert left == {0: ["record.json"], 1: ["out", "record.json"], 2: ["record.json"]}


def test_one_that_diverges_is_passed_over_and_told(
    tiny: Path, examples: Path, tmp_path: Path
) -> None:
    record, _ = tried(tiny, examples, tmp_path, [{"learning_rate": 1e30}, {"learning_rate": 1e-3}])
    assert [trial.settings["learning_rate"] for trial in record.trials] == [1e-3]
    (note,) = record.notes
    assert "diverged" in note and "learning_rate 1e+30" in note
    with pytest.raises(BadModelError, match="diverged"):
        tried(tiny, examples, tmp_path / "b", [{"learning_rate": 1e30}, {"learning_rate": 1e31}])


def test_too_few_examples_to_hold_some_out_are_refused(
    tiny: Path, examples: Path, tmp_path: Path
) -> None:
    with pytest.raises(BadDataError, match="24 are too few"):
        tried(tiny, examples, tmp_path, SETTINGS[:2], validation=0.05, epochs=0.1)
