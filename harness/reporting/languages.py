"""What has to be said of figures that count words: how words were read, and what they cannot grade."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.quantities import plural
from harness.records import OWN_METRICS, WORDING, Cell, Summary, WordingDetails
from harness.reporting.blocks import Line, Name
from harness.reporting.format import clip, count
from harness.reporting.measures import details_of, higher_is_better, label

SHOWN = 40
"""Characters of an answer that is shown."""
ROUGE = ("rouge1", "rouge2", "rougeL", "rougeLsum")
READ = (
    "Words are runs of letters, marks and digits of any script, and single characters where a script "
    "puts no spaces between words"
)


def language_notes(summary: Summary, task: str, shown: Sequence[str]) -> list[Line]:
    """A sentence for each thing worth knowing; none where right answers are plain English.

    Args:
        summary: of the suite.
        task: one of its tasks.
        shown: the metrics whose figures are beside the notes.
    """
    wordings = details_of(summary, task, WORDING, WordingDetails)
    if not wordings or not set(shown) & set(ROUGE):
        return language_doubts(summary, task, shown)
    read = _how_read(next(iter(wordings.values())))
    return [*read, *language_doubts(summary, task, shown)]


def language_doubts(summary: Summary, task: str, shown: Sequence[str]) -> list[Line]:
    """Of the same sentences those that say what figures do not grade."""
    cells = [cell for cell in summary.cells_of(task) if cell.status == "ok"]
    wordings = details_of(summary, task, WORDING, WordingDetails)
    if not wordings or not set(shown) & set(ROUGE):
        return list(_of_own(summary, cells, shown))
    return [*_without_words(wordings), *_of_own(summary, cells, shown)]


def _how_read(of: WordingDetails) -> Iterator[Line]:
    hold = f"{count(of.other)} of {count(of.words)} words of the right answers hold letters other than a to z"
    if of.rule == "unicode":
        yield (
            f"{hold}, so that no rule of English is applied to any of them. {READ}; none is stemmed, "
            "and no articles are left out.",
        )
    elif of.other:
        yield (f"{hold}, which ROUGE cuts out as published figures of English do.",)


def _without_words(wordings: dict[str, WordingDetails]) -> Iterator[Line]:
    of = next(iter(wordings.values()))
    if of.wordless:
        names = ", ".join(of.wordless[:3]) + ", …" * (len(of.wordless) > 3)
        yield (
            f"{plural(len(of.wordless), 'right answer')} without a word ({names}; such as "
            f"“{clip(of.shown, SHOWN)}”): ROUGE is not defined there, and its figures are of the others.",
        )
    if of.single:
        yield (
            f"{plural(of.single, 'right answer')} of a single word, without a pair of words: ROUGE-2 is "
            "0 there whatever was answered.",
        )
    for model, answered in wordings.items():
        if answered.answers:
            yield (
                Name(model),
                f": {plural(answered.answers, 'answer')} of signs without a word, which ROUGE "
                "counts as 0.",
            )


def _of_own(summary: Summary, cells: Sequence[Cell], shown: Sequence[str]) -> Iterator[Line]:
    """Of metrics that the suite brings along: what they cannot read."""
    for cell in cells[:1]:
        found = cell.details.get(OWN_METRICS, {})
        for name in (name for name in shown if name in found):
            of = summary.tasks[cell.task].metric(name)
            given = found[name].get("of_right_answers")
            if limit := found[name].get("limit"):
                yield (
                    f"{label(of)} {limit}: of the right answers of {cell.task} it says little. chrF "
                    "reads every script.",
                )
            elif given is not None and given <= 0 and higher_is_better(of):
                yield (
                    f"{label(of)} gives {given:g} even to the right answers of {cell.task} themselves: if "
                    "it grades likeness, it does not read what they are written in. chrF reads every "
                    "script.",
                )
