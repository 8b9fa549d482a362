"""What the comparisons say, in words that claim no more than their intervals allow."""

from __future__ import annotations

from collections.abc import Iterable

from harness.quantities import byte_size
from harness.records import Comparison, Summary
from harness.reporting.blocks import Block, Bullets, Line, Name, Prose, Strong, joined, listed
from harness.reporting.claims import claims, overlap
from harness.reporting.differences import ratio
from harness.reporting.format import fixed, percent_level, sentence, share
from harness.reporting.kinds import ComparisonKind, of_kind, precision
from harness.reporting.measures import (
    figure,
    headline,
    is_headline,
    quality_tasks,
    timed_tasks,
    value_of,
)
from harness.reporting.outcomes import Conclusion, JudgedDifference, judge
from harness.reporting.seeds import over_seeds

NOT_PROOF = "That is not proof that there is none."


def judged(summary: Summary, kind: ComparisonKind) -> list[JudgedDifference]:
    """The rows of a kind by which a task is first judged: one for each pair of models and task."""
    kept: dict[tuple[str, str, str], Comparison] = {}
    graded = quality_tasks(summary)
    for row in of_kind(summary, kind):
        key = (row.baseline, row.candidate, row.task)
        if row.task in graded and (key not in kept or is_headline(summary, row)):
            kept[key] = row
    return judge(summary, kept.values())


def _by_model(found: Iterable[JudgedDifference]) -> dict[str, list[JudgedDifference]]:
    """The differences by candidate, in order of appearance."""
    grouped: dict[str, list[JudgedDifference]] = {}
    for one in found:
        grouped.setdefault(one.row.candidate, []).append(one)
    return grouped


def fine_tuning(summary: Summary) -> list[Block]:
    """Whether fine-tuning helped, by how much, and how sure that is."""
    rows = judged(summary, "fine-tuning")
    if not rows:
        return []
    lead = _fine_tuning_lead({one.outcome for one in rows}, percent_level(summary.confidence))
    return [Prose((Strong(lead[0]), lead[1])), Bullets(tuple(_by_candidate(summary, rows)))]


def _fine_tuning_lead(found: set[Conclusion], level: str) -> tuple[str, str]:
    better, worse = Conclusion.BETTER in found, Conclusion.WORSE in found
    if better and worse:
        return "Fine-tuning helped in some places and did harm in others.", ""
    if found == {Conclusion.BETTER}:
        return (
            "Fine-tuning helped.",
            f" Each gain below has a {level} interval that excludes zero.",
        )
    if found == {Conclusion.BETTER, Conclusion.MISSING}:
        return "Fine-tuning helped where it could be judged.", " Some answers are missing."
    if better:
        return "Fine-tuning helped in part.", " Not every difference below could be shown."
    if worse:
        return (
            "Fine-tuning did harm"
            + ("." if found == {Conclusion.WORSE} else " where a difference could be shown."),
            f" Each loss below has a {level} interval that excludes zero.",
        )
    if found == {Conclusion.MISSING}:
        return "Whether fine-tuning helped cannot be said.", " There is nothing to compare."
    if found <= {Conclusion.NO_INTERVAL, Conclusion.MISSING}:
        return "How sure the effect of fine-tuning is cannot be said.", " Intervals are missing."
    if Conclusion.CHANGED in found:
        return "Fine-tuning changed figures that have no better direction.", ""
    return "No effect of fine-tuning could be shown.", f" {NOT_PROOF}"


def _by_candidate(summary: Summary, rows: list[JudgedDifference]) -> list[Line]:
    return [
        (
            Name(name),
            ", against ",
            Name(of[0].row.baseline),
            ": ",
            *joined(_judged_clauses(summary, of)),
            f".{_notes(of)}",
        )
        for name, of in _by_model(rows).items()
    ]


def _judged_clauses(summary: Summary, rows: list[JudgedDifference]) -> list[Line]:
    """What the examples say, and where a fine-tuning was repeated what its seeds say."""
    seeds = [clause for one in rows if (clause := over_seeds(summary, one.row))]
    return [*claims(rows), *seeds]


def _notes(rows: Iterable[JudgedDifference]) -> str:
    """What a reader has to know besides, each thing once."""
    notes = dict.fromkeys(one.row.note for one in rows if one.row.note)
    return "".join(f" {sentence(note)}" for note in notes)


def quantization(summary: Summary) -> list[Block]:
    """What each quantization gave in size and speed, and cost in quality."""
    rows = judged(summary, "quantization")
    if not rows:
        return []
    lines: list[Line] = []
    for name, of in _by_model(rows).items():
        baseline = of[0].row.baseline
        kind = precision(summary.models[name]) if name in summary.models else None
        head: Line = (Name(name), f" ({kind})" if kind else "", ", against ", Name(baseline), ": ")
        clauses = [size_clause(summary, baseline, name), speed_clause(summary, baseline, name)]
        clauses += claims(of)
        lines.append((*head, *joined([c for c in clauses if c]), f".{_notes(of)}"))
    return [Prose(_quantization_lead(rows)), Bullets(tuple(lines))]


def _quantization_lead(rows: list[JudgedDifference]) -> Line:
    worse, unclear, unknown = [], [], []
    for name, of in _by_model(rows).items():
        found = {one.outcome for one in of}
        if Conclusion.WORSE in found:
            worse.append(name)
        elif found & {Conclusion.MISSING, Conclusion.NO_INTERVAL}:
            unknown.append(name)
        else:
            unclear.append(name)
    lines: list[Line] = []
    if worse:
        lines.append((Strong("Quantization cost quality"), " for ", *listed(worse), "."))
    if unclear and worse:
        lines.append(("For ", *listed(unclear), f" no loss of quality could be shown. {NOT_PROOF}"))
    elif unclear:
        lead = Strong("No loss of quality through quantization could be shown")
        lines.append((lead, " for ", *listed(unclear), f". {NOT_PROOF}"))
    if unknown:
        lines.append(("What quantization cost ", *listed(unknown), " cannot be said in full."))
    return joined(lines, " ")


def size_clause(summary: Summary, baseline: str, candidate: str) -> Line:
    """How large the candidate is, and what part of its baseline that makes."""
    models = summary.models
    before = models[baseline].bytes if baseline in models else None
    after = models[candidate].bytes if candidate in models else None
    if not after:
        return ()
    if not before:
        return (f"it takes {byte_size(after)} on disk",)
    return (
        f"it takes {byte_size(after)} instead of {byte_size(before)} ({share(after / before)})",
    )


def speed_clause(summary: Summary, baseline: str, candidate: str) -> Line:
    """How decode speed changed, where the spread of both runs allows to say so."""
    for task in timed_tasks(summary):
        metric = headline(summary.tasks[task])
        before = value_of(summary, baseline, task, metric.name)
        after = value_of(summary, candidate, task, metric.name)
        if before is None or after is None or not before.value or after.value is None:
            continue
        figures = (
            f"{figure(metric, after).text} against {figure(metric, before).text} {metric.unit}"
        )
        compared = _timed(summary, task, baseline, candidate)
        if compared is not None:
            return (_ratio_clause(summary, compared, figures),)
        match overlap(before, after):
            case None:
                return (f"it writes {figures}, with no spread recorded",)
            case True:
                return (f"no difference in speed of writing could be shown ({figures})",)
            case _:
                times = fixed(after.value / before.value, 2)
                return (f"it writes {times} times as fast ({figures})",)
    return ()


def _timed(summary: Summary, task: str, baseline: str, candidate: str) -> Comparison | None:
    """The comparison of two models' speed, where the suite makes one."""
    wanted = (task, headline(summary.tasks[task]).name, baseline, candidate)
    return next(
        (
            row
            for row in summary.comparisons
            if (row.task, row.metric, row.baseline, row.candidate) == wanted
            and row.ratio is not None
        ),
        None,
    )


def _ratio_clause(summary: Summary, row: Comparison, figures: str) -> str:
    """The ratio of two speeds, and whether it is sure: its interval and the test have to agree."""
    shown = ratio(row)
    said = f"{shown.text} {shown.detail}".strip()
    if row.ratio_low is None or row.ratio_high is None:
        return f"it writes {figures}, with no spread recorded"
    (found,) = (one.outcome for one in judge(summary, [row]))
    if row.ratio_low <= 1 <= row.ratio_high or found is Conclusion.NOT_SHOWN:
        return f"no difference in speed of writing could be shown ({said} times as fast: {figures})"
    if found is Conclusion.TENTATIVE:
        return (
            "the difference in speed of writing is not sure enough once several comparisons are "
            f"allowed for ({said} times as fast: {figures})"
        )
    slower = "more slowly, " if row.ratio_high < 1 else ""
    return f"it writes {slower}{said} times as fast ({figures})"


def others(summary: Summary) -> list[Block]:
    """Comparisons that are neither fine-tuning nor quantization."""
    rows = judged(summary, "other")
    if not rows:
        return []
    lead: Line = (Strong("Other comparisons"), " that the suite asks for:")
    return [Prose(lead), Bullets(tuple(_by_candidate(summary, rows)))]
