"""The beginnings and ends of what models wrote, for the terminal."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from harness.quantities import plural
from harness.records import Summary
from harness.reporting.format import DASH, clean, clip
from harness.reporting.measures import free_text_tasks
from harness.reporting.types.write import prompts_of, texts

SHOWN = 12
"""Texts that are shown of each task; the report has them all."""
LENGTH = 240
"""Characters of each."""
_STYLES = {"bad": "red", "unsure": "yellow"}


def excerpts(summary: Summary) -> list[RenderableType]:
    """What was written on the first prompts of each task; nothing is read as Rich markup."""
    return [part for task in free_text_tasks(summary) for part in _task(summary, task)]


def _task(summary: Summary, task: str) -> list[RenderableType]:
    parts: list[RenderableType] = []
    prompts, shown = prompts_of(summary, task), 0
    for place, prompt in enumerate(prompts):
        written = texts(summary, task, prompt)
        if shown and shown + len(written) > SHOWN:
            rest = plural(len(prompts) - place, "more prompt")
            parts.append(Text(f"{rest} of {clean(task)} in the report.", style="dim"))
            break
        shown += len(written)
        asked = clip(summary.tasks[task].asked.get(prompt, prompt), LENGTH)
        parts.append(Text.assemble((f"{clean(task)}: ", "bold"), asked))
        for of in written:
            head = Text(", ".join(map(clean, of.names)), style="bold")
            for mark in of.marks:
                head.append("  ").append(clean(mark.text), style=_STYLES.get(mark.tone, "dim"))
            whole = f"{of.passage.head} {of.passage.rest}".strip()
            parts.append(Padding(Group(head, Text(clip(whole, LENGTH) or DASH)), (0, 0, 0, 2)))
        parts.append(Text(""))
    return parts
