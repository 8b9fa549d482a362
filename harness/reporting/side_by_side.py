"""Two models side by side, for the terminal: differences, flips, answers that changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from statistics import median

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table as Grid
from rich.text import Text

from harness.analysis.compared import ComparedModels, ComparedTask
from harness.quantities import plural
from harness.records import ChangedAnswer, Comparison, MetricDescriptor
from harness.reporting.approximate import REASONS
from harness.reporting.blocks import Column, Datum, Fields, Table, table
from harness.reporting.changed import GRADED_RIGHT_OR_WRONG
from harness.reporting.differences import ratio, single
from harness.reporting.format import DASH, clean, clip, count, p_value, percent_level, sentence
from harness.reporting.measures import (
    APPROXIMATE,
    KINDS,
    arrow,
    label,
    number,
)
from harness.reporting.outcomes import DETECTED_IN, Conclusion, JudgedDifference
from harness.reporting.terminal import rich_table
from harness.suite.schema import TASK_TYPES

TEXT_LENGTH = 240
"""Characters of a text that an example shows."""


def terminal_comparison(
    of: ComparedModels, confidence: float, examples: int, doubts: Sequence[str] = ()
) -> RenderableType:
    """Every task of two models: its differences, its flips, and some answers that changed.

    Nothing that the results hold is read as Rich markup.

    Args:
        of: the two models.
        confidence: of the intervals, as they were computed.
        examples: the most changed answers shown of each task.
        doubts: what puts the figures of either model in doubt.
    """
    parts: list[RenderableType] = [
        Text(f"{clean(of.candidate)} against {clean(of.baseline)}", style="bold")
    ]
    parts += [Text(sentence(note), style="yellow") for note in doubts]
    parts += [Text(sentence(note)) for note in of.notes]
    for task in of.tasks:
        parts += [Text(""), *_task(task, confidence, examples)]
    return Group(*parts)


def _task(task: ComparedTask, confidence: float, examples: int) -> Iterator[RenderableType]:
    reasons = _reasons(task)
    if all(row.reason for row in task.rows):
        yield Text(f"{clean(task.name)}: nothing to compare")
    else:
        yield rich_table(_differences(task, confidence))
        yield Text(_about(task))
        for line in _reading(task, confidence):
            yield Text(line, style="dim")
    notes = dict.fromkeys(row.note for row in task.rows if row.note)
    for line in [*notes, *reasons]:
        yield Text(sentence(line))
    if any(row.other_prompts for row in task.rows):
        yield Text("Here that is `--prompts any`.")
    for row in task.rows:
        if row.parted:
            yield Text(_parted(row))
    if task.flips is not None:
        yield Text(_flips(task, task.flips))
        yield from _examples(task.metrics[task.flips.metric], task.changed, examples)


def _reasons(task: ComparedTask) -> list[str]:
    """Why figures are missing, each with its metrics where others are there."""
    found: dict[str, list[str]] = {}
    for row in task.rows:
        if row.reason:
            found.setdefault(row.reason, []).append(task.metrics[row.metric].label)
    return [
        reason if len(of) == len(task.rows) else f"{', '.join(of)}: {reason}"
        for reason, of in found.items()
    ]


def _differences(task: ComparedTask, confidence: float) -> Table:
    timed = TASK_TYPES[task.type].timed
    interval = f"[{percent_level(confidence)} interval]"
    last = Column("Times as fast", interval) if timed else Column("Minimum", "detectable")
    n = max((row.n for row in task.rows), default=0)
    rows: list[Fields] = [
        {
            "Metric": Datum(
                f"{one.of.label} {arrow(one.of)}".strip(),
                one.of.unit if one.of.unit != "bytes" else "",
            ),
            Column("Before"): single(one.of, one.row.baseline_value),
            Column("After"): single(one.of, one.row.candidate_value),
            Column("Difference", interval): one.difference,
            last: (_fast(one.row) if timed else _detectable(one)) or DASH,
            "Conclusion": replace(one.conclusion, detail=p_value(one.row.p)),
        }
        for one in _judged(task, confidence)
    ]
    return table(f"{clean(task.name)}: {plural(n, 'round' if timed else 'example')}", rows)


def _detectable(one: JudgedDifference) -> str:
    return "none: too few" if one.row.too_few else one.detectable


def _fast(row: Comparison) -> Datum | str:
    return "" if row.ratio is None else ratio(row)


def _judged(task: ComparedTask, confidence: float) -> list[JudgedDifference]:
    return [JudgedDifference.by(task.metrics[row.metric], row, confidence) for row in task.rows]


def _about(task: ComparedTask) -> str:
    """Which of the figures are about quality, and which about how much changed."""
    kinds: dict[str, list[str]] = {}
    for row in task.rows:
        of = task.metrics[row.metric]
        kinds.setdefault(KINDS[of.measures], []).append(label(of))
    if len(kinds) == 1:
        return f"What they measure: {next(iter(kinds))}."
    said = (f"{', '.join(metrics)}: {kind}" for kind, metrics in kinds.items())
    return f"What they measure: {'; '.join(said)}."


def _reading(task: ComparedTask, confidence: float) -> list[str]:
    """What the words of the table mean, of those that stand in it."""
    lines = []
    if any(one.outcome is Conclusion.NOT_SHOWN for one in _judged(task, confidence)):
        lines.append(
            "“Inconclusive”: the interval includes zero. That is not proof that there is no difference."
        )
    if any(row.detectable for row in task.rows) and not TASK_TYPES[task.type].timed:
        lines.append(
            "“Minimum detectable”: the smallest true difference that this many examples show in "
            f"{DETECTED_IN} of cases, however many other answers change within what was seen."
        )
    doubts = {row.approximate for row in task.rows}
    lines += [f"{APPROXIMATE}: approximate, since {REASONS[of]}." for of in REASONS if of in doubts]
    return lines


def _flips(task: ComparedTask, row: Comparison) -> str:
    """How many answers went which way, of how many."""
    if not row.better and not row.worse:
        line = f"Not one of {count(row.n)} answers scored differently"
    elif row.metric == GRADED_RIGHT_OR_WRONG:
        line = f"{row.worse} right to wrong, {row.better} wrong to right of {count(row.n)}"
    else:
        better, worse = count(row.better), count(row.worse)
        named = label(task.metrics[row.metric])
        line = f"By {named} {better} better, {worse} worse of {count(row.n)}"
    if task.metrics[row.metric].kind == "proportion":
        line += f" (exact McNemar {p_value(row.p)})"
    if task.reworded:
        line += f"; {count(task.reworded)} answered otherwise and scored the same"
    return f"{line}."


def _parted(row: Comparison) -> str:
    """How many texts are the same to the end, and where the others first diverge."""
    places = sorted(place for place in row.parted.values() if place is not None)
    same = count(len(row.parted) - len(places))
    line = f"{same} of {plural(len(row.parted), 'text')} the same to the last token"
    if not places:
        return f"{line}."
    first, middle = count(places[0]), f"{median(places):g}"
    return f"{line}; first divergence after {middle} tokens (median; the earliest after {first})."


def _examples(
    of: MetricDescriptor, changed: Sequence[ChangedAnswer], most: int
) -> Iterator[RenderableType]:
    for change in changed[:most]:
        scores = _scores(of, change)
        yield Text("")
        yield Text.assemble((clean(change.id), "bold"), f"  {scores}")
        yield Padding(_fields(change), (0, 0, 0, 2))
    if most and len(changed) > most:
        yield Text("")
        yield Text(
            f"{most} of {count(len(changed))} examples that changed; --examples shows more.",
            style="dim",
        )


def _scores(of: MetricDescriptor, change: ChangedAnswer) -> str:
    if of.name == GRADED_RIGHT_OR_WRONG:
        right = {0.0: "wrong", 1.0: "right"}
        before, after = (
            right.get(s, f"{s:g}") for s in (change.baseline_score, change.candidate_score)
        )
        return f"{before} → {after}"
    among = [change.baseline_score, change.candidate_score]
    return f"{label(of)} {' → '.join(number(of, score, among) for score in among)}"


def _fields(change: ChangedAnswer) -> Grid:
    grid = Grid.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    fields: Mapping[str, str] = {
        "text": change.prompt,
        "target": change.target,
        "before": change.baseline_answer,
        "after": change.candidate_answer,
    }
    for name, text in fields.items():
        if text or name in ("before", "after"):
            grid.add_row(Text(name), Text(clip(text, TEXT_LENGTH) or DASH))
    return grid
