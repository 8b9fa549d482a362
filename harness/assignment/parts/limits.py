"""What these results cannot say."""

from __future__ import annotations

from harness.assignment.changes import headlines, tuned
from harness.assignment.source import Source
from harness.quantities import plural
from harness.reporting.answer.facts import is_synthetic
from harness.reporting.answer.words import SYNTHETIC
from harness.reporting.blocks import Block, Bullets, Line, Name, Strong
from harness.reporting.checks import findings, outcome_line
from harness.reporting.format import clip, sentence
from harness.reporting.kinds import families
from harness.reporting.measures import label, timed_tasks
from harness.reporting.outcomes import DETECTED_IN, Conclusion
from harness.reporting.partial import partial_lines
from harness.reporting.timings import details_of, doubts

MOST = 3
"""Findings of one kind that are told."""
LENGTH = 260


def limits(source: Source) -> list[Block]:
    """What failed, what is in doubt, what was too little to show something."""
    summary = source.summary
    lines = partial_lines(summary)
    failed = [cell for cell in summary.cells if cell.status == "failed"]
    for cell in failed[:MOST]:
        why = sentence(clip(cell.error.message, LENGTH)) if cell.error else ""
        lines.append(
            (Strong("Failed:"), " ", Name(cell.model), " on ", Name(cell.task), f". {why}")
        )
    if len(failed) > MOST:
        lines.append((f"{plural(len(failed) - MOST, 'more cell')} failed.",))
    if is_synthetic(summary):
        lines.append((*SYNTHETIC, "."))
    lines += _checks(source)
    for task in timed_tasks(source.main):
        found = doubts(details_of(source.main, task))
        lines += [
            (
                Strong("Timings in doubt:"),
                f" {one.lead[:1].lower()}{one.lead[1:]}, "
                f"{plural(len(one.messages), 'model')} of {task}.",
            )
            for one in found
        ]
    for one in headlines(summary, "fine-tuning"):
        if one.outcome is Conclusion.NOT_SHOWN and one.detectable:
            lines.append(
                (
                    Name(one.row.candidate),
                    f", {label(one.of)} on ",
                    Name(one.row.task),
                    f": {one.row.n:,} examples show a difference of {one.detectable} or more "
                    f"({DETECTED_IN} power); a smaller one may be there unseen.",
                )
            )
    if tuned(summary) and not families(summary):
        lines.append(
            (
                "Each fine-tuning was done once, with one seed: another seed may lead elsewhere. ",
                Name("seeds: [0, 1, 2]"),
                " in the suite repeats it.",
            )
        )
    return [Bullets(tuple(lines))] if lines else []


def _checks(source: Source) -> list[Line]:
    doubtful = [
        one for one in findings(source.summary) if one.check.status in ("failed", "allowed")
    ]
    if not doubtful:
        return [("Checks of models and prompts: ", *outcome_line(source.summary))]
    return [(Strong("Check failed:"), f" {clip(one.said, LENGTH)}") for one in doubtful[:MOST]]
