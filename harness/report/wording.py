"""The verdict: what the numbers say, in words that claim no more than their intervals allow."""

from __future__ import annotations

from collections.abc import Iterable

from harness.records import Comparison, Summary
from harness.report.blocks import Block, Bullets, Callout, Line, Name, Prose, Strong
from harness.report.claims import claim, joined, listed, overlap
from harness.report.format import fixed, percent_level, share, si_bytes
from harness.report.kinds import candidates, of_kind, precision
from harness.report.measures import (
    floor_label,
    headline,
    label,
    quality_tasks,
    tasks_of,
    value_of,
    words,
)
from harness.report.outcomes import Outcome, outcome

SYNTHETIC = (
    "The models or the data below are a small synthetic stand-in that shows the machinery, not "
    "the quality of any real model."
)
NOT_PROOF = "That is not proof that there is none."


def verdict(summary: Summary) -> tuple[Block, ...]:
    """What the whole run says, for someone who reads nothing else."""
    blocks: list[Block] = []
    failed = sum(c.status == "failed" for c in summary.cells)
    if failed:
        line = f"{failed} of {len(summary.cells)} cells failed. What follows rests on the others."
        blocks.append(Callout("bad", (Strong(line),)))
    if is_synthetic(summary):
        blocks.append(Callout("unsure", (SYNTHETIC,)))
    for part in (fine_tuning(summary), quantization(summary), others(summary)):
        blocks.extend(part)
    if not summary.comparisons:
        blocks.append(Prose(("The suite compares no models, so no difference is judged here.",)))
    blocks.append(Prose(gates(summary)))
    blocks.extend(Prose(line) for line in floors(summary))
    return tuple(blocks)


def is_synthetic(summary: Summary) -> bool:
    """Whether any model or task stands in for a real one."""
    return any(m.synthetic for m in summary.models.values()) or any(
        t.synthetic for t in summary.tasks.values()
    )


def judged(summary: Summary, rows: Iterable[Comparison]) -> list[Comparison]:
    """The rows by which a task is first judged: one for each pair of models and task."""
    kept: dict[tuple[str, str, str], Comparison] = {}
    for row in rows:
        if row.task not in quality_tasks(summary):
            continue
        key = (row.baseline, row.candidate, row.task)
        if key not in kept or row.metric == headline(summary.tasks[row.task]):
            kept[key] = row
    return list(kept.values())


def fine_tuning(summary: Summary) -> list[Block]:
    """Whether fine-tuning helped, by how much, and how sure that is."""
    rows = judged(summary, of_kind(summary, "fine-tuning"))
    if not rows:
        return []
    found = {outcome(row, summary.confidence) for row in rows}
    level = percent_level(summary.confidence)
    lead = _fine_tuning_lead(found, level)
    return [Prose((Strong(lead[0]), lead[1])), Bullets(tuple(_by_candidate(summary, rows)))]


def _fine_tuning_lead(found: set[Outcome], level: str) -> tuple[str, str]:
    better, worse = Outcome.BETTER in found, Outcome.WORSE in found
    if better and worse:
        return "Fine-tuning helped in some places and did harm in others.", ""
    if found == {Outcome.BETTER}:
        return (
            "Fine-tuning helped.",
            f" Each gain below has a {level} interval that excludes zero.",
        )
    if better:
        return "Fine-tuning helped in part.", " Not every difference below could be shown."
    if worse:
        return (
            "Fine-tuning did harm"
            + ("." if found == {Outcome.WORSE} else " where a difference could be shown."),
            f" Each loss below has a {level} interval that excludes zero.",
        )
    if found == {Outcome.MISSING}:
        return "Whether fine-tuning helped cannot be said.", " There is nothing to compare."
    if found <= {Outcome.NO_INTERVAL, Outcome.MISSING}:
        return "How sure the effect of fine-tuning is cannot be said.", " Intervals are missing."
    if Outcome.CHANGED in found:
        return "Fine-tuning changed figures that have no better direction.", ""
    return "No effect of fine-tuning could be shown.", f" {NOT_PROOF}"


def _by_candidate(summary: Summary, rows: list[Comparison]) -> list[Line]:
    return [
        (
            Name(name),
            ", against ",
            Name(of[0].baseline),
            ": ",
            *joined([claim(row, summary.confidence) for row in of]),
            ".",
        )
        for name, of in candidates(rows).items()
    ]


def quantization(summary: Summary) -> list[Block]:
    """What each quantization cost in quality, and gave in size and speed."""
    rows = judged(summary, of_kind(summary, "quantization"))
    if not rows:
        return []
    lines: list[Line] = []
    for name, of in candidates(rows).items():
        clauses = [claim(row, summary.confidence) for row in of]
        clauses += [fidelity_clause(summary, of[0].baseline, name)]
        clauses += [size_clause(summary, of[0].baseline, name)]
        clauses += [speed_clause(summary, of[0].baseline, name)]
        kind = precision(summary.models[name]) if name in summary.models else None
        head: Line = (Name(name), f" ({kind})" if kind else "", ", against ", Name(of[0].baseline))
        lines.append((*head, ": ", *joined([c for c in clauses if c]), "."))
    return [Prose(_quantization_lead(summary, rows)), Bullets(tuple(lines))]


def _quantization_lead(summary: Summary, rows: list[Comparison]) -> Line:
    worse, unclear, unknown = [], [], []
    for name, of in candidates(rows).items():
        found = {outcome(row, summary.confidence) for row in of}
        if Outcome.WORSE in found:
            worse.append(name)
        elif found & {Outcome.MISSING, Outcome.NO_INTERVAL}:
            unknown.append(name)
        else:
            unclear.append(name)
    line: list[str] = []
    if worse:
        line += [Strong("Quantization cost quality"), " that could be shown for ", *listed(worse)]
        line.append(". ")
    if unclear:
        start = "For " if worse else Strong("No loss of quality could be shown")
        line += [start, *([] if worse else [" for "]), *listed(unclear)]
        line.append(f"{' no loss could be shown' if worse else ''}. {NOT_PROOF} ")
    if unknown:
        line += ["What it cost ", *listed(unknown), " cannot be said in full. "]
    return tuple(line)


def size_clause(summary: Summary, baseline: str, candidate: str) -> Line:
    """How large the candidate is, and what part of its baseline that makes."""
    models = summary.models
    before = models[baseline].bytes if baseline in models else None
    after = models[candidate].bytes if candidate in models else None
    if not after:
        return ()
    part = f", {share(after / before)} of {si_bytes(before)}" if before else ""
    return (f"its size is {si_bytes(after)}{part}",)


def speed_clause(summary: Summary, baseline: str, candidate: str) -> Line:
    """How decode speed changed, where the spread of both runs allows to say so."""
    for task in tasks_of(summary, "speed"):
        name = headline(summary.tasks[task])
        before = value_of(summary, baseline, task, name)
        after = value_of(summary, candidate, task, name)
        if before is None or after is None or not before.value or after.value is None:
            continue
        figures = f"{words(name, after)} against {words(name, before)}"
        match overlap(before, after):
            case None:
                return (f"it decodes {figures}, with no spread recorded",)
            case True:
                return (f"no difference in decode speed could be shown ({figures})",)
            case _:
                times = fixed(after.value / before.value, 2)
                return (f"it decodes {times} times as fast ({figures})",)
    return ()


def fidelity_clause(summary: Summary, baseline: str, candidate: str) -> Line:
    """How far the candidate's probabilities moved from its baseline's."""
    for task in tasks_of(summary, "divergence"):
        if summary.tasks[task].reference != baseline:
            continue
        kl = value_of(summary, candidate, task, "kl_mean")
        same = value_of(summary, candidate, task, "same_top1")
        if kl is None:
            continue
        kept = (
            f", and {share(same.value)} of its first choices are the same"
            if same and same.value is not None
            else ""
        )
        return (f"its probabilities moved by {words('kl_mean', kl)} (KL){kept}",)
    return ()


def others(summary: Summary) -> list[Block]:
    """Comparisons that are neither fine-tuning nor quantization."""
    rows = judged(summary, of_kind(summary, "other"))
    if not rows:
        return []
    lead: Line = (Strong("Other comparisons"), " that the suite asks for:")
    return [Prose(lead), Bullets(tuple(_by_candidate(summary, rows)))]


def gates(summary: Summary) -> Line:
    """Whether the gates were met."""
    total, missed = len(summary.gates), [g for g in summary.gates if not g.passed]
    if not total:
        return (Strong("The suite sets no gates"), ", so nothing here passes or fails.")
    if not missed:
        met = "The one gate was met." if total == 1 else f"All {total} gates were met."
        return (Strong(met),)
    lines: list[Line] = [
        (Name(g.candidate), f", {label(g.metric)} on ", Name(g.task), f" {g.rule}") for g in missed
    ]
    verb = "was" if len(missed) == 1 else "were"
    return (Strong(f"{len(missed)} of {total} gates {verb} not met:"), " ", *joined(lines), ".")


def floors(summary: Summary) -> list[Line]:
    """For scale: what needs no language model reaches, task by task."""
    lines: list[Line] = []
    for task in quality_tasks(summary):
        name = headline(summary.tasks[task])
        reached = {
            floor_label(floor): metrics[name]
            for floor, metrics in summary.tasks[task].floors.items()
            if name in metrics
        }
        best = [
            (value.value, model)
            for model in summary.models
            if (value := value_of(summary, model, task, name)) is not None
            and value.value is not None
        ]
        if not reached or not best:
            continue
        top = max(best, key=lambda pair: pair[0])[1]
        said = ", ".join(f"{floor} {words(name, value)}" for floor, value in reached.items())
        lines.append(
            (
                f"For scale, {label(name)} on ",
                Name(task),
                f": without any language model, {said}; the highest model, ",
                Name(top),
                f", {words(name, value_of(summary, top, task, name))}.",
            )
        )
    return lines
