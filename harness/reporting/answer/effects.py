"""What each candidate changed against its baseline: quality, size and speed."""

from __future__ import annotations

from harness.records import Comparison, FinetuneStep, GateVerdict, Summary
from harness.reporting.answer.record import Bound, Effect, Speed
from harness.reporting.compared import compared
from harness.reporting.kinds import ComparisonKind, kinds, precision
from harness.reporting.lineage import method_words
from harness.reporting.measures import (
    headline,
    higher_is_better,
    is_headline,
    metric_of,
    timed_tasks,
    value_of,
)
from harness.reporting.outcomes import JudgedDifference, judge
from harness.reporting.timings import doubts_at, doubts_of


def effects(summary: Summary) -> tuple[Effect, ...]:
    """One for each pair of models that is compared, in the order of the summary."""
    by_pair = kinds(summary)
    pairs: dict[tuple[ComparisonKind, str, str], list[Comparison]] = {
        (by_pair[row.name, row.baseline, row.candidate], row.baseline, row.candidate): []
        for row in summary.comparisons
    }
    for row in compared(summary):
        pairs[by_pair[row.name, row.baseline, row.candidate], row.baseline, row.candidate].append(
            row
        )
    return tuple(_effect(summary, *pair, rows) for pair, rows in pairs.items())


def _effect(
    summary: Summary,
    kind: ComparisonKind,
    baseline: str,
    candidate: str,
    rows: list[Comparison],
) -> Effect:
    graded = [row for row in rows if metric_of(summary, row).measures == "quality"]
    first = [row for row in graded if is_headline(summary, row)]
    rest = [row for row in graded if not is_headline(summary, row)]
    before, after = summary.models.get(baseline), summary.models.get(candidate)
    headlines = judge(summary, first)
    return Effect(
        kind=kind,
        baseline=baseline,
        candidate=candidate,
        label=label_of(summary, candidate, kind),
        headlines=tuple(headlines),
        bounds=tuple(bound(summary, one) for one in headlines),
        others=tuple(judge(summary, rest)),
        baseline_bytes=before.bytes if before else None,
        bytes=after.bytes if after else None,
        speed=speed_of(summary, candidate, baseline, rows),
    )


def label_of(summary: Summary, model: str, kind: ComparisonKind | None = None) -> str:
    """The method of a fine-tuning, of any other model the type of its weights; "" for none."""
    of = summary.models.get(model)
    if of is None:
        return ""
    methods = [step.method for step in of.lineage if isinstance(step, FinetuneStep)]
    if kind == "fine-tuning" and methods:
        return method_words(methods[-1])
    return precision(of) or ""


def speed_of(
    summary: Summary, model: str, baseline: str = "", rows: list[Comparison] | None = None
) -> Speed | None:
    """How fast a model decodes, by the first task that timed it."""
    for task in timed_tasks(summary):
        of = headline(summary.tasks[task])
        value = value_of(summary, model, task, of.name)
        if value is None:
            continue
        before = value_of(summary, baseline, task, of.name)
        timed = [row for row in rows or () if (row.task, row.metric) == (task, of.name)]
        found = next(iter(judge(summary, timed)), None)
        doubts = (
            doubts_of(summary, found.row) if found else doubts_at(summary, model, task, of.name)
        )
        return Speed(task, of, value, before, found, doubts)
    return None


def bound(summary: Summary, one: JudgedDifference) -> Bound | None:
    """The loss that is excluded: by the gate's one-sided bound, else by the paired interval."""
    upwards, row = higher_is_better(one.of), one.row
    if upwards is None or row.low is None or row.high is None:
        return None
    gate = _gate_of(summary, row)
    if gate is not None and gate.low is not None and gate.high is not None:
        loss = -gate.low if upwards else gate.high
        return Bound(loss, gate.confidence, one_sided=True, margin=gate.limit)
    return Bound(-row.low if upwards else row.high, summary.confidence, one_sided=False)


def _gate_of(summary: Summary, row: Comparison) -> GateVerdict | None:
    """The gate that sets how much of this difference may be lost, where there is one.

    Of the rules that judge a difference only `max_drop` has a limit above zero, beside that of timings.
    """
    wanted = (row.task, row.metric, row.baseline, row.candidate)
    of_row = (
        gate
        for gate in summary.gates
        if (gate.task, gate.metric, gate.baseline, gate.candidate) == wanted and gate.limit
    )
    return next(of_row, None)
