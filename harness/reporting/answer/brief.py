"""The answer in at most five lines of text: for a terminal, a notification, a first paragraph."""

from __future__ import annotations

from dataclasses import replace

from harness.quantities import byte_size
from harness.records import Value
from harness.reporting.answer.figures import bound_words, value_words
from harness.reporting.answer.losses import loss_in_short
from harness.reporting.answer.picked import speed_line
from harness.reporting.answer.record import Answer, Effect, Pick, Speed
from harness.reporting.answer.sentences import HEADS, lead
from harness.reporting.answer.words import card, evidence, named
from harness.reporting.blocks import Line, Name, joined
from harness.reporting.format import share
from harness.reporting.kinds import ComparisonKind
from harness.reporting.marks import SIGN
from harness.reporting.measures import label

TASKS_SHOWN = 2


def brief(of: Answer) -> list[Line]:
    """What to take and by which rule; how good and fast it is; the evidence; what each step changed."""
    lines: list[Line] = [_first(of)]
    if of.pick is not None:
        lines.append(_figures(of.pick))
    synthetic = f" · {SIGN} synthetic data or models" if of.synthetic else ""
    lines.append((*evidence(of).line, synthetic))
    kinds: tuple[ComparisonKind, ...] = ("fine-tuning", "quantization")
    if not any(of.of_kind(kind) for kind in kinds):
        kinds = ("other",)
    lost = loss_in_short(of.balances)
    for kind in kinds:
        if found := of.of_kind(kind):
            also = lost if kind == "fine-tuning" else ()
            lines.append(_effects(HEADS[kind], found, also))
    if lost and not of.of_kind("fine-tuning"):
        lines.append(("Forgetting: ", *lost, "."))
    return lines


def _first(of: Answer) -> Line:
    made = card(of)
    if of.pick is None:
        return (*made.title, ". ", *made.rule)
    effect, size = of.pick.effect, byte_size(of.pick.bytes or 0)
    part = ""
    if effect is not None and effect.baseline_bytes:
        part = f", {share((of.pick.bytes or 0) / effect.baseline_bytes)} of {effect.baseline}"
    return (*made.title, f" ({size}{part}). ", *made.rule)


def _figures(of: Pick) -> Line:
    """The first tasks and the speed, without the intervals that stand in the table."""
    parts: list[Line] = []
    for one in of.quality[:TASKS_SHOWN]:
        bound = replace(one.bound, margin=None) if one.bound else None
        said = f", {bound_words(one.metric, bound)}" if bound else ""
        value = value_words(one.metric, Value(value=one.value.value))
        parts.append((f"{label(one.metric)} {value} on ", Name(one.task), said))
    if of.speed is not None:
        parts.append(("decode ", *_speed(of.speed, of.effect.baseline if of.effect else "")))
    return joined(parts)


def _speed(of: Speed, baseline: str) -> Line:
    doubts, one = of.doubts[:1], of.difference
    bare = replace(of, doubts=doubts, value=Value(value=of.value.value), baseline=None)
    if one is not None:
        row = one.row.model_copy(update={"ratio_low": None, "ratio_high": None})
        bare = replace(bare, difference=replace(one, row=row))
    return speed_line(bare, baseline, absolute=one is None or one.row.ratio is None)


def _effects(head: str, found: tuple[Effect, ...], also: Line) -> Line:
    """The candidates of a kind by what each came to, and what they lost of what they did not learn."""
    groups: dict[str, list[str]] = {}
    for one in found:
        groups.setdefault(lead(one), []).append(one.candidate)
    said = [(*named(names), f" {words}") for words, names in groups.items()]
    return (f"{head}: ", *joined(said), *(("; ", *also) if also else ()), ".")
