"""How much of a data set may be quoted where: one rule, for the report and for what is published.

A licence decides only what happens where nobody says anything: who asks for more answers for it.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from harness.records.comparisons import ChangedAnswer
from harness.records.summary import Summary, TaskSummary

Amount = Literal["all", "changed", "none"]
"""Every example; those that models answered differently; none."""

NOT_STATED = "not stated"
"""What a data set of a user's own says where its licence is asked for."""
_FREE = re.compile(
    r"(apache|mit\b|bsd|isc\b|cc0|cc[ -]by([ -]sa)?([ -]\d|$)|odc|pddl|cdla|unlicense|public domain)",
    re.I,
)
_COMMONS = re.compile(r"cc[ -]by", re.I)


@dataclass(frozen=True)
class Quoting:
    """How much of a task's data is quoted unless someone says otherwise."""

    amount: Amount
    licence: str
    """In words, never empty."""
    reason: str
    """Why so much and no more: a sentence."""
    citation: str = ""
    """What is owed wherever it is quoted; "" where nothing is known."""
    own: bool = False
    """Whether the data is the suite's own."""


def quoting(summary: Summary, task: str, published: bool = False) -> Quoting:
    """What of a task's examples is quoted by default.

    Args:
        summary: of the suite.
        task: its name.
        published: in what goes to others as data (a data set repo, an export for a leaderboard),
            rather than in a report of one's own, which quotes to show what it claims.
    """
    of = summary.tasks[task]
    licence, citation = of.licence, of.citation
    if of.synthetic:
        return Quoting("all", licence or "free", "The data is synthetic and free.", citation)
    if licence and _FREE.match(licence):
        return Quoting("all", licence, "The licence allows to pass it on.", citation)
    if licence and _COMMONS.match(licence):
        if published:
            reason = (
                "The licence sets limits (commercial use, changes) that the publisher answers for."
            )
            return Quoting("none", licence, reason, citation)
        reason = (
            "The licence allows to quote it unchanged, with its source, where no money is made."
        )
        return Quoting("all", licence, reason, citation)
    if _is_ones_own(summary, of, task):
        if published and not of.asked:
            reason = "Only its owner can allow to pass it on."
            return Quoting("none", NOT_STATED, reason, citation, own=True)
        return Quoting("all", "your own", "The data is the suite's own.", citation, own=True)
    if published:
        reason = "Nobody here knows a licence that would allow to pass it on."
        return Quoting("none", "not known", reason, citation)
    reason = "Its licence is not known here, so that only what is argued from is quoted."
    return Quoting("changed", licence if licence not in ("", NOT_STATED) else "not known", reason)


def unquoted(summary: Summary, tasks: Collection[str]) -> Summary:
    """The summary without what it quotes of the data of some tasks: changed answers and a prompt."""
    if not tasks:
        return summary
    nothing: dict[str, list[ChangedAnswer]] = {"changed_for_better": [], "changed_for_worse": []}
    rows = [
        row.model_copy(update=nothing) if row.task in tasks else row for row in summary.comparisons
    ]
    of_tasks = {
        name: of.model_copy(update={"example_prompt": ""}) if name in tasks else of
        for name, of in summary.tasks.items()
    }
    return summary.model_copy(update={"comparisons": rows, "tasks": of_tasks})


def _is_ones_own(summary: Summary, of: TaskSummary, task: str) -> bool:
    """Whether a task asks the suite's own prompts, or files or functions that lie beside the suite."""
    if of.asked:
        return True
    spec = summary.suite.get("spec", {}).get("tasks", {}).get(task, {})
    dataset = spec.get("dataset")
    return "text" in spec or (isinstance(dataset, dict) and "hub" not in dataset)
