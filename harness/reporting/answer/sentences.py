"""A line for each fine-tuning and each rung of a quantization, beneath the card."""

from __future__ import annotations

from harness.quantities import byte_size, plural
from harness.reporting.answer.figures import (
    bound_amount,
    bound_verb,
    change_words,
    detectable_words,
    level_words,
    readable,
)
from harness.reporting.answer.record import Answer, Bound, Effect
from harness.reporting.blocks import CardRow, Line, Name, Strong, joined
from harness.reporting.differences import ratio
from harness.reporting.format import clip, sentence, share
from harness.reporting.kinds import ComparisonKind
from harness.reporting.marks import SIGN
from harness.reporting.measures import label
from harness.reporting.outcomes import DETECTED_IN, Conclusion, JudgedDifference, in_words
from harness.reporting.seeds import Spread, excludes_zero

ROWS_SHOWN = 8
"""Candidates of each kind that have a row; the others are counted."""
DIFFERENCES_SHOWN = 3
"""Differences of one outcome that are said; the others are counted."""
REASON_LENGTH = 120
HEADS: dict[ComparisonKind, str] = {
    "fine-tuning": "Fine-tuning",
    "quantization": "Quantization",
    "other": "Comparison",
}
UNSURE = (Conclusion.NO_INTERVAL, Conclusion.TENTATIVE, Conclusion.NOT_SHOWN)
"""In the order in which they are said; of these only where a task is first judged by them."""


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
    """What an effect comes to over every measure of quality, in a word or two.

    A quantization whose figure went the good way is not called better: what is asked of it is that it
    loses nothing, and the measure that went that way is named.
    """
    found = {one.outcome for one in of.quality} - {Conclusion.SAME}
    better, worse = Conclusion.BETTER in found, Conclusion.WORSE in found
    quantized = of.kind == "quantization"
    if worse:
        return "better and worse" if better and not quantized else "worse"
    if quantized and of.bounds and all(map(_within, of.bounds)):
        return "within the margin"
    if better and quantized:
        return "no loss shown"
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


def _within(of: Bound | None) -> bool:
    """Whether a gate's margin holds all of the loss that is not excluded."""
    return of is not None and of.margin is not None and of.loss <= of.margin


def _row(answer: Answer, head: str, of: Effect) -> CardRow:
    kind = ", ".join(filter(None, (of.label, _size(of))))
    start: Line = (Name(of.candidate), f" ({kind}): " if kind else ": ", Strong(lead(of)))
    parts = [start, *_quality(of)]
    parts += [said for one in of.headlines if (said := over_seeds(of, one, answer.confidence))]
    parts += _decode(of) if of.kind != "fine-tuning" else []
    notes = dict.fromkeys(sentence(one.row.note) for one in of.quality if one.row.note)
    line = (*joined(parts), ".", *(f" {note}" for note in notes))
    return CardRow(head, line, detail=("against ", Name(of.baseline)))


def _size(of: Effect) -> str:
    if of.kind == "fine-tuning" or not of.bytes:
        return ""
    if not of.baseline_bytes:
        return byte_size(of.bytes)
    return f"{share(of.bytes / of.baseline_bytes)} of the size"


def _quality(of: Effect) -> list[Line]:
    """What is worse, what is better, what loss is excluded, what is not sure, what is missing."""
    clauses = [*_sure(of, Conclusion.WORSE), *_sure(of, Conclusion.BETTER), *_excluded(of)]
    bounded = _bounded(of)
    for outcome in UNSURE:
        told = [one for one in of.headlines if one.outcome is outcome and id(one) not in bounded]
        clauses += [(*_figure(of, one), _tag(of, one)) for one in told]
    missing = [one for one in of.headlines if one.outcome is Conclusion.MISSING]
    return [*clauses, *(_missing(of, one) for one in missing)]


def _sure(of: Effect, outcome: Conclusion) -> list[Line]:
    """The differences that came to it: where the task is first judged by them, else by any measure."""
    first = [one for one in of.headlines if one.outcome is outcome]
    rest = [one for one in of.others if one.outcome is outcome]
    told = first if first and outcome is Conclusion.BETTER else [*first, *rest]
    shown, more = told[:DIFFERENCES_SHOWN], len(told) - DIFFERENCES_SHOWN
    if of.kind == "quantization" and outcome is Conclusion.BETTER:
        clauses = [_gone(of, one) for one in shown]
    else:
        clauses = [(*_figure(of, one), _tag(of, one)) for one in shown]
    counted = [(f"{in_words(outcome)} in {plural(more, 'other measure')}",)] if more > 0 else []
    return [*clauses, *counted]


def _gone(of: Effect, one: JudgedDifference) -> Line:
    """Which way a figure went, for a model that is not said to be better by it."""
    way = "higher" if (one.row.delta or 0.0) > 0 else "lower"
    return (f"{way} ", *_about(of, one), f", {change_words(one.of, one.row)}")


def _bounded(of: Effect) -> dict[int, Bound]:
    """By the identity of its difference, the loss that is excluded where no more is sure than that."""
    if of.kind == "fine-tuning":
        return {}
    pairs = zip(of.headlines, of.bounds, strict=True)
    unsure = (Conclusion.TENTATIVE, Conclusion.NOT_SHOWN)
    return {
        id(one): bound
        for one, bound in pairs
        if bound is not None and one.outcome in unsure and not one.row.too_few
    }


def _excluded(of: Effect) -> list[Line]:
    """ "loses at most 1.27 pp accuracy, 0.0131 ROUGE-L (95%)": a clause for losses and gains of each level."""
    bounded = _bounded(of)
    alike: dict[tuple[str, str], list[Line]] = {}
    for one in of.headlines:
        if (bound := bounded.get(id(one))) is not None:
            said = (f"{bound_amount(one.of, bound)} ", *_about(of, one))
            alike.setdefault((bound_verb(bound), level_words(bound)), []).append(said)
    return [
        (f"{verb} ", *joined(said, ", "), f" ({level})") for (verb, level), said in alike.items()
    ]


def _figure(of: Effect, one: JudgedDifference) -> Line:
    return (*_about(of, one), f" {change_words(one.of, one.row)}")


def _tag(of: Effect, one: JudgedDifference) -> str:
    """What may be said of a difference, unless the sentence has begun with that."""
    if one.row.too_few:
        return " (too few examples to show any)"
    if one.row.detectable and one.outcome is Conclusion.NOT_SHOWN:
        return f" (minimum detectable difference {detectable_words(one)}, {DETECTED_IN} power)"
    begun = "better" if lead(of) == "helped" else lead(of)
    return "" if in_words(one.outcome) == begun else f" ({in_words(one.outcome)})"


def _about(of: Effect, one: JudgedDifference) -> Line:
    """The measure; and its task, where another task has the same one."""
    words = label(readable(one.of))
    tasks = {other.row.task for other in of.quality if label(readable(other.of)) == words}
    return (f"{words} on ", Name(one.row.task)) if len(tasks) > 1 else (words,)


def _missing(of: Effect, one: JudgedDifference) -> Line:
    reason = clip((one.row.reason or "no reason was recorded").rstrip(". "), REASON_LENGTH)
    return (*_about(of, one), f" missing ({reason})")


def _decode(of: Effect) -> list[Line]:
    """How many times its baseline's speed, where the suite compares the two."""
    one = of.speed.difference if of.speed else None
    if of.speed is None or one is None or one.row.ratio is None:
        return []
    doubt = f" {SIGN}" * bool(of.speed.doubts)
    if one.outcome not in (Conclusion.BETTER, Conclusion.WORSE):
        return [(f"decode {in_words(one.outcome)}{doubt}",)]
    times = ratio(one.row)
    return [(f"decode {times.text}× {times.detail}".rstrip() + doubt,)]


def over_seeds(of: Effect, one: JudgedDifference, confidence: float) -> Line:
    """What the mean over the seeds is; nothing for a fine-tuning with one seed."""
    if one.row.seeds is None:
        return ()
    found = Spread(one.of, one.row, one.row.seeds, confidence)
    zero = "" if excludes_zero(found.seeds) else ", which does not exclude zero"
    mean = change_words(one.of, found.mean)
    return (f"over {found.count} seeds the mean of ", *_about(of, one), f" is {mean}{zero}")
