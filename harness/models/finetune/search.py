"""A small search: settings tried one after the other, the best taken by the loss on held-out examples.

The test split is never looked at. What is chosen as the lowest of several losses looks better on these examples than
it is, by a little; the tasks tell how good it is.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from harness.errors import BadDataError, BadModelError
from harness.files import write_atomically
from harness.models.finetune.recipe import Recipe
from harness.models.finetune.run import Progress, TrainingProgress, finetune
from harness.records import Training, Trial

_RECORD = "record.json"
_OUT = "out"
"""Of a trial: what it took, and what came of it."""


def search(
    base: Path,
    examples: Path,
    recipes: Sequence[Recipe],
    settings: Sequence[Mapping[str, float]],
    out: Path,
    progress: Progress,
    threads: int,
    work: Path,
    parts: Sequence[str] = (),
) -> Training:
    """Fine-tunes by each recipe, and saves what came of the one with the lowest validation loss.

    A trial that was finished before an interruption is not done again. One whose loss is not finite is passed
    over, as long as another comes to its end.

    Args:
        settings: what each recipe has of its own.

    Raises:
        HarnessError: as `finetune`, where there is one recipe; or where none came to its end.
        BadDataError: too few examples to hold some out, so that nothing tells which is best.
    """
    if len(recipes) == 1:
        return finetune(base, examples, recipes[0], out, progress, threads, work, parts)
    done: list[tuple[int, Training]] = []
    failed: list[tuple[int, BadModelError]] = []
    told = _Told(progress, len(recipes))
    for number, recipe in enumerate(recipes):
        folder = work / f"trial-{number}"
        try:
            record = _tried(base, examples, recipe, folder, told, threads, parts)
        except BadModelError as error:
            failed.append((number, error))
        else:
            done.append((number, record))
            best = min(done, key=lambda one: _loss(one[1]))[0]
            _clear(work, [number for number, _ in done], best)
        told.next()
    if not done:
        raise failed[0][1]
    if done[0][1].validation is None:
        raise BadDataError(
            f"`search` needs examples that are held out, and {done[0][1].examples} are too few for a share of them.",
            "Say how many: `validation: 10`; or learn from more.",
        )
    best, chosen = min(done, key=lambda one: _loss(one[1]))
    shutil.copytree(work / f"trial-{best}" / _OUT, out, dirs_exist_ok=True)
    trials = [
        Trial(
            settings=dict(settings[number]),
            loss=_loss(record),
            steps=record.steps,
            seconds=record.seconds,
            chosen=number == best,
        )
        for number, record in done
    ]
    notes = [
        f"{error.message} ({', '.join(f'{key} {value:g}' for key, value in settings[number].items())})"
        for number, error in failed
    ]
    return chosen.model_copy(update={"trials": trials, "notes": [*chosen.notes, *notes]})


class _Told:
    """Progress over all trials: tokens of those that are over count as seen."""

    def __init__(self, progress: Progress, trials: int) -> None:
        self._progress = progress
        self._left = trials
        self._before = 0
        self._seconds = 0.0
        self._last: TrainingProgress | None = None

    def __call__(self, at: TrainingProgress) -> None:
        self._last = at
        tokens, seconds = self._before + at.point.tokens, self._seconds + at.point.seconds
        self._progress(
            replace(
                at,
                point=at.point.model_copy(update={"tokens": tokens, "seconds": seconds}),
                total_tokens=self._before + self._left * at.total_tokens,
            )
        )

    def next(self) -> None:
        """Begins the next trial."""
        self._left -= 1
        if self._last is not None:
            self._before += self._last.point.tokens
            self._seconds += self._last.point.seconds
            self._last = None


def _tried(
    base: Path,
    examples: Path,
    recipe: Recipe,
    folder: Path,
    progress: Progress,
    threads: int,
    parts: Sequence[str],
) -> Training:
    """One trial, or its record where it was finished before."""
    record = folder / _RECORD
    if record.exists():
        return Training.model_validate_json(record.read_text(encoding="utf-8"))
    out = folder / _OUT
    shutil.rmtree(out, ignore_errors=True)
    found = finetune(base, examples, recipe, out, progress, threads, folder, parts)
    write_atomically(record, found.model_dump_json())
    return found


def _clear(work: Path, done: Sequence[int], best: int) -> None:
    """Leaves of the trials that are over their records, and what came of the best: nothing else is asked for again."""
    for number in done:
        for one in (work / f"trial-{number}").iterdir():
            if one.name == _RECORD or (number == best and one.name == _OUT):
                continue
            if one.is_dir():
                shutil.rmtree(one)
            else:
                one.unlink()


def _loss(record: Training) -> float:
    found = record.validation
    return record.final_loss if found is None else min(point.loss for point in found.points)
