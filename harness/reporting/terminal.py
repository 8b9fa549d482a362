"""The short form of the report, for the end of `harness run`."""

from __future__ import annotations

from dataclasses import replace

from rich import box
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from harness.quantities import plural
from harness.records import Summary
from harness.reporting.answer import answer, brief
from harness.reporting.approximate import rare_label_notes
from harness.reporting.balance import without_added
from harness.reporting.blocks import Column, Datum, Strong, plain
from harness.reporting.blocks import Table as Figures
from harness.reporting.checks import callouts
from harness.reporting.data import data_callouts, left_out_lines
from harness.reporting.format import DASH, clean, clip
from harness.reporting.gates import gate_table, gates, missed_gates
from harness.reporting.going_on import going_on_callouts
from harness.reporting.kinds import without_replicas
from harness.reporting.languages import ROUGE, language_doubts
from harness.reporting.measures import free_text_tasks, quality_tasks, timed_tasks
from harness.reporting.partial import partial_lines
from harness.reporting.percent import in_percent
from harness.reporting.tables import matrix, matrix_doubts, own_tables
from harness.reporting.timings import details_of, doubts
from harness.reporting.types.write import prompts_of, texts

MOST_TEXTS = 12
"""Texts that are shown of each task; the report has them all."""
TEXT_LENGTH = 240
"""Characters of each."""
_MARK_STYLES = {"bad": "red", "unsure": "yellow"}
_STYLES = {"good": "green", "bad": "red", "unsure": "yellow", "missing": "dim", "plain": ""}


def terminal_table(summary: Summary) -> RenderableType:
    """The verdict in at most five lines, models × headline metrics, texts, and what must not be missed.

    Nothing of the summary is read as Rich markup.
    """
    main = without_added(without_replicas(in_percent(summary)))
    parts: list[RenderableType] = [_verdict(summary), Text("")]
    parts += [rich_table(table) for table in (matrix(main), *own_tables(main))]
    parts += _excerpts(main)
    met = all(gate.outcome == "met" for gate in summary.gates)
    parts += [] if met else [terminal_gates(summary)]
    lines = [*partial_lines(summary), *([] if met else [gates(summary), *missed_gates(summary)])]
    lines += [*matrix_doubts(main), *(note for of in own_tables(main) for note in of.notes)]
    for task in quality_tasks(summary):
        lines += rare_label_notes(summary, task)
        lines += [(Strong(f"{task}: "), *note) for note in language_doubts(main, task, ROUGE)]
    lines += [callout.line for callout in callouts(summary)]
    lines += [*left_out_lines(main), *(callout.line for callout in data_callouts(main))]
    lines += [callout.line for callout in going_on_callouts(main)]
    for task in timed_tasks(summary):
        lines += [doubt.line for doubt in doubts(details_of(summary, task))]
    parts.append(Text("\n".join(clean(plain(line)) for line in lines)))
    return Group(*parts)


def _verdict(summary: Summary) -> Text:
    """The answer, the first line of it in bold."""
    first, *rest = (clean(plain(line)) for line in brief(answer(summary)))
    return Text("\n").join([Text(first, style="bold"), *(Text(line) for line in rest)])


def terminal_gates(summary: Summary) -> RenderableType:
    """Every gate with its rule and outcome; the reasons, which are long, are left out."""
    judged = gate_table(summary)
    short = tuple(replace(row, fields=row.fields[:-1]) for row in judged.rows)
    return rich_table(replace(judged, columns=judged.columns[:-1], rows=short))


def rich_table(of: Figures) -> Table:
    """A table of figures for the terminal; what qualifies a figure stands beneath it."""
    table = Table(title=Text(of.caption), title_justify="left", pad_edge=False, box=box.SIMPLE_HEAD)
    for column in of.columns:
        table.add_column(_heading(column), justify="right" if column.numeric else "left")
    for row in of.rows:
        table.add_row(*(_field(f) for f in row.fields), style="italic dim" if row.floor else "")
    return table


def _heading(column: Column) -> Text:
    return Text("\n".join(filter(None, (clean(column.label), column.detail))))


def _field(of: Datum) -> Text:
    return Text("\n".join(filter(None, (clean(of.text), clean(of.detail)))), style=_STYLES[of.tone])


def _excerpts(summary: Summary) -> list[RenderableType]:
    """What was written on the first prompts of each task; nothing is read as Rich markup."""
    return [part for task in free_text_tasks(summary) for part in _texts_of(summary, task)]


def _texts_of(summary: Summary, task: str) -> list[RenderableType]:
    parts: list[RenderableType] = []
    prompts, shown = prompts_of(summary, task), 0
    for place, prompt in enumerate(prompts):
        written = texts(summary, task, prompt)
        if shown and shown + len(written) > MOST_TEXTS:
            rest = plural(len(prompts) - place, "more prompt")
            parts.append(Text(f"{rest} of {clean(task)} in the report.", style="dim"))
            break
        shown += len(written)
        asked = clip(summary.tasks[task].asked.get(prompt, prompt), TEXT_LENGTH)
        parts.append(Text.assemble((f"{clean(task)}: ", "bold"), asked))
        for of in written:
            head = Text(", ".join(map(clean, of.names)), style="bold")
            for mark in of.marks:
                head.append("  ").append(clean(mark.text), style=_MARK_STYLES.get(mark.tone, "dim"))
            whole = f"{of.passage.head} {of.passage.rest}".strip()
            parts.append(Padding(Group(head, Text(clip(whole, TEXT_LENGTH) or DASH)), (0, 0, 0, 2)))
        parts.append(Text(""))
    return parts
