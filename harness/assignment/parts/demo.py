"""The demo of an improvement: answers before and after; and texts that models wrote."""

from __future__ import annotations

from collections.abc import Sequence

from harness.assignment.changes import Example
from harness.assignment.source import Source
from harness.records import Comparison
from harness.records.licences import quoting
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
    table,
)
from harness.reporting.changed import GRADED_RIGHT_OR_WRONG
from harness.reporting.format import clip, count
from harness.reporting.measures import free_text_tasks, label, number
from harness.reporting.types.write import prompts_of, texts

PROMPT_LENGTH = 230
ANSWER_LENGTH = 130
TEXT_LENGTH = 420
MOST_PROMPTS = 6
MOST_TEXTS = 2
"""Texts of one prompt."""


def examples(source: Source) -> list[Block]:
    """Three answers that became better, and three that became worse."""
    found = source.demo
    if found is None:
        return []
    blocks: list[Block] = []
    for title, shown in (("Better after fine-tuning", found.better), ("Worse", found.worse)):
        if shown:
            blocks.append(_table(title, shown, found.baseline, found.candidate))
    missing = [word for word, of in (("better", found.better), ("worse", found.worse)) if not of]
    blocks += [Prose((f"Not one answer became {word}.",)) for word in missing]
    return [*blocks, *_sources(source, {one.task for one in (*found.better, *found.worse)})]


def _sources(source: Source, tasks: set[str]) -> list[Block]:
    """Whose texts are quoted, and under which licence: it is owed wherever they are."""
    said = dict.fromkeys(
        f"{of.dataset} (licence: {quoted.licence})" + f", {quoted.citation}" * bool(quoted.citation)
        for task, of in source.summary.tasks.items()
        if task in tasks and of.dataset
        for quoted in [quoting(source.summary, task)]
    )
    return [Prose((f"Quoted from {'; '.join(said)}.",))] if said else []


def rule(source: Source) -> list[Block]:
    """How the examples were chosen."""
    found = source.demo
    if found is None:
        return []
    many = sum(row.better or 0 for row in found.rows), sum(row.worse or 0 for row in found.rows)
    how = (
        f"Drawn by lot (a hash of seed, task and example), the tasks in turn, from {count(many[0])} answers "
        f"that became better and {count(many[1])} that became worse"
        if found.drawn
        else "The largest changes, the tasks in turn (the answers themselves are not beside the summary), of "
        f"{count(many[0])} answers that became better and {count(many[1])} that became worse"
    )
    return [Prose((f"{how}: ", Name(found.candidate), " against ", Name(found.baseline), "."))]


def tallies(source: Source) -> list[Block]:
    """How many answers were fixed, broken, right both times and wrong both times."""
    found = source.demo
    rows = [row for row in found.rows if row.metric == GRADED_RIGHT_OR_WRONG] if found else []
    fields = [_tally(row) for row in rows if row.baseline_value is not None]
    return [table("Right and wrong, before and after", fields)] if fields else []


def _tally(row: Comparison) -> Fields:
    before = round((row.baseline_value or 0.0) * row.n)
    fixed, broke = row.better or 0, row.worse or 0
    return {
        "Task": Datum(row.task, name=True),
        Column("Fixed", "wrong → right"): count(fixed),
        Column("Broke", "right → wrong"): count(broke),
        Column("Right both times"): count(before - broke),
        Column("Wrong both times"): count(row.n - before - fixed),
        Column("n"): count(row.n),
    }


def _table(title: str, shown: Sequence[Example], baseline: str, candidate: str) -> Table:
    rows = [_row(one, baseline, candidate) for one in shown]
    return table(title, rows)


def _row(one: Example, baseline: str, candidate: str) -> Fields:
    answer = one.answer
    scores = [answer.baseline_score, answer.candidate_score]
    before, after = (
        _answer(one, text, score, scores)
        for text, score in (
            (answer.baseline_answer, answer.baseline_score),
            (answer.candidate_answer, answer.candidate_score),
        )
    )
    return {
        "Example": Datum(answer.id, one.task, name=True),
        "Text": clip(answer.prompt, PROMPT_LENGTH),
        "Reference": clip(answer.target, ANSWER_LENGTH),
        Column(baseline, "before", numeric=False, of="baseline"): before,
        Column(candidate, "after", numeric=False, of="candidate"): after,
    }


def _answer(one: Example, text: str, score: float, among: list[float]) -> Datum:
    shown = clip(text, ANSWER_LENGTH) or "(nothing)"
    if one.of.kind == "proportion":
        return Datum(f"{'✓' if score else '✗'} {shown}", tone="good" if score else "bad")
    best = max(among) if one.of.higher_is_better is not False else min(among)
    said = f"{label(one.of)} {number(one.of, score, among)}"
    return Datum(shown, said, tone="good" if score == best else "bad")


def answers_written(source: Source) -> list[Block]:
    """What the models wrote on prompts, the same text once, cut where it is long."""
    summary = source.main
    blocks: list[Block] = []
    cut = False
    for task in free_text_tasks(summary):
        prompts = prompts_of(summary, task)
        for prompt in prompts[:MOST_PROMPTS]:
            asked = summary.tasks[task].asked.get(prompt, "")
            found = texts(summary, task, prompt)
            shown = tuple(_short(of) for of in found[:MOST_TEXTS])
            whole = [of.passage.head + of.passage.rest for of in found]
            cut |= len(found) > MOST_TEXTS or any(len(text) > TEXT_LENGTH for text in whole)
            blocks += [
                Heading(f"{task}: {prompt}"),
                Texts(Passage(clip(asked, PROMPT_LENGTH)), shown),
            ]
        hidden = len(prompts) - MOST_PROMPTS
        if hidden > 0:
            blocks.append(_more(f"What was written on {hidden} more prompts"))
    if cut:
        blocks.append(
            _more(f"Texts are cut at {TEXT_LENGTH} characters, and at {MOST_TEXTS} models; all")
        )
    return blocks


def _more(said: str) -> Prose:
    line: Line = (f"{said} stand in the full report.",)
    return Prose(line)


def _short(of: Text) -> Text:
    whole = of.passage.head + of.passage.rest
    cut = whole if len(whole) <= TEXT_LENGTH else f"{whole[:TEXT_LENGTH].rstrip()} …"
    return Text(of.names, of.marks, Passage(cut))
