"""How fine-tunings went on examples that they did not learn, and what a search chose by them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from harness.analysis.intervals import normal_quantile
from harness.records import Summary, Training, Trial, Validation
from harness.reporting.blocks import Block, Column, Datum, Fields, Line, Name, table
from harness.reporting.facts import key_words
from harness.reporting.format import DASH, count, duration
from harness.reporting.tables import MODEL, name


def validation_blocks(trained: Mapping[str, Training]) -> list[Block]:
    """The loss on held-out examples before, at its lowest and in the end; nothing where none were held out."""
    rows: list[Fields] = []
    for model, of in trained.items():
        if of.validation is None:
            continue
        rows.append(_row(model, of.validation, _points(of.validation, None)))
        rows += [
            _row(model, of.validation, _points(of.validation, part), part)
            for part in of.validation.points[0].parts
        ]
    if not rows:
        return []
    notes: list[Line] = [
        (
            "Nats per answer token, on train examples that were held out. The weights that come out are those of the "
            "lowest loss.",
        ),
        *(_turned(model, of.validation) for model, of in trained.items() if turns(of.validation)),
    ]
    return [table("Loss on held-out examples", rows, notes)]


def _points(of: Validation, part: str | None) -> list[float]:
    return [point.loss if part is None else point.parts[part] for point in of.points]


def _row(model: str, of: Validation, losses: list[float], part: str = "") -> Fields:
    kept = next(i for i, point in enumerate(of.points) if point.step == of.kept)
    last = of.points[-1]
    ended = f"step {count(last.step)}" + (", stopped" if of.stopped else "")
    return {
        MODEL: name(model),
        "Examples": Datum(f"of {part}") if part else count(of.examples),
        Column("Before"): f"{losses[0]:.3f}",
        Column("Kept", "at step"): Datum(f"{losses[kept]:.3f}", f"step {count(of.kept)}"),
        Column("End", "at step"): Datum(f"{losses[-1]:.3f}", ended),
    }


def turns(of: Validation | None) -> bool:
    """Whether the loss had risen again by more than chance: its 95% interval excludes 0."""
    if of is None or of.rise is None or of.rise_error is None:
        return False
    return of.rise - normal_quantile(0.975) * of.rise_error > 0


def _turned(model: str, of: Validation | None) -> Line:
    assert of is not None and of.rise is not None and of.rise_error is not None
    low, high = (of.rise + normal_quantile(level) * of.rise_error for level in (0.025, 0.975))
    return (
        Name(model),
        f" began to overfit: after step {count(of.kept)} the loss on held-out examples rose by {of.rise:.3f} "
        f"nats per token until the end (95% interval {low:.3f} to {high:.3f}). The weights of step {count(of.kept)} "
        "were kept; fewer epochs or a lower learning rate would do.",
    )


def overfitted(summary: Summary) -> Iterator[tuple[str, Line]]:
    """The models whose fine-tuning began to overfit, and what is to be said of each."""
    told: list[Training] = []
    for model, of in summary.models.items():
        if of.training is None or of.training in told or not turns(of.training.validation):
            continue
        told.append(of.training)
        yield model, _turned(model, of.training.validation)


def search_blocks(trained: Mapping[str, Training]) -> list[Block]:
    """What each search tried, the chosen one marked."""
    return [_trials(model, of.trials) for model, of in trained.items() if of.trials]


def _setting(value: Any) -> str:
    """A setting as it was tried; of results that somebody wrote, perhaps no number."""
    return f"{value:g}" if isinstance(value, int | float) else str(value)


def _trials(model: str, trials: list[Trial]) -> Block:
    keys = dict.fromkeys(key for trial in trials for key in trial.settings)
    rows: list[Fields] = [
        {
            **{Column(key_words(key)): _setting(trial.settings[key]) for key in keys},
            Column("Lowest held-out loss"): f"{trial.loss:.4f}",
            Column("Steps"): count(trial.steps),
            Column("Time"): duration(trial.seconds),
            "Taken": "taken" if trial.chosen else DASH,
        }
        for trial in trials
    ]
    note = (
        f"The lowest of {len(trials)} losses looks a little better on these examples than it is. What the tasks test "
        "was not looked at."
    )
    return table(f"What the search for {model} tried", rows, [(note,)])
