"""The comment for a pull request, and the summary of a job: what fails first, all else shut."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest

from harness.quantities import plural
from harness.records import ChangedAnswer, Comparison, GateVerdict, Summary
from harness.reporting.answer import answer
from harness.reporting.blocks import (
    NOT_KNOWN,
    Block,
    Bullets,
    Callout,
    Column,
    Datum,
    Definition,
    Definitions,
    Document,
    Fields,
    Fold,
    Line,
    Link,
    Name,
    Prose,
    Section,
    Table,
    table,
)
from harness.reporting.checks import callouts
from harness.reporting.compare import compare_table
from harness.reporting.differences import single
from harness.reporting.format import clip, percent_level
from harness.reporting.gates import GATE_OUTCOMES, gate_table, gates, missed_gates
from harness.reporting.kinds import without_replicas
from harness.reporting.markdown import markdown
from harness.reporting.measures import is_headline, label, metric_of
from harness.reporting.outcomes import JudgedDifference
from harness.reporting.partial import partial_callouts
from harness.reporting.pieces import led_to

MOST_BROKE = 5
"""Answers that broke of which the text is shown."""
MOST_ROWS = 25
"""Rows of a table: GitHub takes 65,536 characters of a comment."""
MOST_REASONS = 3
"""Reasons that stand open."""
TEXT_LENGTH = 300


@dataclass(frozen=True)
class Place:
    """Where a reader of the comment goes on from it."""

    report: str = ""
    """Address of the page, or its path."""
    command: str = ""
    """What gives these verdicts again."""


def comment(summary: Summary, place: Place) -> str:
    """Markdown for a pull request or for a job's page."""
    failing = sorted(
        (gate for gate in summary.gates if not gate.passed),
        key=lambda gate: gate.outcome == "undecided",
    )
    passing = [gate for gate in summary.gates if gate.passed]
    blocks: list[Block] = [*partial_callouts(summary)]
    if not summary.gates:
        blocks.append(Prose(gates(summary)))
    if failing:
        blocks += [_gate_rows(summary, failing), *_reasons(summary, failing)]
    blocks += [*_failed_cells(summary), *callouts(summary), *_doubted_timings(summary)]
    if passing:
        undecided = sum(gate.outcome == "undecided" for gate in passing)
        title = f"{plural(len(passing), 'gate')} that pass{'es' * (len(passing) == 1)}"
        title += f", {undecided} of them undecided" * bool(undecided)
        blocks.append(Fold(title, (_told(summary, passing),)))
    blocks += _broken(summary, failing or passing)
    if summary.models and summary.tasks and len(summary.models) <= MOST_ROWS:
        blocks.append(Fold("Every model", (compare_table(without_replicas(summary)),)))
    onward = _onward(place)
    sections = (Section("gates", "", (*blocks, *([Prose(onward)] if onward else []))),)
    told: tuple[Section, ...] = led_to(sections, "")
    return markdown(Document(_title(summary, failing), _about(summary), told))


def _title(summary: Summary, failing: Sequence[GateVerdict]) -> str:
    total = len(summary.gates)
    failed = sum(cell.status == "failed" for cell in summary.cells)
    broken = f"{failed} of {plural(len(summary.cells), 'cell')} failed" if failed else ""
    if failing:
        verb = "fails" if len(failing) == 1 else "fail"
        said = f"{len(failing)} of {total} gates {verb}" if total > 1 else "The one gate fails"
        if len(failing) == 1:
            (gate,) = failing
            said += f": {gate.candidate}, {label(metric_of(summary, gate))} on {gate.task}"
        undecided = sum(gate.outcome == "undecided" for gate in failing)
        said += f" ({undecided} undecided)" * bool(undecided)
        return "❌ " + "; ".join(filter(None, (said, broken)))
    passed = ("the one gate passes" if total == 1 else f"all {total} gates pass") if total else ""
    said = "; ".join(filter(None, (broken, passed))) or "no gate was judged"
    sign = "❌" if failed else "✅" if total else "ℹ"
    return f"{sign} {said[:1].upper()}{said[1:]}"


def _about(summary: Summary) -> Line:
    commit = summary.software.get("commit", "")
    return (
        Name(str(summary.suite.get("name", "suite"))),
        f" · {plural(len(summary.models), 'model')} · {plural(len(summary.tasks), 'task')}",
        f" · commit {commit[:12]}" if commit else "",
    )


def _gate_rows(summary: Summary, failing: Sequence[GateVerdict]) -> Table:
    """The gates that fail, with both figures, the difference and the answers that changed."""
    rows = [_gate_row(summary, gate) for gate in failing[:MOST_ROWS]]
    more = len(failing) - MOST_ROWS
    notes: list[Line] = [(f"And {plural(more, 'more gate')} that fail.",)] if more > 0 else []
    return table("Gates that fail", rows, notes)


def _gate_row(summary: Summary, gate: GateVerdict) -> Fields:
    of, row = metric_of(summary, gate), _behind(summary, gate)
    shown: Fields = {
        "Model": Datum(gate.candidate, f"against {gate.baseline}" * bool(gate.baseline), name=True),
        "Gate": f"{label(of)} on {gate.task} {gate.rule}",
        "Outcome": GATE_OUTCOMES[gate.outcome][0],
    }
    difference = Column("Difference", f"[{percent_level(summary.confidence)} interval]")
    if row is not None and row.delta is not None:
        judged = JudgedDifference.by(of, row, summary.confidence)
        return shown | {
            Column("Before"): single(of, row.baseline_value),
            Column("Here"): single(of, row.candidate_value),
            difference: judged.difference,
            Column("Broke / fixed"): _changed(row),
        }
    if gate.value is None:
        return shown
    if gate.baseline:
        return shown | {difference: single(of, gate.value)}
    return shown | {Column("Here"): single(of, gate.value)}


def _behind(summary: Summary, gate: GateVerdict) -> Comparison | None:
    """The comparison that a gate is about, if it is about one."""
    wanted = (gate.task, gate.metric, gate.baseline, gate.candidate)
    found = (
        r for r in summary.comparisons if (r.task, r.metric, r.baseline, r.candidate) == wanted
    )
    return next(found, None)


def _changed(row: Comparison) -> Datum:
    if row.worse is None or row.better is None:
        return NOT_KNOWN
    return Datum(f"{row.worse} / {row.better}", f"n = {row.n:,}")


def _reasons(summary: Summary, failing: Sequence[GateVerdict]) -> list[Block]:
    lines = missed_gates(summary.model_copy(update={"gates": list(failing[:MOST_ROWS])}))
    reasons = Bullets(tuple(lines))
    return [reasons] if len(lines) <= MOST_REASONS else [Fold("Why each of them fails", (reasons,))]


def _told(summary: Summary, passing: Sequence[GateVerdict]) -> Table:
    shown = [
        gate.model_copy(update={"reason": clip(gate.reason, TEXT_LENGTH)})
        for gate in passing[:MOST_ROWS]
    ]
    made = gate_table(summary.model_copy(update={"gates": shown}))
    more = len(passing) - MOST_ROWS
    rest: tuple[Line, ...] = ((f"And {plural(more, 'more gate')}.",),) if more > 0 else ()
    return replace(made, caption="Gates that pass", notes=(*made.notes, *rest))


def _failed_cells(summary: Summary) -> list[Block]:
    failed = [cell for cell in summary.cells if cell.status == "failed"]
    lines: list[Line] = [
        (
            Name(f"{cell.model}/{cell.task}"),
            f" failed: {clip(cell.error.message, TEXT_LENGTH) if cell.error else 'for no reason given'}",
        )
        for cell in failed[:MOST_ROWS]
    ]
    more = len(failed) - MOST_ROWS
    lines += [(f"{plural(more, 'more cell')} failed.",)] if more > 0 else []
    return [Prose(("Cells that failed:",)), Bullets(tuple(lines))] if lines else []


def _doubted_timings(summary: Summary) -> list[Block]:
    models = dict.fromkeys(model for model, _ in answer(summary).doubted)
    if not models:
        return []
    said = f"Timings of {plural(len(models), 'model')} are in doubt: time them again before judging speed."
    return [Callout("unsure", (said,))]


def _broken(summary: Summary, about: Sequence[GateVerdict]) -> list[Block]:
    """Some answers that were right before and are not now, of the pairs that gates are about."""
    pairs = {(gate.task, gate.baseline, gate.candidate) for gate in about}
    rows = [
        row
        for row in summary.comparisons
        if (row.task, row.baseline, row.candidate) in pairs
        and is_headline(summary, row)
        and row.right_to_wrong
    ]
    rows = list({(row.task, row.baseline, row.candidate): row for row in rows}.values())
    turns = zip_longest(*([(row, of) for of in row.changed_for_worse] for row in rows))
    shown = [one for turn in turns for one in turn if one is not None][:MOST_BROKE]
    if not rows:
        return []
    blocks: list[Block] = [Bullets(tuple(_counted(row) for row in rows[:MOST_ROWS]))]
    total = sum(len(row.right_to_wrong) for row in rows)
    title = f"{plural(total, 'answer')} that broke"
    if shown:
        blocks.append(Prose((f"{len(shown)} in full:",)))
    return [Fold(title, (*blocks, *(_example(row, of) for row, of in shown)))]


def _counted(row: Comparison) -> Line:
    broke, fixed = len(row.right_to_wrong), len(row.wrong_to_right)
    said = f": {broke:,} broke, {fixed:,} fixed, n = {row.n:,}"
    return (Name(row.candidate), " against ", Name(row.baseline), " on ", Name(row.task), said)


def _example(row: Comparison, of: ChangedAnswer) -> Definitions:
    texts = (
        ("Example", f"{row.task}, {of.id}"),
        ("Prompt", of.prompt),
        ("Right answer", of.target),
        (row.baseline, of.baseline_answer),
        (row.candidate, of.candidate_answer),
    )
    return Definitions(
        tuple(Definition(term, (clip(text, TEXT_LENGTH),)) for term, text in texts if text)
    )


def _onward(place: Place) -> Line:
    is_address = place.report.startswith(("https://", "http://"))
    where = Link("Full report", place.report) if is_address else Name(place.report)
    parts: list[Line] = []
    if place.report:
        parts.append((where,) if is_address else ("Full report: ", where))
    if place.command:
        parts.append(("Reproduce: ", Name(place.command)))
    joined: Line = ()
    for part in parts:
        joined += (" · ",) * bool(joined) + part
    return joined
