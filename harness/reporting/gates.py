"""Gates: met, not met, or undecided, in words and as a table."""

from __future__ import annotations

from collections.abc import Sequence

from harness.records import GateVerdict, Summary
from harness.reporting.blocks import (
    NOT_KNOWN,
    Column,
    Datum,
    Fields,
    Line,
    Name,
    Strong,
    Table,
    Tone,
    table,
)
from harness.reporting.format import clip, count, sentence
from harness.reporting.marks import Marks
from harness.reporting.measures import label, metric_of
from harness.reporting.partial import open_gates

REASON_LENGTH = 400
GATE = Column("Gate", numeric=False, term="gate")
HEADS = (GATE, "Candidate", "Rule", "Examples", "Reason")
GATE_OUTCOMES: dict[str, tuple[str, Tone]] = {
    "met": ("✓ met", "good"),
    "not met": ("✗ not met", "bad"),
    "undecided": ("○ undecided", "unsure"),
}


def gate_table(summary: Summary) -> Table:
    """Every gate with its rule, its outcome and the reason, which stands last."""
    doubts = Marks.read(summary)
    rows: list[Fields] = [
        {
            GATE: _gate_outcome(gate),
            "Candidate": doubts.against(gate),
            "Rule": f"{label(metric_of(summary, gate))} on {gate.task} {gate.rule}",
            "Examples": _examples(summary, gate),
            "Reason": " ".join(filter(None, (gate.reason, too_few(summary, gate)))),
        }
        for gate in summary.gates
    ]
    notes = doubts.notes(m for gate in summary.gates for m in (gate.candidate, gate.baseline))
    return table("Each gate, for each candidate", rows, notes, heads=HEADS)


def _gate_outcome(gate: GateVerdict) -> Datum:
    text, tone = GATE_OUTCOMES[gate.outcome]
    if gate.outcome != "undecided":
        return Datum(text, tone=tone)
    return Datum(text, "lets the suite pass" if gate.passed else "fails the suite", tone)


def _examples(summary: Summary, gate: GateVerdict) -> Datum:
    unit = metric_of(summary, gate).noun
    if not gate.n:
        return NOT_KNOWN
    more = gate.outcome == "undecided" and gate.needed is not None and gate.needed > gate.n
    there = f", the data set has {count(_held(summary, gate))}" if too_few(summary, gate) else ""
    return Datum(f"{count(gate.n)} {unit}", f"{count(gate.needed)} would do{there}" if more else "")


def too_few(summary: Summary, gate: GateVerdict) -> str:
    """That a data set is too small to decide a gate; "" where it is not, or nothing is undecided."""
    held = _held(summary, gate)
    if gate.outcome != "undecided" or held is None or (gate.needed or 0) <= held:
        return ""
    return f"The data set has only {count(held)}: add examples, or allow more."


def _held(summary: Summary, gate: GateVerdict) -> int | None:
    """How many examples the data set holds that the gate could be judged on; of timings none."""
    return None if metric_of(summary, gate).is_timing else summary.tasks[gate.task].available


def gates(summary: Summary) -> Line:
    """How the gates went; undecided ones are neither met nor missed."""
    total = len(summary.gates)
    if not total:
        return _none_judged(summary)
    waiting = open_gates(summary.partial)
    return (*_how_they_went(summary), *((f" {waiting}.",) if waiting else ()))


def _none_judged(summary: Summary) -> Line:
    """Why there is no verdict."""
    if waiting := open_gates(summary.partial):
        return (Strong("No gate could be judged"), f": {waiting}.")
    set_gates = summary.suite.get("spec", {}).get("gates", [])
    if set_gates and all(gate.get("against") for gate in set_gates):
        judged_by = Name("harness gate RESULTS --baseline NAME")
        return (Strong("Every gate is against a baseline"), "; ", judged_by, " judges them.")
    if set_gates:
        return (Strong("No gate could be judged"), ": the cells have not been asked.")
    return (Strong("The suite sets no gates"), ", so nothing here passes or fails.")


def _how_they_went(summary: Summary) -> Line:
    total = len(summary.gates)
    missed = sum(gate.outcome == "not met" for gate in summary.gates)
    undecided = [gate for gate in summary.gates if gate.outcome == "undecided"]
    if not missed and not undecided:
        return (Strong("The one gate was met." if total == 1 else f"All {total} gates were met."),)
    parts = []
    if missed:
        parts.append(f"{_of(missed, total)} {'was' if missed == 1 else 'were'} not met")
    if undecided:
        verb = "is" if len(undecided) == 1 else "are"
        parts.append(f"{_of(len(undecided), total, bool(missed))} {verb} undecided")
    said = f"{' and '.join(parts)}."
    return (Strong(said[:1].upper() + said[1:]), _what_becomes(undecided))


def _of(some: int, total: int, again: bool = False) -> str:
    if total == 1:
        return "the one gate"
    return f"{some}" if again else f"{some} of {total} gates"


def _what_becomes(undecided: Sequence[GateVerdict]) -> str:
    """What undecided means, and whether the suite lets it pass."""
    if not undecided:
        return ""
    said = " Undecided: the examples show neither that the limit is kept nor that it is not"
    passing = sum(gate.passed for gate in undecided)
    if passing == len(undecided):
        return f"{said}; the suite lets that pass."
    if not passing:
        return f"{said}; the suite counts that as failed."
    return f"{said}; the suite lets {passing} of them pass and counts {len(undecided) - passing} as failed."


def missed_gates(summary: Summary) -> list[Line]:
    """Each gate that was not met, then each that is undecided, with its rule and the reason."""
    missed = [gate for gate in summary.gates if gate.outcome == "not met"]
    undecided = [gate for gate in summary.gates if gate.outcome == "undecided"]
    told = [_told(summary, gate, "") for gate in missed]
    return told + [_told(summary, gate, ", undecided") for gate in undecided]


def _told(summary: Summary, gate: GateVerdict, outcome: str) -> Line:
    small = too_few(summary, gate)
    return (
        Name(gate.candidate),
        f"{outcome}: {label(metric_of(summary, gate))} on ",
        Name(gate.task),
        f" {sentence(gate.rule)} {sentence(clip(gate.reason, REASON_LENGTH))}",
        f" {small}" if small else "",
    )
