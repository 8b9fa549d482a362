"""The rows of the card that are about the model that is taken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from harness.quantities import byte_size
from harness.reporting.answer.figures import bound_words, change_words, value_words
from harness.reporting.answer.record import Pick, Quality, Speed
from harness.reporting.blocks import CardRow, Line, Name, Tone, joined, listed
from harness.reporting.differences import ratio
from harness.reporting.format import share
from harness.reporting.marks import SIGN
from harness.reporting.measures import label
from harness.reporting.outcomes import Conclusion, JudgedDifference, in_words
from harness.reporting.timings import in_doubt

TASKS_SHOWN = 4
"""Graded tasks that have a row of their own; the others are counted."""


def pick_rows(of: Pick) -> list[CardRow]:
    """Size, quality, speed, and what speaks against it."""
    rows = [CardRow("size", _size(of))]
    rows += [_quality(one) for one in of.quality[:TASKS_SHOWN]]
    rows += _more_tasks(of.quality[TASKS_SHOWN:])
    others = of.effect.others if of.effect else ()
    rows += _worse([one for one in others if one.outcome is Conclusion.WORSE])
    if of.speed is not None:
        tone: Tone = "unsure" if of.speed.doubts else "plain"
        rows.append(
            CardRow("decode", speed_line(of.speed, of.effect.baseline if of.effect else ""), tone)
        )
    if of.tied:
        said: Line = (*listed(of.tied), ": not to be told apart by speed, and larger")
        rows.append(CardRow("as fast", said))
    if of.failed:
        rows.append(CardRow("failed", (*listed(of.failed), ": not answered"), "unsure"))
    if of.allowed:
        failed = f"{SIGN} failed, which the suite allows: {', '.join(of.allowed)}"
        rows.append(CardRow("checks", (failed,), "unsure"))
    return rows


def shown_row(of: Pick) -> CardRow:
    """Size, quality and speed of a model in one line, where none is recommended."""
    parts: list[Line] = [(_size_alone(of),)] if of.bytes else []
    parts += [
        (f"{label(one.metric)} {value_words(one.metric, one.value)} on ", Name(one.task))
        for one in of.quality[:TASKS_SHOWN]
    ]
    if of.speed is not None:
        parts.append(
            ("decode ", *speed_line(replace(of.speed, difference=None, baseline=None), ""))
        )
    parts += [("failed: ", *listed(of.failed))] if of.failed else []
    tone: Tone = "unsure" if of.failed or (of.speed and of.speed.doubts) else "plain"
    return CardRow(of.model, joined(parts) or ("nothing was measured",), tone)


def _size_alone(of: Pick) -> str:
    return byte_size(of.bytes or 0) + (f" ({of.label})" if of.label else "")


def _size(of: Pick) -> Line:
    size = _size_alone(of)
    before = of.effect.baseline_bytes if of.effect else None
    if of.effect is None or not before:
        return (size,)
    part = share((of.bytes or 0) / before)
    return (f"{size}, {part} of ", Name(of.effect.baseline), f" ({byte_size(before)})")


def _quality(of: Quality) -> CardRow:
    value: Line = (value_words(of.metric, of.value), " on ", Name(of.task))
    one = of.difference
    if one is None or one.outcome is Conclusion.MISSING:
        return CardRow(label(of.metric), (*value, ", compared with nothing"))
    against: Line = (
        f"; {change_words(one.of, one.row)} against ",
        Name(one.row.baseline),
        f" ({in_words(one.outcome)})",
    )
    bound = f"; {bound_words(of.metric, of.bound)}" if of.bound else ""
    return CardRow(label(of.metric), (*value, *against, bound), tone_of([one]))


def tone_of(found: Sequence[JudgedDifference]) -> Tone:
    """Bad where anything is worse, good where something is better and nothing worse."""
    outcomes = {one.outcome for one in found}
    if Conclusion.WORSE in outcomes:
        return "bad"
    return "good" if Conclusion.BETTER in outcomes else "plain"


def _more_tasks(rest: Sequence[Quality]) -> list[CardRow]:
    """How the tasks fared that have no row of their own."""
    counts: dict[str, int] = {}
    for of in rest:
        said = in_words(of.difference.outcome) if of.difference else "compared with nothing"
        counts[said] = counts.get(said, 0) + 1
    said = ", ".join(f"{many} {words}" for words, many in counts.items())
    tone = tone_of([of.difference for of in rest if of.difference])
    return [CardRow("more tasks", (f"{len(rest)}: {said}",), tone)] if rest else []


def _worse(found: Sequence[JudgedDifference]) -> list[CardRow]:
    """Losses in what no graded task is first judged by."""
    clauses: list[Line] = [(*subject(one), f" {change_words(one.of, one.row)}") for one in found]
    more = len(clauses) - TASKS_SHOWN
    said = (*joined(clauses[:TASKS_SHOWN]), f"; and {more} more" * (more > 0))
    return [CardRow("worse in", said, "bad")] if found else []


def subject(one: JudgedDifference) -> Line:
    """What a difference is of: "accuracy on sentiment"."""
    return (f"{label(one.of)} on ", Name(one.row.task))


def speed_line(of: Speed, baseline: str, absolute: bool = True) -> Line:
    """Tokens per second, how many times the baseline's, what may be said of that, and the doubts."""
    line: Line = (value_words(of.metric, of.value),) if absolute else ()
    one, doubts = of.difference, f" {in_doubt(of.doubts)}" if of.doubts else ""
    if one is not None and one.row.ratio is not None:
        times = ratio(one.row)
        said = f" {times.detail}" if times.detail else ""
        start: Line = ("; " * absolute, f"{times.text}× ", Name(baseline))
        line = (*line, *start, f"{said} ({in_words(one.outcome)})")
    elif of.baseline is not None:
        before = value_words(of.metric, of.baseline)
        line = (*line, "; " * absolute, Name(baseline), f" {before}")
    return (*line, doubts)
