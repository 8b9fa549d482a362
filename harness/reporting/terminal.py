"""The short form of the report, for the end of `harness run`."""

from __future__ import annotations

from dataclasses import replace

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from harness.records import Summary
from harness.reporting.blocks import Column, Datum, plain
from harness.reporting.blocks import Table as Figures
from harness.reporting.checks import callouts, outcome_line
from harness.reporting.excerpts import excerpts
from harness.reporting.format import clean
from harness.reporting.gates import gate_table, gates, missed_gates
from harness.reporting.marks import all_checks
from harness.reporting.measures import timed_tasks
from harness.reporting.replicas import without_replicas
from harness.reporting.tables import matrix, own_tables
from harness.reporting.timings import details_of, doubts

_STYLES = {"good": "green", "bad": "red", "unsure": "yellow", "missing": "dim", "plain": ""}


def terminal_table(summary: Summary) -> RenderableType:
    """Models × headline metrics with intervals, texts, gates and checks with their outcome, doubts.

    Nothing of the summary is read as Rich markup.
    """
    main = without_replicas(summary)
    parts: list[RenderableType] = [rich_table(table) for table in (matrix(main), *own_tables(main))]
    parts += excerpts(main)
    if summary.gates:
        parts.append(terminal_gates(summary))
    lines = [gates(summary), *missed_gates(summary)]
    lines += [note for table in own_tables(main) for note in table.notes]
    if all_checks(summary):
        lines += [outcome_line(summary), *(callout.line for callout in callouts(summary))]
    for task in timed_tasks(summary):
        lines += [doubt.line for doubt in doubts(details_of(summary, task))]
    parts.append(Text("\n".join(clean(plain(line)) for line in lines)))
    return Group(*parts)


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
