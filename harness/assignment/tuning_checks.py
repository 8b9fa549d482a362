"""What the results show of a fine-tuning: named checks of `checks.py`."""

from __future__ import annotations

from collections.abc import Sequence

from harness.assignment.changes import demo_rows, headlines, tuned
from harness.assignment.states import Finding, State, still_open
from harness.finetuning import METHODS
from harness.quantities import plural
from harness.records import Summary
from harness.reporting.answer import Effect
from harness.reporting.answer.effects import effects
from harness.reporting.answer.figures import change_words
from harness.reporting.answer.picked import subject
from harness.reporting.blocks import Line, Name, joined, listed
from harness.reporting.format import fixed
from harness.reporting.measures import (
    label,
)
from harness.reporting.outcomes import Conclusion, JudgedDifference, in_words


def fine_tuned(summary: Summary) -> Finding:
    """Whether a model was fine-tuned."""
    trained = tuned(summary)
    if not trained:
        return still_open("no model is fine-tuned")
    return Finding(State.MET, listed(list(trained)))


def lora(summary: Summary) -> Finding:
    """Whether one was fine-tuned with adapters."""
    adapters = {name for name, method in METHODS.items() if method.makes == "adapter"}
    found: list[Line] = [
        (Name(model), f" by {METHODS[of.method].label}")
        for model, of in tuned(summary).items()
        if of.method in adapters
    ]
    if not found:
        return still_open("no model is fine-tuned with LoRA or QLoRA")
    return Finding(State.MET, joined(found, ", "))


def loss_fell(summary: Summary) -> Finding:
    """Whether the training loss fell, as far as that can be told."""
    trained = tuned(summary)
    if not trained:
        return still_open("no model is fine-tuned")
    said: list[Line] = [
        (Name(m), f" {fixed(of.beginning_loss, 3)} → {fixed(of.end_loss, 3)}")
        for m, of in trained.items()
    ]
    if any(of.steps < 2 for of in trained.values()):
        return still_open("one step of training shows no fall")
    rose = [of for of in trained.values() if of.end_loss >= of.beginning_loss]
    mixed = any(of.is_mixed for of in trained.values())
    note = "; batches of several data sets alternate: means of the first and last quarter" * mixed
    sure = any(not of.is_mixed for of in rose)
    state = State.NOT_MET if sure else State.OPEN if rose else State.MET
    return Finding(state, ("loss of ", *joined(said, ", "), *([note] if note else [])))


def compared(summary: Summary) -> Finding:
    """Whether fine-tuned models are compared with their base."""
    rows = [
        one for one in headlines(summary, "fine-tuning") if one.outcome is not Conclusion.MISSING
    ]
    if not rows:
        return still_open("no fine-tuned model is compared with its base on the same examples")
    n = sum(one.row.low is not None for one in rows)
    state = State.MET if n == len(rows) else State.PARTLY
    said = f"{plural(len(rows), 'paired difference')}, {n} with an interval"
    return Finding(state, (said,))


def improvement(summary: Summary) -> Finding:
    """Judged as the card judges it: over every measure of quality, those of the headline said first."""
    found = [of for of in effects(summary) if of.kind == "fine-tuning" and of.quality]
    if not found:
        return still_open("no fine-tuned model is compared with its base on the same examples")
    states = [_state_of(of) for of in found]
    # harm to one model is not made good by another of which nothing could be shown
    order = (State.MET, State.PARTLY, State.NOT_MET, State.OPEN)
    best = min(states, key=order.index)
    told = found[states.index(best)]
    said: list[Line] = [_change(one) for one in told.headlines]
    said += [_worse(told.candidate, told.others)] if told.others else []
    said += [_worse(of.candidate, of.quality) for of in found if of is not told]
    return Finding(best, (Name(told.candidate), ": ", *joined([line for line in said if line])))


def _worse(candidate: str, rows: Sequence[JudgedDifference]) -> Line:
    """What became worse; nothing where that is nothing."""
    names = dict.fromkeys(label(one.of) for one in rows if one.outcome is Conclusion.WORSE)
    return (Name(candidate), f" became worse in {', '.join(names)}") if names else ()


def _state_of(of: Effect) -> State:
    better, worse = Conclusion.BETTER in of.outcomes, Conclusion.WORSE in of.outcomes
    if better:
        return State.PARTLY if worse else State.MET
    return State.NOT_MET if worse else State.OPEN


def _change(one: JudgedDifference) -> Line:
    return (*subject(one), f" {change_words(one.of, one.row)} ({in_words(one.outcome)})")


def examples(summary: Summary) -> Finding:
    """Whether there are answers that fine-tuning bettered, for the demo."""
    rows = demo_rows(summary)
    if not rows:
        return still_open("no answers of before and after can be held against each other")
    better, worse = sum(row.better or 0 for row in rows), sum(row.worse or 0 for row in rows)
    who = Name(rows[0].candidate)
    if not better:
        return Finding(State.NOT_MET, (who, " bettered not one answer"))
    return Finding(State.MET, (who, f": {better:,} answers became better, {worse:,} worse"))
