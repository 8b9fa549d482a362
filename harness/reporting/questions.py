"""The differences, question by question: what fine-tuning changed, what quantization, what else was asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from harness.quantities import plural
from harness.records import Comparison, Summary
from harness.reporting.blocks import Block, Chart, Charts, Download, Fold, Heading, Line, Name
from harness.reporting.changed import changed_blocks
from harness.reporting.differences import difference_tables
from harness.reporting.downloads import differences_csv
from harness.reporting.forest import forests
from harness.reporting.format import percent_level
from harness.reporting.kinds import ComparisonKind, of_kind
from harness.reporting.linked import Linked
from harness.reporting.measures import headline, is_headline, metric_of, timed_tasks
from harness.reporting.outcomes import JudgedDifference, judge
from harness.reporting.seeds import seed_blocks

LEADS: tuple[ComparisonKind, ...] = ("quantization", "fine-tuning", "other")
"""Whose plot stands on the first screen: what a model is chosen by comes first."""
TITLES: dict[ComparisonKind, tuple[str, str]] = {
    "fine-tuning": ("Fine-tuning", "Fine-tuned models against their baseline"),
    "quantization": ("Quantization", "Quantized models against their baseline"),
    "other": ("Other comparisons", "Other comparisons"),
}


def question_blocks(summary: Summary, linked: Linked) -> list[Block]:
    """A forest plot for each question, with its table and its file behind it, and changed answers."""
    blocks: list[Block] = []
    for kind, (title, caption) in TITLES.items():
        rows = of_kind(summary, kind)
        if not rows:
            continue
        blocks += [Heading(title), *_question(summary, kind, caption, rows, linked)]
        if kind == "fine-tuning":
            blocks += seed_blocks(summary, [row for row in rows if row.seeds is not None])
        # the browser shows them all, and on paper the section of samples some
        blocks += changed_blocks(summary, [row for row in rows if not linked.pair(row)])
    return blocks


def _question(
    summary: Summary,
    kind: ComparisonKind,
    caption: str,
    rows: Sequence[Comparison],
    linked: Linked,
) -> list[Block]:
    found = judge(summary, rows)
    first = [one for one in found if _leads(summary, one)]
    rest = [o for o in found if not _leads(summary, o) and o.of.measures != "change"]
    blocks: list[Block] = []
    stem = kind.replace(" ", "-")
    if drawn := forests(summary, f"differences-{stem}", first, linked):
        blocks.append(Charts(drawn, _reading(summary, first)))
    if drawn := forests(summary, f"differences-{stem}-other", rest, linked):
        blocks.append(
            Fold(f"Forest plots of {plural(len(drawn), 'other metric')}", (Charts(drawn),))
        )
    tables = difference_tables(summary, caption, rows, linked)
    download = Download(
        f"{plural(len(found), 'difference')} as CSV", f"{stem}.csv", differences_csv(found)
    )
    table = Fold(f"{caption}: {plural(len(found), 'difference')} as a table", (*tables, download))
    return [*blocks, table] if blocks else [*tables, download]


def lead_forest(summary: Summary, file: str, linked: Linked) -> Chart | None:
    """The plot for the first screen: the first task that grades, else that times, of quantization if
    that was asked, else of whatever was compared."""
    for kind in LEADS:
        known = [one for one in judge(summary, of_kind(summary, kind)) if one.row.delta is not None]
        leading = [one for one in known if _leads(summary, one)]
        graded = [one for one in leading if is_headline(summary, one.row)] or leading
        first = [one for one in graded if one.row.task == graded[0].row.task]
        if drawn := forests(summary, file, first, linked):
            return replace(drawn[0], file=file)
    return None


def _leads(summary: Summary, one: JudgedDifference) -> bool:
    """Whether a difference is one that a reader looks for first: of quality, and of decode speed."""
    if one.row.task in timed_tasks(summary):
        return one.row.metric == headline(summary.tasks[one.row.task]).name
    of = metric_of(summary, one.row)
    graded = is_headline(summary, one.row)
    return graded or (
        of.measures == "quality" and summary.tasks[one.row.task].reference is not None
    )


def _reading(summary: Summary, found: Sequence[JudgedDifference]) -> Line:
    """How the plots are read, and what they are held against."""
    baselines = dict.fromkeys(one.row.baseline for one in found)
    level = percent_level(summary.confidence)
    against: Line = ("Candidate minus baseline",)
    if len(baselines) == 1:
        against = ("Candidate minus ", Name(next(iter(baselines))))
    return (
        *against,
        f", on the same examples; bars are {level} intervals, the upright line is no difference. ▲ better, ▼ "
        "worse, ○ inconclusive. Shaded: the loss that a gate allows.",
    )
