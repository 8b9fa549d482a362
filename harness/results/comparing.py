"""What `harness compare` holds against each other: models of one results folder, or of two."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harness.analysis.answers import CellAnswers, TaskAnswers
from harness.analysis.compared import ComparedModels, ComparedTask, compare_task
from harness.errors import BadDataError, InputError
from harness.nearest import nearest
from harness.records import Summary, is_same_machine
from harness.results.apart import (
    lacking,
    models_of,
    same_model,
    set_otherwise,
    what_differs,
)
from harness.results.baselines import BASELINES, answers_in, find_baseline
from harness.results.judge import Baseline, SuiteAnswers
from harness.results.store import read_summary
from harness.suite.schema import TASK_TYPES, type_of


@dataclass(frozen=True)
class Wanted:
    """What is to be compared, and how.

    `model` narrows results against results; `baseline` is a saved one, by name or as a folder, in
    `baselines`. `every` compares all metrics, not the main ones of each type of task alone.
    """

    model: str | None = None
    baseline: str | None = None
    baselines: Path = BASELINES
    task: str | None = None
    metric: str | None = None
    every: bool = True
    confidence: float = 0.95
    any_prompts: bool = False

    def metrics_of(self, task: TaskAnswers) -> Sequence[str]:
        """The metrics that are compared on a task, in their order; what its suite names are all."""
        if self.metric is not None:
            return [self.metric] if self.metric in task.metrics else []
        if self.every:
            return list(task.metrics)
        main = TASK_TYPES[task.type].main_metrics
        return [name for name, of in task.metrics.items() if name in main or of.own]


@dataclass(frozen=True)
class ComparedResults:
    """Every pair of models that was asked for, and what a reader has to know of all of them."""

    pairs: Sequence[ComparedModels]
    notes: Sequence[str]
    before: Summary
    after: Summary


def compare_results(results: Path, others: Sequence[str], wanted: Wanted) -> ComparedResults:
    """Compares two models of one results folder, or the models that two folders share.

    Args:
        results: results/<suite>, or its summary.
        others: a baseline and a candidate of it; or one other results folder, whose models are
            held against those of `results`; or, with `wanted.baseline`, at most one model.
        wanted: the rest.

    Raises:
        InputError: something that was named is not there, or cannot be compared.
    """
    if not 0.5 < wanted.confidence < 1:
        raise InputError(f"a confidence of {wanted.confidence:g}", "Give one such as 0.95.")
    if wanted.baseline is not None:
        if len(others) > 1 or (others and wanted.model is not None):
            raise InputError(
                "with a baseline, one model is compared with itself there, or every model",
                "harness compare RESULTS [MODEL] --baseline NAME",
            )
        folder = find_baseline(wanted.baseline, wanted.baselines)
        narrowed = replace(wanted, model=others[0]) if others else wanted
        return _folders(folder, results, f"baseline {folder.name}", narrowed)
    if len(others) == 2:
        if wanted.model is not None:
            raise InputError(
                "--model does not go with two models", "It narrows results against results."
            )
        return _models(results, others[0], others[1], wanted)
    if len(others) == 1:
        other = Path(others[0])
        if not other.exists():
            there = nearest(others[0], models_of(read_summary(results)))
            raise InputError(
                f"{others[0]}: there are no such results to compare {results} with",
                f"To compare two models, name both. {there}",
            )
        return _folders(results, other, str(results), wanted)
    raise InputError(
        f"{results} is to be compared with what?" if not others else "too much is to be compared",
        "harness compare RESULTS MODEL MODEL, or RESULTS RESULTS, or RESULTS --baseline NAME",
    )


@dataclass(frozen=True)
class _Side:
    """One results folder, with the cells that are compared."""

    path: Path
    summary: Summary
    answers: SuiteAnswers

    @classmethod
    def read(cls, path: Path, summary: Summary, models: Iterable[str], wanted: Wanted) -> _Side:
        chosen = set(models)
        cells = [
            cell
            for cell in summary.cells
            if cell.model in chosen and wanted.task in (None, cell.task)
        ]
        answers = answers_in(path, summary.model_copy(update={"cells": cells}))
        tasks = {name: _with_reasons(task, path) for name, task in answers.tasks.items()}
        return cls(path, summary, replace(answers, tasks=tasks))


def _with_reasons(task: TaskAnswers, path: Path) -> TaskAnswers:
    """Cells whose samples are gone say so."""
    gone = CellAnswers(failure=f"{path} does not hold the samples that its summary tells of.")
    cells = {
        model: cell if cell.failure or cell.samples else gone for model, cell in task.cells.items()
    }
    return replace(task, cells=cells)


def _models(results: Path, baseline: str, candidate: str, wanted: Wanted) -> ComparedResults:
    summary = read_summary(results)
    for model in (baseline, candidate):
        _known("model", model, models_of(summary), results)
    _known_task(wanted, results, summary)
    if baseline == candidate:
        raise InputError(f"{baseline} is the same model twice", "Name two models.")
    side = _Side.read(results, summary, (baseline, candidate), wanted)
    names = [name for name in side.answers.tasks if _asked(side, name)]
    tasks = _tasks(names, results, wanted, side)
    pair = ComparedModels(
        baseline,
        candidate,
        baseline,
        [
            _task(side, task, side.answers.tasks[task], baseline, candidate, wanted)
            for task in tasks
        ],
    )
    return ComparedResults([pair], lacking(results, summary), summary, summary)


def _folders(before: Path, after: Path, name: str, wanted: Wanted) -> ComparedResults:
    """Every model that both have, as it is in `after` against itself in `before`."""
    then, now = read_summary(before), read_summary(after)
    for place, summary in ((after, now), (before, then)):
        _known_task(wanted, place, summary)
    earlier, later = models_of(then), models_of(now)
    models = [model for model in later if model in earlier]
    if wanted.model is not None:
        for known, place in ((later, after), (earlier, before)):
            _known("model", wanted.model, known, place)
        models = [wanted.model]
    if not models:
        raise InputError(
            f"{before} and {after} have no model in common",
            f"There are {', '.join(earlier) or 'none'} and {', '.join(later) or 'none'}.",
        )
    old, new = (
        _Side.read(path, summary, models, wanted)
        for path, summary in ((before, then), (after, now))
    )
    both = [task for task in new.answers.tasks if _asked(new, task) and _asked(old, task)]
    tasks = _tasks(both, after, wanted, new)
    saved = Baseline(name, old.answers)
    pairs = []
    for model in models:
        compared = [
            _task(
                new, task, _beside(old, new, saved, task, model), saved.title(model), model, wanted
            )
            for task in tasks
        ]
        notes = same_model(then, now, model)
        pairs.append(ComparedModels(saved.title(model), model, model, compared, notes))
    notes = what_differs(before, then, after, now, wanted.model is None, wanted.task is None)
    return ComparedResults(pairs, notes, then, now)


def _beside(old: _Side, new: _Side, saved: Baseline, task: str, model: str) -> TaskAnswers:
    """Both folders' answers to a task, with what sets the two apart."""
    before, after = (side.answers.spec.tasks[task] for side in (old, new))
    answers = saved.beside(new.answers, task, model)
    changed = set_otherwise(before, after)
    timed = type_of(after).timed
    if changed and timed:
        reason = f"they were timed at other shapes ({changed})."
        cells = {**answers.cells, saved.title(model): CellAnswers(failure=reason)}
        return replace(answers, cells=cells)
    notes = [f"The task is set otherwise: {changed}."] if changed else []
    places = [side.summary.timed_on(model, task) for side in (old, new)]
    if timed and not is_same_machine(*places):
        notes.append("Timed on different machines: the difference is theirs, too.")
    if before.held_against and after.held_against:
        keys = [
            side.summary.models[spec.held_against].key
            for side, spec in ((old, before), (new, after))
            if spec.held_against in side.summary.models
        ]
        if len(set(keys)) > 1:
            notes.append(f"The reference, {after.held_against}, is not the same model in both.")
    return replace(answers, note=" ".join(notes))


def _task(
    side: _Side, task: str, answers: TaskAnswers, before: str, after: str, wanted: Wanted
) -> ComparedTask:
    metrics = wanted.metrics_of(answers)
    seed = side.answers.spec.defaults.seed
    try:
        return compare_task(
            task, answers, before, after, seed, metrics, wanted.confidence, wanted.any_prompts
        )
    except BadDataError as error:
        raise InputError(f"{side.path}: {task}: {error.message}", error.hint) from None


def _tasks(names: Sequence[str], place: Path, wanted: Wanted, side: _Side) -> list[str]:
    """Which of the tasks that were asked of both are compared."""
    if not names:
        raise InputError(f"{place}: there is no task that was asked of both")
    tasks = [side.answers.tasks[name] for name in names]
    if wanted.metric is not None:
        metrics = dict.fromkeys(metric for task in tasks for metric in task.metrics)
        _known("metric", wanted.metric, list(metrics), place)
    return [name for name, task in zip(names, tasks, strict=True) if wanted.metrics_of(task)]


def _known_task(wanted: Wanted, place: Path, summary: Summary) -> None:
    if wanted.task is not None:
        tasks = dict.fromkeys(cell.task for cell in summary.cells)
        _known("task", wanted.task, list(tasks), place)


def _known(kind: str, name: str, known: Sequence[str], place: Path) -> None:
    if name not in known:
        raise InputError(f"{place}: there is no {kind} {name!r} to compare", nearest(name, known))


def _asked(side: _Side, task: str) -> bool:
    return task in side.answers.tasks and bool(side.answers.tasks[task].cells)
