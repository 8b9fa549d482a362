"""The answer of a summary, as facts: the model to take by the suite's rule, or why none is recommended."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.records import Summary
from harness.reporting.answer.candidates import candidates, failed_tasks, rule_of
from harness.reporting.answer.effects import effects, label_of, speed_of
from harness.reporting.answer.pareto import pareto
from harness.reporting.answer.record import (
    Answer,
    Candidate,
    Effect,
    Pick,
    Quality,
    Rule,
    Speed,
    Tally,
    Withheld,
)
from harness.reporting.balance import balances
from harness.reporting.kinds import without_replicas
from harness.reporting.marks import all_checks, in_doubt
from harness.reporting.measures import headline, overlap, quality_tasks, value_of
from harness.reporting.timings import timings_in_doubt

SHOWN = 6
"""Models that are shown where none is recommended."""
FIRST = ("quantization", "other", "fine-tuning")
"""Of several comparisons of one model, the kind whose baseline it stands beside."""


def answer(summary: Summary) -> Answer:
    """Which model to take, by which rule, why, and how sure that is.

    A pure function of the summary. A model is recommended only of those that gates judge, and only
    where all of the suite has run; it has to meet every gate, those of the models that it was made from
    too, to have answered every graded task, and to fail no check.
    """
    rule, found = rule_of(summary), candidates(summary)
    made = effects(summary)
    good = [one for one in found if one.qualifies]
    taken, tied, withheld = _choose(summary, rule, good)
    if not summary.gates:
        asked = summary.suite.get("spec", {}).get("gates")
        withheld = "gates not judged" if asked else "no gates"
    elif summary.partial is not None:
        withheld = "partial"
    found_line, line = pareto(summary), tuple[str, ...]()
    if withheld in ("no gates", "gates not judged", "partial"):
        line = found_line.models or tuple(without_replicas(summary).models)
    return Answer(
        suite=str(summary.suite.get("name", "suite")),
        rule=rule,
        pick=_pick(summary, taken.model, made, tied) if taken and not withheld else None,
        withheld=withheld,
        shown=tuple(_pick(summary, model, made) for model in line[:SHOWN]),
        candidates=found,
        pareto=found_line,
        effects=made,
        balances=tuple(balances(summary)),
        gates=Tally(sum(gate.outcome == "met" for gate in summary.gates), len(summary.gates)),
        undecided=sum(gate.outcome == "undecided" for gate in summary.gates),
        checks=_checks(summary),
        cells=Tally(sum(cell.status == "ok" for cell in summary.cells), len(summary.cells)),
        missing=tuple(summary.partial.missing) if summary.partial else (),
        doubted=tuple(timings_in_doubt(summary)),
        synthetic=is_synthetic(summary),
        machine=_machine(summary),
        commit=summary.software.get("commit", ""),
        created=summary.created,
        confidence=summary.confidence,
    )


def is_synthetic(summary: Summary) -> bool:
    """Whether any model or task stands in for a real one."""
    return any(m.synthetic for m in summary.models.values()) or any(
        t.synthetic for t in summary.tasks.values()
    )


def _checks(summary: Summary) -> Tally:
    made = [check.status for check in all_checks(summary) if check.status != "skipped"]
    return Tally(made.count("passed"), len(made))


def _machine(summary: Summary) -> str:
    timed = [cell.machine for cell in summary.cells if cell.machine and cell.status == "ok"]
    return "; ".join(dict.fromkeys(map(_words, timed or [summary.machine])))


def _words(machine: Mapping[str, Any]) -> str:
    processor, cores = machine.get("processor"), machine.get("cores")
    gpus = machine.get("gpus") or []
    parts = [str(processor or ""), f"{cores} cores" if cores else "", *map(str, gpus)]
    return ", ".join(filter(None, parts))


def _choose(
    summary: Summary, rule: Rule, good: list[Candidate]
) -> tuple[Candidate | None, tuple[str, ...], Withheld | None]:
    """The one that the rule takes, those that are as fast as it can be told, or why there is none."""
    smallest = sorted(good, key=lambda one: one.bytes or 0)
    if not smallest:
        return None, (), "none qualifies"
    if rule == "smallest":
        return smallest[0], (), None
    timed = [(one, speed_of(summary, one.model)) for one in smallest]
    if any(speed is None or speed.doubts for _, speed in timed):
        return None, (), "timings in doubt"
    speeds: dict[str, Speed] = {one.model: speed for one, speed in timed if speed is not None}
    top = max(speeds.values(), key=lambda speed: speed.value.value or 0.0)
    level = [one for one in smallest if _as_fast(speeds[one.model], top)]
    return level[0], tuple(one.model for one in level[1:]), None


def _as_fast(one: Speed, top: Speed) -> bool:
    """Whether a speed cannot be told from the highest: their intervals meet, or one has none."""
    return one is top or overlap(one.value, top.value) is not False


def _pick(
    summary: Summary, model: str, made: tuple[Effect, ...], tied: tuple[str, ...] = ()
) -> Pick:
    own = [one for one in made if one.candidate == model]
    effect = min(own, key=lambda one: FIRST.index(one.kind), default=None)
    return Pick(
        model=model,
        label=label_of(summary, model),
        bytes=summary.models[model].bytes,
        quality=_quality(summary, model, effect),
        effect=effect,
        speed=effect.speed if effect else speed_of(summary, model),
        tied=tied,
        allowed=in_doubt(summary, "allowed").get(model, ()),
        failed=failed_tasks(summary, model),
    )


def _quality(summary: Summary, model: str, effect: Effect | None) -> tuple[Quality, ...]:
    pairs = zip(effect.headlines, effect.bounds, strict=True) if effect else ()
    by_task = {one.row.task: (one, limit) for one, limit in pairs}
    found = []
    for task in quality_tasks(summary):
        metric = headline(summary.tasks[task])
        value = value_of(summary, model, task, metric.name)
        if value is not None:
            one, limit = by_task.get(task, (None, None))
            found.append(Quality(task, metric, value, one, limit))
    return tuple(found)
