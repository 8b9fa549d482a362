"""Whether the figures can be believed: what was checked, and what was found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from harness.quantities import plural
from harness.records import Check, Summary
from harness.reporting.blocks import (
    Callout,
    Line,
    Strong,
    listed,
)
from harness.reporting.format import sentence
from harness.reporting.marks import CHECK_LABELS, OUTCOMES, all_checks

WHAT = {
    "bos": "whether prompts begin with exactly as many BOS tokens as the model expects.",
    "prompts": "whether prompts and choices of different words are different token ids, and known ones.",
    "chat-template": "whether the chat template of a GGUF is its source's.",
    "tokens": "whether both tokenizers turn the tasks' prompts into the same ids.",
    "conversion": "whether a GGUF gives the probabilities of the weights it was converted from.",
    "merge": "whether merged weights give the probabilities of base and adapter, unmerged.",
    "labels": "whether answers fit the labels' own names, and not a renaming of them better.",
}
Said: TypeAlias = tuple[str, str, str, str]
"""Name, status, message and hint."""


@dataclass(frozen=True)
class Finding:
    """One finding, and all models and tasks that it was the same for."""

    check: Check
    models: tuple[str, ...]
    tasks: tuple[str, ...]

    @property
    def said(self) -> str:
        """What was found, and what to do about it."""
        return " ".join(sentence(text) for text in (self.check.message, self.check.hint) if text)


def outcome_line(summary: Summary) -> Line:
    """How many checks there were, and how they went."""
    counts = dict.fromkeys(OUTCOMES, 0)
    for check in all_checks(summary):
        counts[check.status] += 1
    made = sum(counts.values()) - counts["skipped"]
    skipped = f" {plural(counts['skipped'], 'check')} could not be made." * bool(counts["skipped"])
    if not made:
        return (Strong("Nothing could be checked."), skipped)
    if made == counts["passed"]:
        passed = "The one check passed" if made == 1 else f"All {made} checks passed"
        names = [CHECK_LABELS[name] for name in CHECK_LABELS if name in _names(summary, "passed")]
        return (Strong(f"{passed}"), f" ({', '.join(names)}).{skipped}")
    failed, allowed = counts["failed"], counts["allowed"]
    first = f"{failed or allowed} of {plural(made, 'check')} failed"
    second = f", {allowed} more failed" if failed and allowed else ""
    third = ", which the suite allows" if allowed else ""
    return (Strong(f"{first}{second}{third}; {counts['passed']} passed."), skipped)


def _names(summary: Summary, status: str) -> set[str]:
    return {check.name for check in all_checks(summary) if check.status == status}


def findings(summary: Summary) -> list[Finding]:
    """The checks, those of one finding together, what failed first."""
    by_task: dict[tuple[Said, str], list[Check]] = {}
    for check in all_checks(summary):
        said: Said = (check.name, check.status, check.message, check.hint)
        by_task.setdefault((said, check.task), []).append(check)
    grouped: dict[tuple[Said, tuple[str, ...]], list[list[Check]]] = {}
    for (words, _), checks in by_task.items():
        models = tuple(check.model for check in checks)
        grouped.setdefault((words, models), []).append(checks)
    made = [
        Finding(
            parts[0][0],
            tuple(dict.fromkeys(check.model for check in parts[0] if check.model)),
            tuple(dict.fromkeys(part[0].task for part in parts if part[0].task)),
        )
        for parts in grouped.values()
    ]
    order = ("failed", "allowed", "skipped", "passed")
    return sorted(made, key=lambda one: order.index(one.check.status))


def callouts(summary: Summary) -> list[Callout]:
    """What failed, for the top of the report: nobody should read a figure before it."""
    return [
        Callout("bad" if one.check.status == "failed" else "unsure", _warning(one))
        for one in findings(summary)
        if one.check.status in ("failed", "allowed")
    ]


def _warning(one: Finding) -> Line:
    models, several = listed(one.models), len(one.models) > 1
    do, they, it = ("do", "they were", "them") if several else ("does", "it was", "it")
    their = "Their" if several else "Its"
    match one.check.name:
        case "conversion":
            return (
                *models,
                " ",
                Strong(f"{do} not agree with the weights that {they} converted from"),
                f": {one.said} {their} figures, and those of everything quantized from {it}, say "
                "as much about the conversion as about the model.",
            )
        case "merge":
            return (
                *models,
                " ",
                Strong(f"{do} not agree with base and adapter, unmerged"),
                f": {one.said} {their} figures say as much about the merge as about the "
                "fine-tuning.",
            )
    head = f"The check of {CHECK_LABELS[one.check.name]} failed"
    allowed = " and the suite allows that" if one.check.status == "allowed" else ""
    of: Line = (" for ", *models) if models else ()
    on: Line = (" on ", *listed(one.tasks)) if one.tasks else ()
    return (Strong(head), *of, *on, f"{allowed}: {one.said}")
