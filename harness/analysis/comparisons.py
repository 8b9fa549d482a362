"""A suite's comparison, worked out: every candidate, task and metric, and which answers changed."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import fields
from typing import Any

from harness.analysis.alike import asked_otherwise, notes_of
from harness.analysis.answers import CellAnswers, TaskAnswers, in_common
from harness.analysis.paired import PairedDifference, compare_cells, compare_values
from harness.analysis.power import detectable
from harness.analysis.significance import holm
from harness.metrics.writing import shared_start
from harness.records import (
    ChangedAnswer,
    Comparison,
    Sample,
    is_same_machine,
    machine_words,
)

OTHER_CODE = (
    "The two were scored by different code, or other `args`, so that a difference would be the "
    "metric's as much as the models'. Run the earlier suite again to score its answers anew."
)
NO_WORDS = "No right answer holds a word, so that there is nothing for it to count."
ELSEWHERE = (
    "{} was timed on {}, and {} on {}, so that a difference would be the machines' as much as the models'. "
    "`harness run SUITE --again` times them anew on one."
)
CHANGED_SHOWN = 8
"""Changed answers kept in each direction."""
_KEPT = {field.name for field in fields(PairedDifference)} & Comparison.model_fields.keys()
"""What a record says as the difference does."""


def build_comparisons(
    name: str,
    baseline: str,
    candidates: Sequence[str],
    tasks: Mapping[str, TaskAnswers],
    seed: int,
    confidence: float = 0.95,
    any_prompts: bool = False,
    common: bool = False,
    metrics: Container[str] | None = None,
) -> list[Comparison]:
    """Compares every candidate with the baseline on every task and metric, in that order.

    A cell that is missing or failed gives records with the reason, as do cells that were asked
    different prompts, unless `any_prompts` allows that. p-values are adjusted over
    the candidates of one task and metric (Holm). Changed answers stand with the task's headline
    metric alone.

    Args:
        common: pair the examples that both models answered, where one answered others besides;
            each note says how many. Otherwise such cells are not compared.
        metrics: only these; default: all.

    Raises:
        BadDataError: a sample lacks what a metric is made of.
    """
    compared: list[Comparison] = []
    for task, answers in tasks.items():
        pairs = {
            candidate: in_common(answers, baseline, candidate) if common else answers
            for candidate in candidates
        }
        for position, metric in enumerate(answers.metrics):
            if metrics is not None and metric not in metrics:
                continue
            differences = [
                difference_of(metric, pair, baseline, candidate, seed, confidence, any_prompts)
                for candidate, pair in pairs.items()
            ]
            chances = [difference.p for difference in differences]
            adjusted, tested = holm(chances), sum(p is not None for p in chances)
            for (candidate, pair), difference, p_adjusted in zip(
                pairs.items(), differences, adjusted, strict=True
            ):
                told: dict[str, Any] = {}
                if difference.reason is None:
                    cells = pair.cells[baseline], pair.cells[candidate]
                    told = {"note": _note(pair, *cells)}
                    if position == 0:
                        changes = _partings if answers.of_type.free_text else _changes
                        told |= changes(difference, pair, *cells)
                if difference.churn is not None and difference.churn.bounded:
                    least = detectable(difference.churn, difference.n, confidence, tested)
                    told |= {"detectable": least, "too_few": least is None}
                found = {key: value for key, value in vars(difference).items() if key in _KEPT}
                compared.append(
                    Comparison(
                        name=name,
                        task=task,
                        baseline=baseline,
                        candidate=candidate,
                        p_adjusted=p_adjusted,
                        **found,
                        **told,
                    )
                )
    return compared


def difference_of(
    metric: str,
    answers: TaskAnswers,
    baseline: str,
    candidate: str,
    seed: int,
    confidence: float = 0.95,
    any_prompts: bool = False,
) -> PairedDifference:
    """The difference of one metric of one task between two models, or the reason for none."""
    before = answers.cells.get(baseline, CellAnswers())
    after = answers.cells.get(candidate, CellAnswers())
    for model, cell in ((baseline, before), (candidate, after)):
        if cell.failure is not None or not cell.samples:
            reason = cell.failure or "it was not asked."
            return PairedDifference(metric, reason=f"No answers of {model}: {reason}")
    apart = "" if any_prompts else asked_otherwise(before, after)
    if apart:
        return PairedDifference(metric, reason=apart, other_prompts=True)
    if answers.metrics[metric].own:
        for model, cell in ((baseline, before), (candidate, after)):
            if metric not in cell.scored_by:
                return PairedDifference(metric, reason=f"{model} was not scored by it.")
    if before.scored_by.get(metric) != after.scored_by.get(metric):
        return PairedDifference(metric, reason=OTHER_CODE)
    places = [cell.machine for cell in (before, after) if cell.machine]
    if answers.of_type.timed and len(places) == 2 and not is_same_machine(*places):
        reason = ELSEWHERE.format(
            baseline, machine_words(places[0]), candidate, machine_words(places[1])
        )
        return PairedDifference(metric, reason=reason)
    if answers.metrics[metric].kind == "single":
        if metric not in before.extras or metric not in after.extras:
            return PairedDifference(metric, reason="It was not measured for both models.")
        return compare_values(metric, before.extras[metric], after.extras[metric])
    of = answers.metrics[metric]
    earlier, later = of.defined(before.samples), of.defined(after.samples)
    if not earlier or not later:
        return PairedDifference(metric, reason=NO_WORDS)
    return compare_cells(
        of,
        earlier,
        later,
        seed,
        confidence,
        labels=answers.labels,
    )


def _note(answers: TaskAnswers, before: CellAnswers, after: CellAnswers) -> str:
    return " ".join([*[answers.note] * bool(answers.note), *notes_of(before, after)])


def changed_answers(
    metric: str,
    baseline: Sequence[Sample],
    candidate: Sequence[Sample],
    prompts: Mapping[str, str],
) -> list[ChangedAnswer]:
    """Every example whose score changed, the largest change first, equals by id."""
    before = {sample.id: sample for sample in baseline}
    changed = [
        ChangedAnswer(
            id=sample.id,
            prompt=prompts.get(sample.id, ""),
            target=sample.target or "",
            baseline_answer=_shown(before[sample.id]),
            candidate_answer=_shown(sample),
            baseline_score=before[sample.id].scores[metric],
            candidate_score=sample.scores[metric],
        )
        for sample in candidate
        if sample.scores[metric] != before[sample.id].scores[metric]
    ]
    return sorted(changed, key=lambda change: (-abs(_gain(change)), change.id))


def _changes(
    difference: PairedDifference, answers: TaskAnswers, before: CellAnswers, after: CellAnswers
) -> dict[str, Any]:
    """Which answers changed, where single answers are scored."""
    metric = difference.metric
    if difference.better is None:
        return {}
    changed = changed_answers(metric, before.samples, after.samples, answers.prompts)
    better = [change for change in changed if _gain(change) > 0]
    worse = [change for change in changed if _gain(change) < 0]
    graded = answers.metrics[metric].kind == "proportion"
    return {
        "right_to_wrong": [change.id for change in worse] if graded else [],
        "wrong_to_right": [change.id for change in better] if graded else [],
        "changed_for_better": better[:CHANGED_SHOWN],
        "changed_for_worse": worse[:CHANGED_SHOWN],
    }


def _partings(
    difference: PairedDifference, answers: TaskAnswers, before: CellAnswers, after: CellAnswers
) -> dict[str, Any]:
    """Where texts part; not said of models that were asked by tokenizers of their own."""
    if before.prompts != after.prompts and before.prompts and after.prompts:
        return {}
    texts = {sample.id: sample.data.get("ids", []) for sample in before.samples}
    parted = {
        sample.id: shared_start(texts[sample.id], sample.data.get("ids", []))
        for sample in after.samples
    }
    return {"parted": parted}


def _gain(change: ChangedAnswer) -> float:
    return change.candidate_score - change.baseline_score


def _shown(sample: Sample) -> str:
    """The answer, or the text in which none was found."""
    return sample.answer if sample.answer is not None else str(sample.data.get("text", ""))
