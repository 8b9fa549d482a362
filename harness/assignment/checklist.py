"""The checklist: what is asked for, ticked from results, and how to get what is open."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from harness.assignment.checks import CHECKS
from harness.assignment.criteria import GROUPS, Criteria, Criterion
from harness.assignment.source import Source
from harness.assignment.states import SIGNS, Finding, State, worst
from harness.reporting.blocks import Block, Bullets, Heading, Line, Name, Strong, joined

_CODE = re.compile(r"`([^`]*)`")


@dataclass(frozen=True)
class Entry:
    """Something that is asked for, and how far it is there."""

    text: str
    state: State
    shown_by: Line
    open: Line

    @property
    def line(self) -> Line:
        """A line that says so."""
        state: Line = () if self.state is State.MET else (f" ({self.state.value})",)
        shown: Line = (": ", *self.shown_by) if self.shown_by else ()
        last = shown[-1] if shown else self.text
        stop: Line = ("",) if last[-1:] in (".", "!", "?") else (".",)
        done = self.state in (State.MET, State.TOLD)
        how: Line = () if done or not self.open else (" ", *self.open)
        return (f"{SIGNS[self.state]} ", Strong(self.text), *state, *shown, *stop, *how)


@dataclass(frozen=True)
class Checklist:
    """All that is asked for, by deliverables and criteria."""

    entries: Mapping[str, tuple[Entry, ...]]

    @property
    def all(self) -> list[Entry]:
        """Every entry."""
        return [entry for group in self.entries.values() for entry in group]

    @property
    def blocks(self) -> list[Block]:
        """The checklist as a reader sees it."""
        blocks: list[Block] = []
        for group, entries in self.entries.items():
            if entries:
                lines = tuple(entry.line for entry in entries)
                blocks += [Heading(group.capitalize()), Bullets(lines)]
        return blocks


def checklist(criteria: Criteria, source: Source, words: Mapping[str, str]) -> Checklist:
    """Looks at the results and at the author's words for each thing that is asked for."""
    asked = dict(zip(GROUPS, (criteria.deliverables, criteria.criteria), strict=True))
    entries = {
        group: tuple(_entry(one, source, words) for one in of) for group, of in asked.items()
    }
    return Checklist(entries)


def _entry(criterion: Criterion, source: Source, words: Mapping[str, str]) -> Entry:
    found = [CHECKS[name].find(source.summary) for name in criterion.checks]
    missing = [name for name in criterion.words if not words.get(name)]
    if criterion.words and not missing and not criterion.checks:
        found.append(Finding(State.TOLD, ("no result shows it",)))
    if missing:
        places = joined([(Name(name),) for name in missing], ", ")
        found.append(Finding(State.OPEN, ("your words are missing at ", *places)))
    state = worst([one.state for one in found])
    telling = found if state is State.MET else [one for one in found if one.state is not State.MET]
    return Entry(
        criterion.text,
        state,
        joined(list(dict.fromkeys(one.line for one in telling))),
        _spoken(criterion.open, source),
    )


def _spoken(text: str, source: Source) -> Line:
    """The remedy: what stands between backticks is code, SUITE and RESULTS are those of this report."""
    suite = source.summary.suite
    named = text.replace("SUITE", str(suite.get("file", "SUITE")))
    named = named.replace("RESULTS", f"results/{source.summary.place}")
    parts = _CODE.split(" ".join(named.split()))
    pieces = [Name(part) if index % 2 else part for index, part in enumerate(parts) if part]
    return (*pieces, "." * (pieces[-1][-1] not in ".!?")) if pieces else ()
