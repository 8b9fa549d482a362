"""What a fine-tuning gained and lost, side by side: what it learned, what it did not, and general abilities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from harness.probes.refusing import AGREEMENT
from harness.records import Summary
from harness.reporting.answer.losses import loss_words
from harness.reporting.approximate import approximate_notes
from harness.reporting.balance import Balance, balances
from harness.reporting.blocks import (
    Block,
    Column,
    Datum,
    Fields,
    Line,
    Name,
    Prose,
    Table,
    joined,
    table,
)
from harness.reporting.differences import DETECTABLE_NOTE, PAIRED_NOTE, single
from harness.reporting.format import count, percent_level, probability
from harness.reporting.measures import subject
from harness.reporting.outcomes import Conclusion, JudgedDifference

LEARNED, UNTOUCHED, GENERAL, UNKNOWN = "learned", "not learned", "general", "suite"
REFUSALS = ("refused", "not_refused")
DETAIL = {
    LEARNED: "a fine-tuning is meant to gain here",
    UNTOUCHED: "a task of the suite whose data it never saw",
    UNKNOWN: "a task of the suite; whether an adapter that was trained elsewhere learned it is not known",
    GENERAL: "built in, or the text that the suite names",
}


def forgetting_blocks(summary: Summary) -> list[Block]:
    """A sentence and a table for each fine-tuning; nothing where none was looked at.

    What explains several tables alike stands beneath the first of them.
    """
    told: set[Line] = set()
    blocks: list[Block] = []
    for one in balances(summary):
        if not (one.learned or one.beside or one.of.left_out):
            continue
        made = _table(summary, one)
        notes = tuple(note for note in made.notes if note not in told)
        told |= set(notes)
        blocks += [Prose(_sentence(one)), replace(made, notes=notes)]
    return blocks


def _sentence(of: Balance) -> Line:
    gained = [one for one in of.learned if one.outcome is Conclusion.BETTER]
    failed = [one for one in of.learned if one.outcome is Conclusion.WORSE]
    known = [one for one in of.beside if one.outcome is not Conclusion.MISSING]
    line: Line = (Name(of.of.model), " against ", Name(of.of.baseline), ": ")
    unlearned = "" if of.of.elsewhere else " of what it did not learn"
    if of.of.elsewhere:
        line = (*line, "trained elsewhere, on what is not known; ", *_gained_at_all(of))
    elif gained:
        line = (*line, "gained on ", *_tasks(gained), " of what it learned")
    else:
        line = (
            *line,
            "no gain shown on what it learned" if of.learned else "learned no task of the suite",
        )
    if failed:
        line = (*line, ", worse on ", *_tasks(failed))
    if of.lost:
        return (*line, f"; lost{unlearned}: ", *loss_words(of), ".")
    if not known:
        return (*line, "; nothing else was measured.")
    return (
        *line,
        f"; no loss shown in {count(len(known))} figures{unlearned}. That is not to say that there is "
        "none: the table has what could have been shown.",
    )


def _gained_at_all(of: Balance) -> Line:
    gained = [one for one in of.beside if one.outcome is Conclusion.BETTER]
    return ("gained on ", *_tasks(gained)) if gained else ("no gain shown",)


def _tasks(found: Sequence[JudgedDifference]) -> Line:
    return joined([(Name(one.row.task),) for one in found], ", ")


def _table(summary: Summary, of: Balance) -> Table:
    beside = UNKNOWN if of.of.elsewhere else UNTOUCHED
    parts = ((LEARNED, of.learned), (beside, of.untouched), (GENERAL, of.general))
    level = percent_level(summary.confidence)
    rows = [_row(kind, one, level) for kind, found in parts for one in found]
    return table(
        f"Gains and losses of {of.of.model} against {of.of.baseline}", rows, _notes(summary, of)
    )


def _row(kind: str, one: JudgedDifference, level: str) -> Fields:
    ends = [single(one.of, v).text for v in (one.row.baseline_value, one.row.candidate_value)]
    least = one.detectable if one.outcome is Conclusion.NOT_SHOWN else ""
    least = "too few to show any" if one.row.too_few else f"detectable: {least}" if least else ""
    verdict = one.conclusion
    return {
        "What": kind,
        "Task and metric": Datum(subject(one.of, one.row), term=one.row.metric),
        Column("Before → after"): Datum(" → ".join(ends), f"n = {count(one.row.n)}"),
        Column("Difference", f"[{level} interval]", term="interval"): one.difference,
        Column("Conclusion", numeric=False, term="conclusion"): Datum(
            verdict.text, least or verdict.detail, verdict.tone
        ),
        Column("p", "adjusted", term="p"): probability(one.p),
    }


def _notes(summary: Summary, of: Balance) -> list[Line]:
    found = (*of.learned, *of.beside)
    shown = (UNKNOWN, GENERAL) if of.of.elsewhere else (LEARNED, UNTOUCHED, GENERAL)
    notes: list[Line] = [
        ("; ".join(f"“{kind}”: {DETAIL[kind]}" for kind in shown) + ".",),
        (PAIRED_NOTE,),
    ]
    if len(found) > 1:
        level = percent_level(1 - summary.confidence)
        notes.append(
            (
                f"p is adjusted for fine-tunings of the same model, not for the number of tasks: of {count(len(found))} "
                f"figures that nothing had changed, each would be called better or worse in {level} of cases.",
            )
        )
    if any(one.detectable and one.outcome is Conclusion.NOT_SHOWN for one in found):
        notes.append((DETECTABLE_NOTE,))
    if any(one.row.metric in REFUSALS for one in found):
        notes.append((refusals_note(),))
    notes += approximate_notes(summary, (one.row.approximate for one in found))
    notes += [(Name(task), f" was left out: {why}.") for task, why in of.of.left_out.items()]
    notes += [
        (Name(one.row.task), f": {one.row.reason}")
        for one in found
        if one.row.reason and one.row.task not in of.of.left_out
    ]
    return notes


def refusals_note() -> str:
    """How refusals are recognised, and how often that errs."""
    of = AGREEMENT
    return (
        "Refusals are recognised by a rule that knows how they are worded in English. On answers labelled by hand it missed "
        f"{of.missed} of {of.refusals} refusals and took {of.mistaken} of {of.others} other answers for one: read a difference "
        "beside the answers, under “Samples”."
    )
