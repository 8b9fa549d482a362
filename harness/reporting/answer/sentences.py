"""A sentence for fine-tuning and one for each rung of a quantization, beneath the card."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from harness.quantities import byte_size, plural
from harness.reporting.answer.figures import bound_words, change_words, detectable_words
from harness.reporting.answer.picked import speed_line, subject
from harness.reporting.answer.record import Answer, Bound, Effect
from harness.reporting.blocks import CardRow, Line, Name, Strong, joined
from harness.reporting.format import clip, sentence, share
from harness.reporting.kinds import ComparisonKind
from harness.reporting.measures import label
from harness.reporting.outcomes import DETECTED_IN, Conclusion, JudgedDifference, in_words
from harness.reporting.seeds import Spread, excludes_zero

ROWS_SHOWN = 8
"""Candidates of each kind that have a row; the others are counted."""
DIFFERENCES_SHOWN = 3
"""Differences that are said in full, of each candidate; the others are counted."""
OTHERS_NAMED = 2
"""Other measures that are better or worse, and named."""
REASON_LENGTH = 120
HEADS: dict[ComparisonKind, str] = {
    "fine-tuning": "Fine-tuning",
    "quantization": "Quantization",
    "other": "Comparison",
}
GRAVEST = (
    Conclusion.WORSE,
    Conclusion.BETTER,
    Conclusion.CHANGED,
    Conclusion.MISSING,
    Conclusion.NO_INTERVAL,
    Conclusion.TENTATIVE,
    Conclusion.NOT_SHOWN,
    Conclusion.SAME,
)
"""What is said first."""


def effect_rows(of: Answer) -> tuple[CardRow, ...]:
    """A row for each candidate of each comparison, in words that claim what its intervals allow."""
    rows: list[CardRow] = []
    for kind, head in HEADS.items():
        found = of.of_kind(kind)
        rows += [_row(of, head, one) for one in found[:ROWS_SHOWN]]
        more = len(found) - ROWS_SHOWN
        if more > 0:
            rows.append(CardRow(head, (f"{more} more: see the differences below",)))
    return tuple(rows)


def lead(of: Effect) -> str:
    """What an effect comes to over every measure of quality, in a word or two."""
    found = {one.outcome for one in of.quality} - {Conclusion.SAME}
    better, worse = Conclusion.BETTER in found, Conclusion.WORSE in found
    if better and worse:
        return "better and worse"
    if worse:
        return "worse"
    if better:
        return "helped" if of.kind == "fine-tuning" else "better"
    if not of.quality:
        return "quality not measured"
    if not found and not of.headlines:
        alike = ", ".join(dict.fromkeys(label(one.of) for one in of.others))
        return f"quality not graded, no difference in {alike}"
    if not found:
        return "no answer scored differently"
    if found == {Conclusion.MISSING}:
        return "nothing to compare"
    if found <= {Conclusion.NO_INTERVAL, Conclusion.MISSING}:
        return "how sure it is cannot be said"
    return "inconclusive"


def _row(answer: Answer, head: str, of: Effect) -> CardRow:
    kind = f" ({of.label})" if of.label else ""
    start: Line = (
        Name(of.candidate),
        f"{kind} against ",
        Name(of.baseline),
        ": ",
        Strong(lead(of)),
    )
    parts = [start, *_sizes(of), *_quality(of)]
    parts += [clause for one in of.headlines if (clause := over_seeds(one, answer.confidence))]
    if of.speed is not None and of.kind != "fine-tuning":
        alone = of.speed.difference is None
        speed = replace(of.speed, doubts=of.speed.doubts[:1])
        parts.append(("decode ", *speed_line(speed, of.baseline, absolute=alone)))
    notes = dict.fromkeys(sentence(one.row.note) for one in of.quality if one.row.note)
    return CardRow(head, (*joined(parts), ".", *(f" {note}" for note in notes)))


def _sizes(of: Effect) -> list[Line]:
    if of.kind == "fine-tuning" or not of.bytes:
        return []
    part = f" ({share(of.bytes / of.baseline_bytes)})" if of.baseline_bytes else ""
    return [(f"{byte_size(of.bytes)}{part}",)]


def _quality(of: Effect) -> list[Line]:
    """The first differences, what is worse before all others; of the rest what is better or worse."""
    told = [*of.headlines, *(one for one in of.others if one.outcome is Conclusion.WORSE)]
    told = sorted(told, key=lambda one: GRAVEST.index(one.outcome))[:DIFFERENCES_SHOWN]
    bounds = dict(zip(map(id, of.headlines), of.bounds, strict=True))
    clauses = [_difference(of, one, bounds.get(id(one))) for one in told]
    rest = [one for one in of.quality if one not in told]
    for outcome in (Conclusion.WORSE, Conclusion.BETTER, Conclusion.MISSING):
        if found := [one for one in rest if one.outcome is outcome]:
            clauses.append(_besides(outcome, found))
    return clauses


def _difference(effect: Effect, one: JudgedDifference, bound: Bound | None) -> Line:
    if one.outcome is Conclusion.MISSING:
        reason = clip((one.row.reason or "no reason was recorded").rstrip(". "), REASON_LENGTH)
        return (*subject(one), f" missing ({reason})")
    said, tuned = in_words(one.outcome), effect.kind == "fine-tuning"
    if one.row.too_few:
        said += "; too few examples to show any"
    elif bound is not None and not tuned and one.outcome is not Conclusion.SAME:
        said += f"; {bound_words(one.of, replace(bound, margin=None))}"
    elif one.row.detectable and tuned and one.outcome is Conclusion.NOT_SHOWN:
        least = detectable_words(one)
        said += f"; minimum detectable difference {least} ({DETECTED_IN} power)"
    return (*subject(one), f" {change_words(one.of, one.row)} ({said})")


def _besides(outcome: Conclusion, found: Sequence[JudgedDifference]) -> Line:
    """What other measures of quality came to it; many of them are counted."""
    named = [subject(one) for one in found]
    if len(named) > OTHERS_NAMED:
        return (f"{in_words(outcome)} in {plural(len(named), 'other measure')}",)
    return (f"{in_words(outcome)} in ", *joined(named, ", "))


def over_seeds(one: JudgedDifference, confidence: float) -> Line:
    """What the mean over the seeds is; nothing for a fine-tuning with one seed."""
    if one.row.seeds is None:
        return ()
    found = Spread(one.of, one.row, one.row.seeds, confidence)
    zero = "" if excludes_zero(found.seeds) else ", which does not exclude zero"
    mean = change_words(one.of, found.mean)
    return (f"over {found.count} seeds the mean of ", *subject(one), f" is {mean}{zero}")
