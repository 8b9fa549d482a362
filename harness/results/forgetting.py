"""Holds every fine-tuning of a suite, and every adapter of others, against the model that it was made from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from harness.analysis.comparisons import build_comparisons
from harness.records import NOT_ASKED, Cell, Comparison, Forgetting
from harness.results.judge import SuiteAnswers
from harness.suite.lineage import is_tuned, trained_elsewhere
from harness.suite.replicas import replica_of
from harness.suite.schema import ModelSpec, SuiteSpec, TaskType, type_of

NAME = "forgetting"


def before_and_after(
    answers: SuiteAnswers, cells: Iterable[Cell], compared: Sequence[Comparison]
) -> list[Forgetting]:
    """One record for each model that training made, in the suite's order; a repeated one counts once.

    Args:
        answers: of the whole suite.
        cells: of its summary.
        compared: differences that the suite asks for: where it asks for one of these, the figures and the
            correction for several candidates are the same.
    """
    spec = answers.spec
    if not spec.forgetting.tasks:
        return []
    repeated = replica_of(spec.models)
    pairs = {
        name: str(of.from_)
        for name, of in spec.models.items()
        if is_tuned(spec.models, name) and name not in repeated
    }
    not_for = {(cell.model, cell.task): cell.details.get(NOT_ASKED) for cell in cells}
    known = {(one.task, one.metric, one.baseline, one.candidate): one for one in compared}
    made = {
        baseline: _rows(answers, baseline, [m for m, of in pairs.items() if of == baseline])
        for baseline in dict.fromkeys(pairs.values())
    }
    found = []
    for model, baseline in pairs.items():
        left_out = {task: why for task in spec.tasks if (why := not_for.get((model, task)))}
        rows = [
            known.get((one.task, one.metric, one.baseline, one.candidate), one)
            for one in made[baseline]
            if one.candidate == model and one.task not in left_out
        ]
        found.append(
            Forgetting(
                model=model,
                baseline=baseline,
                learned=learned(spec, spec.models[model]),
                elsewhere=trained_elsewhere(spec.models, model),
                rows=[_without_examples(one) for one in rows],
                left_out=left_out,
            )
        )
    return found


def learned(spec: SuiteSpec, model: ModelSpec) -> list[str]:
    """The tasks whose data a fine-tuning learns: those that it names, and others on the same data.

    None of an adapter that was trained elsewhere: what it learned is not known.
    """
    if model.finetune is None:
        return []
    named = [spec.tasks[task] for task in model.finetune.tasks]
    sets = [task.data.dataset for task in named if task.data is not None]
    return [
        name
        for name, task in spec.tasks.items()
        if task in named or (task.data is not None and task.data.dataset in sets)
    ]


def _rows(answers: SuiteAnswers, baseline: str, candidates: list[str]) -> list[Comparison]:
    spec, found = answers.spec, list[Comparison]()
    for name, task in spec.tasks.items():
        asked = [model for model in candidates if task.asks(model)]
        if not task.asks(baseline) or not asked or not _says_how_good(type_of(task)):
            continue
        given: Mapping[str, object] = answers.tasks[name].cells
        if baseline not in given and not any(model in given for model in asked):
            continue
        found += build_comparisons(
            NAME,
            baseline,
            asked,
            {name: answers.tasks[name]},
            spec.defaults.seed,
            metrics={type_of(task).headline},
        )
    return found


def _says_how_good(of: TaskType) -> bool:
    """Whether its first metric says how good a model is, by itself."""
    return not (of.timed or of.free_text or of.has_reference)


def _without_examples(row: Comparison) -> Comparison:
    nothing = {"changed_for_better": [], "changed_for_worse": [], "name": NAME}
    return row.model_copy(update=nothing)
