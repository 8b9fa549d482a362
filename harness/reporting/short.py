"""The report in short, as `report.md` holds it: the answer, one table, two pictures, and what is behind
them shut at first. All the rest stands in the page beside it."""

from __future__ import annotations

from collections.abc import Sequence

from harness.quantities import plural
from harness.records import Summary
from harness.reporting.blocks import (
    Block,
    Bullets,
    Callout,
    Card,
    Code,
    Document,
    Fold,
    Line,
    Link,
    Section,
)
from harness.reporting.compare import compare_table, task_line
from harness.reporting.differences import differences
from harness.reporting.gates import gate_table
from harness.reporting.kinds import without_replicas
from harness.reporting.linked import NOWHERE
from harness.reporting.measures import is_headline
from harness.reporting.percent import in_percent
from harness.reporting.pieces import led_to
from harness.reporting.preferences import KINDS, preference_table
from harness.reporting.reproduction import commands
from harness.reporting.sections import pictures, title_lines
from harness.reporting.tables import failures
from harness.reporting.verdict import verdict

PAGE = "index.html"
"""The page, by its path from the Markdown."""
ANSWER = (Card, Callout)
"""What the report opens with; what else the verdict says stands below the table."""


def short_document(summary: Summary) -> Document:
    """The report in short; parts that have nothing to say are left out."""
    summary = in_percent(summary)
    main, said = without_replicas(summary), verdict(summary)
    parts: tuple[tuple[str, str, Sequence[Block]], ...] = (
        ("answer", "Answer", [block for block in said if isinstance(block, ANSWER)]),
        ("models", "Models", _models(main)),
        ("pictures", "Trade-off and differences", pictures(main, NOWHERE)),
        ("details", "Details", [b for b in said if not isinstance(b, ANSWER)] + _behind(summary)),
    )
    title, subtitle = title_lines(summary)
    more: Line = (
        ". Every figure and answer: ",
        Link(PAGE, PAGE),
        ", which opens in any browser.",
    )
    sections = tuple(Section(a, title, tuple(blocks)) for a, title, blocks in parts if blocks)
    made: tuple[Section, ...] = led_to(sections, PAGE)
    return Document(title, (*subtitle, *more), made)


def _models(summary: Summary) -> list[Block]:
    if not summary.models or not summary.tasks:
        return []
    failed = failures(summary)
    return [compare_table(summary), *([failed] if failed else [])]


def _behind(summary: Summary) -> list[Block]:
    """What the answer rests on, shut at first."""
    folds: list[Block] = []
    rows = [row for row in summary.comparisons if is_headline(summary, row)]
    if rows:
        title = f"{plural(len(rows), 'paired difference')} in quality"
        folds.append(Fold(title, (differences(summary, "Candidate against baseline", rows),)))
    if summary.gates:
        folds.append(Fold(plural(len(summary.gates), "gate"), (gate_table(summary),)))
    for of in summary.votes.sets if summary.votes else ():
        said = preference_table(of, summary.confidence)
        folds.append(Fold(f"Preferences in {KINDS[of.blind]}", (said,)))
    asked = tuple(task_line(summary, task) for task in summary.tasks)
    if asked:
        folds.append(Fold("What was asked", (Bullets(asked),)))
    again = Code("\n".join(commands(summary)), "sh")
    return [*folds, Fold("How to run it again", (again,))]
