"""The report in the order in which a reader wants it: the answer first, the means last."""

from __future__ import annotations

from harness.quantities import plural
from harness.records import Answered, Summary
from harness.records.licences import Amount
from harness.reporting.adapters import adapter_blocks
from harness.reporting.balance import without_added
from harness.reporting.blocks import (
    Beside,
    Block,
    Charts,
    Confusion,
    Document,
    Line,
    Prose,
    Section,
)
from harness.reporting.browser.section import sample_blocks
from harness.reporting.compare import compare_blocks
from harness.reporting.forgetting import forgetting_blocks
from harness.reporting.format import duration, moment, sentence
from harness.reporting.gates import gate_table, gates
from harness.reporting.glossary import definitions
from harness.reporting.kinds import without_replicas
from harness.reporting.linked import Linked
from harness.reporting.percent import in_percent
from harness.reporting.preferences import preference_blocks
from harness.reporting.questions import lead_forest, question_blocks
from harness.reporting.reproduction import reproduction_blocks
from harness.reporting.served import served_blocks
from harness.reporting.tradeoffs import first_chart, tradeoff_blocks
from harness.reporting.trust import trust_blocks
from harness.reporting.tuning import training_blocks
from harness.reporting.types import TYPE_SECTIONS
from harness.reporting.verdict import verdict


def document(
    summary: Summary, answered: Answered | None = None, samples: Amount | None = None
) -> Document:
    """The whole report of a summary; sections that have nothing to say are left out.

    Args:
        summary: of the results.
        answered: the samples that it was made from.
        samples: how much of them is put in; default: what each data set's licence allows.
    """
    browser = sample_blocks(without_replicas(summary), answered or Answered(), samples)
    summary = in_percent(summary)
    own = without_added(summary)
    main = without_replicas(own)
    linked = Linked.of(browser)
    parts: tuple[tuple[str, str, list[Block]], ...] = (
        ("verdict", "Answer", first_screen(summary, linked)),
        ("compare", "Compare", compare_blocks(own)),
        ("differences", "Differences", question_blocks(own, linked)),
        ("forgetting", "Gains and losses", forgetting_blocks(summary)),
        ("trade-offs", "Trade-offs", tradeoff_blocks(main)),
        *((of.anchor, of.title, _linked(of.blocks(main), linked)) for of in TYPE_SECTIONS),
        ("preferences", "Preferences", preference_blocks(summary)),
        ("samples", "Samples", browser),
        ("training", "Training", [*training_blocks(summary), *adapter_blocks(summary)]),
        ("gates", "Gates", gate_blocks(summary, linked)),
        ("served", "Served models", served_blocks(summary)),
        ("trust", "Trust", trust_blocks(summary)),
        ("reproduction", "Reproduction", reproduction_blocks(summary)),
    )
    title, subtitle = title_lines(summary)
    sections = tuple(Section(a, title, tuple(blocks)) for a, title, blocks in parts if blocks)
    return Document(title, subtitle, sections, definitions(summary), samples or "")


def title_lines(summary: Summary) -> tuple[str, Line]:
    """What a report is called, and beneath it what it is about and how large."""
    main, about = without_replicas(summary), str(summary.suite.get("description", ""))
    subtitle: Line = (
        f"{sentence(about)} " if about else "",
        f"{plural(len(main.models), 'model')} · {plural(len(without_added(summary).tasks), 'task')} · "
        f"{moment(summary.created)} · run of {duration(summary.seconds)}",
    )
    return f"Evaluation report: {summary.suite.get('name', 'suite')}", subtitle


def first_screen(summary: Summary, linked: Linked) -> list[Block]:
    """The answer, and beside it the two pictures that show it."""
    said = list(verdict(summary))
    drawn = pictures(without_replicas(without_added(summary)), linked)
    return [Beside(tuple(said), tuple(drawn))] if drawn else said


def pictures(summary: Summary, linked: Linked) -> list[Block]:
    """Quality against size with the Pareto line, and the paired differences of the same task."""
    first = first_chart(summary, "answer-pareto")
    forest = lead_forest(summary, "answer-forest", linked)
    drawn = [chart for chart in (first, forest) if chart is not None]
    return [Charts(tuple(drawn))] if drawn else []


def gate_blocks(summary: Summary, linked: Linked) -> list[Block]:
    """The gates and how they went."""
    lead = Prose(gates(summary))
    if not summary.gates:
        return [lead]
    return [lead, linked.gates(gate_table(summary), summary.gates)]


def _linked(blocks: list[Block], linked: Linked) -> list[Block]:
    return [linked.confused(one) if isinstance(one, Confusion) else one for one in blocks]
