"""How fast each model reads and writes, how long a user waits, and what it takes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from harness.quantities import byte_size
from harness.records import (
    MetricDescriptor,
    SpeedDetails,
    SpeedFigures,
    Summary,
    TaskSummary,
    Value,
)
from harness.reporting.blocks import (
    NOT_KNOWN,
    Block,
    Callout,
    Chart,
    Charts,
    Column,
    Datum,
    Fields,
    Fold,
    Line,
    Prose,
    Strong,
    Table,
    listed,
    table,
)
from harness.reporting.charts import Row, Rows, rows
from harness.reporting.facts import settings
from harness.reporting.format import percent_level, sentence
from harness.reporting.marks import SIGN, TRUST
from harness.reporting.measures import (
    figure,
    label,
    task_metrics,
    timed_tasks,
    value_of,
)
from harness.reporting.shapes import LIMITED, REACHED, limit, percent, repetitions, shapes, waits
from harness.reporting.tables import MODEL, asked_models, name, task_results
from harness.reporting.timings import details_of, doubts, headline_of, timed_apart, timed_elsewhere

RATES = ("decode_tokens_per_second", "prefill_tokens_per_second")
WAITS = tuple(
    f"{what}_{level}seconds" for what in ("ttft", "itl") for level in ("", "p90_", "p99_")
)
COSTS = ("load_seconds", "peak_bytes", "sampling_seconds", "tokenizer_tokens_per_second")


def speed_blocks(summary: Summary) -> list[Block]:
    """Everything about speed, task by task."""
    blocks: list[Block] = []
    for index, task in enumerate(timed_tasks(summary), start=1):
        of, details = summary.tasks[task], details_of(summary, task)
        blocks += [Prose(_how(summary, task)), *timed_elsewhere(summary, task)]
        blocks += [*_engines(summary, details), *_in_doubt(details)]
        blocks += [*_charts(summary, task, index, details), _rates(summary, task, details)]
        blocks += [_waits(summary, task), _costs(summary, task)]
        if any(len(one.shapes) > 2 for one in details.values()):
            blocks.append(shapes(of, f"{task}: tokens per second at every shape", details))
        if details:
            title = f"{task}: every repetition, and the waits of every shape"
            blocks.append(Fold(title, (repetitions(details), waits(of, details))))
    return blocks


def _how(summary: Summary, task: str) -> Line:
    level = percent_level(summary.confidence)
    return (
        f"{sentence(_capital(summary.tasks[task].description))} What is timed is forward passes "
        "alone, as llama-bench does; sampling and the tokenizer are timed apart. Each round is a "
        "process of its own that loads the model and warms up at full size. Square brackets: "
        f"{level} interval over the rounds. Speeds hold for this machine and these settings; "
        "models on different engines also differ in what the engine does well.",
    )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _engines(summary: Summary, details: Mapping[str, SpeedDetails]) -> list[Block]:
    """What each engine was set to, where that is the same for all of its models."""
    lines: list[str] = []
    for engine, words in (
        ("llamacpp", "llama.cpp was timed with its default settings"),
        ("hf", "Transformers was timed as it answers"),
    ):
        of_engine = [m for m in details if summary.models[m].engine == engine]
        found = {settings(details[model].settings) for model in of_engine}
        if found:
            lines.append(f"{words} ({'; '.join(sorted(found))}).")
        if found and engine == "llamacpp":
            lines.append("Answers are made with more exact settings, which are slower.")
    return [Prose((" ".join(lines),))] if lines else []


def _in_doubt(details: Mapping[str, SpeedDetails]) -> list[Block]:
    """Whose timings are in doubt; why, and what helps, is said in one place."""
    doubted = {model for doubt in doubts(details) for model, _ in doubt.messages}
    doubted |= set(timed_apart(details))
    if not doubted:
        return []
    names = listed([model for model in details if model in doubted])
    said: Line = (Strong(f"{SIGN} Timings are in doubt"), " of ", *names)
    return [Callout("unsure", (*said, "; why, and what to do, stands under ", TRUST, "."))]


def _rates(summary: Summary, task: str, details: Mapping[str, SpeedDetails]) -> Table:
    """Decode and prefill speed, and how near decode came to what memory allows."""
    of, made = summary.tasks[task], list[Fields]()
    for model in asked_models(summary, task):
        roof, reached = _roof(of, details.get(model))
        made.append(
            {
                MODEL: name(model),
                **task_results(summary, model, task, RATES, why=False),
                Column("Spread", "decode, prefill", term="spread"): _spreads(details.get(model)),
                Column("Limit of decode", LIMITED): roof,
                REACHED: reached,
            }
        )
    memory = max((one.memory_bytes_per_second for one in details.values()), default=0.0)
    notes: list[Line] = []
    if memory:
        notes.append(
            (
                "The limit is the roofline (Williams, Waterman and Patterson 2009): each token "
                "takes the time to read all weights and the cached keys and values once, at the "
                f"bandwidth that was measured beside it (at best {byte_size(memory)}/s). What fits "
                "into the last-level cache is not read from memory and has no such limit.",
            )
        )
    return table(f"{task}: tokens per second", made, notes)


def _spreads(details: SpeedDetails | None) -> Datum:
    found = [headline_of(details, phase) for phase in ("decode", "prefill")] if details else []
    texts = [percent(one.spread) for one in found if one is not None]
    return Datum(", ".join(texts)) if texts else NOT_KNOWN


def _roof(task: TaskSummary, details: SpeedDetails | None) -> tuple[Datum, Datum]:
    found = headline_of(details, "decode") if details else None
    return limit(task, found, details.cache_bytes if details else 0)


def _waits(summary: Summary, task: str) -> Table:
    """How long a user waits for the first token and for each further one."""
    note = (
        "Time to first token: prefill and sampling. Time between tokens: a decode step and "
        "sampling. n is the number of waits; a percentile of few of them says little."
    )
    made = (_present(summary, model, task, WAITS) for model in asked_models(summary, task))
    return table(f"{task}: what a user waits for", made, [(note,)])


def _costs(summary: Summary, task: str) -> Table:
    """Loading, memory, size, and what is timed apart."""
    made: list[Fields] = [
        {
            **_present(summary, model, task, COSTS),
        }
        for model in asked_models(summary, task)
    ]
    return table(f"{task}: what it takes", made)


def _present(summary: Summary, model: str, task: str, metrics: Iterable[str]) -> Fields:
    known = task_metrics(summary, task)
    shown = [metric for metric in metrics if metric in known]
    return {MODEL: name(model), **task_results(summary, model, task, shown, why=False)}


def _charts(
    summary: Summary, task: str, index: int, details: Mapping[str, SpeedDetails]
) -> list[Block]:
    """Every repetition as a dot, a panel for decode and one for prefill."""
    made = []
    for rate in RATES:
        phase = rate.removesuffix("_tokens_per_second")
        of = summary.tasks[task].metric(rate)
        title = f"{task}: {label(of)} ({of.unit}) ↑"
        drawn = [
            _row(model, of, value, headline_of(details[model], phase) if model in details else None)
            for model in summary.models
            if (value := value_of(summary, model, task, rate)) is not None
        ]
        if len(drawn) > 1 and (svg := rows(Rows(title, tuple(drawn), better="right"))):
            description = (
                f"{title}: the mean of each model with its interval, and every repetition as a dot. The "
                "table holds the same figures."
            )
            made.append(Chart(f"{phase}-{index}", "", description, svg))
    if not made:
        return [Prose(("Fewer than two models were timed: no chart.",))]
    note = "Dots: repetitions, a line of them for each round. Bars: intervals of the mean over the rounds."
    return [Charts(tuple(made), (note,))]


def _row(model: str, of: MetricDescriptor, value: Value, timed: SpeedFigures | None) -> Row:
    shown = figure(of, value)
    dots = tuple(map(tuple, timed.repetitions)) if timed else ()
    said = f"{shown.text} {shown.detail}".strip()
    return Row(model, said, value.value or 0.0, value.low, value.high, dots=dots)
