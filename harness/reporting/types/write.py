"""What models wrote on prompts of the user's own: to be read, since nothing scores it automatically."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from statistics import median

from harness.quantities import plural
from harness.records import Comparison, MetricDescriptor, Summary, WrittenDetails, WrittenText
from harness.reporting import measures
from harness.reporting.blocks import (
    Block,
    Column,
    Datum,
    Fields,
    Heading,
    Line,
    Name,
    Passage,
    Prose,
    Table,
    Text,
    Texts,
    listed,
    table,
)
from harness.reporting.format import DASH, count
from harness.reporting.kinds import kinds
from harness.reporting.measures import free_text_tasks, number
from harness.reporting.tables import name, task_table

REPEATS = 0.2
"""A text is marked from this repetition on; in what people write it is near 0."""
HEAD = 700
HEAD_LINES = 14
"""Characters and lines of a text that stand open, unless little would be shut: `LEAST_REST`."""
LEAST_REST = 200
MOST = 8_000
"""Characters of a text that a report shows at all."""
PROMPTS_SHOWN = 40
LISTED = 8
"""First divergences that are listed one by one."""


def written_blocks(summary: Summary) -> list[Block]:
    """Each prompt with every model's text; before them, what was counted."""
    return [block for task in free_text_tasks(summary) for block in _task(summary, task)]


def _task(summary: Summary, task: str) -> list[Block]:
    details = details_of(summary, task)
    if not details:
        return []
    asked = prompts_of(summary, task)
    blocks: list[Block] = [Prose(_lead(summary, task, details)), task_table(summary, task)]
    table = partings(summary, task)
    blocks += [table] if table else []
    for prompt in asked[:PROMPTS_SHOWN]:
        text = summary.tasks[task].asked.get(prompt, "")
        blocks += [Heading(f"{task}: {prompt}"), Texts(passage(text), texts(summary, task, prompt))]
    if len(asked) > PROMPTS_SHOWN:
        more = (
            f"{plural(len(asked) - PROMPTS_SHOWN, 'more prompt')}: what was written on them is in "
        )
        blocks.append(Prose((more, Name(f"cells/MODEL/{task}/samples.jsonl"), ".")))
    return blocks


def details_of(summary: Summary, task: str) -> dict[str, WrittenDetails]:
    """What each model wrote; models that did not answer are left out."""
    return measures.details_of(summary, task, "written", WrittenDetails)


def prompts_of(summary: Summary, task: str) -> list[str]:
    """Ids of the prompts that any model wrote on, in the suite's order."""
    found = {prompt for of in details_of(summary, task).values() for prompt in of.texts}
    known = [prompt for prompt in summary.tasks[task].asked if prompt in found]
    return [*known, *sorted(found.difference(known))]


def texts(summary: Summary, task: str, prompt: str) -> tuple[Text, ...]:
    """What was written on a prompt, the same text once with all who wrote it."""
    written: dict[WrittenText, list[str]] = {}
    for model, of in details_of(summary, task).items():
        if prompt in of.texts:
            written.setdefault(of.texts[prompt], []).append(model)
    rows, repetition = _compared(summary, task), summary.tasks[task].metric("repetition")
    return tuple(
        Text(
            tuple(models),
            (*marks(of, repetition), *_parted(rows, models, prompt), *_cut(of, models[0], task)),
            passage(of.text[:MOST]),
            (of.thought or "")[:MOST],
        )
        for of, models in written.items()
    )


def marks(of: WrittenText, repetition: MetricDescriptor) -> tuple[Datum, ...]:
    """Length, and what is wrong with a text that can be seen without reading it."""
    found = [Datum(plural(of.tokens, "token"))]
    if not of.text:
        found.append(Datum("∅ wrote nothing", tone="bad"))
    if of.truncated:
        found.append(Datum("✂ cut off by the limit", tone="unsure"))
    if of.repetition >= REPEATS:
        shown = number(repetition, of.repetition, [of.repetition])
        found.append(Datum(f"↻ repeats itself (repetition {shown})", tone="bad"))
    return tuple(found)


def _cut(of: WrittenText, model: str, task: str) -> list[Datum]:
    if len(of.text) <= MOST:
        return []
    where = f"cells/{model}/{task}/samples.jsonl"
    return [
        Datum(f"here {count(MOST)} of {count(len(of.text))} characters, all of them in {where}")
    ]


def _parted(rows: Sequence[Comparison], models: Sequence[str], prompt: str) -> list[Datum]:
    """A passage that shows where a text leaves the text of the model that it is compared with."""
    said = [
        f"◆ diverges from {row.baseline} after {plural(place, 'token')}"
        for row in rows
        if row.candidate in models and (place := row.parted.get(prompt)) is not None
    ]
    return [Datum(text) for text in dict.fromkeys(said)]


def passage(text: str) -> Passage:
    """A text as it stands open, cut between words where it is long."""
    lines = list(accumulate(len(line) for line in text.splitlines(keepends=True)))
    end = lines[HEAD_LINES - 1] if len(lines) > HEAD_LINES else HEAD
    if end >= HEAD:
        end = max(text.rfind(" ", HEAD // 2, HEAD), text.rfind("\n", HEAD // 2, HEAD))
    place = end if end >= 0 else HEAD
    if len(text) < place + LEAST_REST:
        return Passage(text)
    return Passage(text[:place].rstrip(), text[place:].strip("\n"))


def _compared(summary: Summary, task: str) -> list[Comparison]:
    """Comparisons that say where texts first diverge; a fine-tuned model is meant to write otherwise."""
    kind = kinds(summary)
    return [
        row
        for row in summary.comparisons
        if row.task == task
        and row.parted
        and kind[row.name, row.baseline, row.candidate] != "fine-tuning"
    ]


def partings(summary: Summary, task: str) -> Table | None:
    """How many texts are their baseline's to the end, and where the others first diverge."""
    rows = [_parting(row) for row in _compared(summary, task) if row.candidate in summary.models]
    note = (
        "One other token changes all that follows: an early parting does not say that a text is "
        "worse. A text that is the same to the end was not touched by what was changed."
    )
    return table(f"{task}: first divergence", rows, [(note,)]) if rows else None


def _parting(row: Comparison) -> Fields:
    places = sorted(place for place in row.parted.values() if place is not None)
    shown = ", ".join(map(count, places)) or DASH
    if len(places) > LISTED:
        ends = f"{count(places[0])} to {count(places[-1])}"
        shown = f"{ends}, median {median(places):g}"
    same = f"{count(len(row.parted) - len(places))} of {count(len(row.parted))}"
    return {
        "Candidate": name(row.candidate),
        "against": name(row.baseline),
        Column("The same to the end", "texts"): same,
        Column("First divergence after", "tokens", numeric=False): shown,
    }


def _lead(summary: Summary, task: str, details: dict[str, WrittenDetails]) -> Line:
    plain = [model for model, of in details.items() if of.mode == "plain"]
    chat = [model for model, of in details.items() if of.mode != "plain"]
    asked: Line = (" The prompts went through the models' chat template.",)
    if plain and chat:
        first, then = (
            " Asked through their chat template: ",
            "; given the prompt as text to go on with: ",
        )
        asked = (first, *listed(chat), then, *listed(plain), ".")
    elif plain:
        asked = (" The prompts were given as text to go on with, without a chat template.",)
    return (
        "Texts are not scored automatically. What is counted of ",
        Name(task),
        " only finds texts that turn in a loop, come to no end, or are empty; with so few prompts its "
        "intervals are wide. All texts were written greedily: the likeliest token each time.",
        *asked,
    )


def in_short(summary: Summary) -> list[Line]:
    """A line for each task, for the verdict: its texts are to be read, and what was found in them."""
    lines: list[Line] = []
    for task in free_text_tasks(summary):
        found = [of for one in details_of(summary, task).values() for of in one.texts.values()]
        if not found:
            continue
        counted = (
            ("repeats itself", "repeat themselves", [of.repetition >= REPEATS for of in found]),
            ("was cut off", "were cut off", [of.truncated for of in found]),
            ("is empty", "are empty", [not of.text for of in found]),
        )
        said = ", ".join(
            f"{count(sum(are)) if any(are) else 'none'} {many if sum(are) > 1 else one}"
            for one, many, are in counted
        )
        lines.append(
            (
                "What was written on ",
                Name(task),
                " is not scored automatically: see “Written texts”. Of "
                f"{plural(len(found), 'text')}, {said}.",
            )
        )
    return lines
