"""A report: the template's text with the parts, the facts and the author's words in it.

The template is filled in once. Where a part or a place belongs a token stands, which no text of results can
be; Markdown and HTML each put their own writing of the same blocks there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from jinja2 import StrictUndefined
from markupsafe import Markup

from harness.assignment.checklist import Checklist, checklist
from harness.assignment.checks import CHECKS
from harness.assignment.criteria import read_criteria
from harness.assignment.filled import filled
from harness.assignment.parts import PARTS
from harness.assignment.source import Source
from harness.assignment.templates import CRITERIA, REPORT, Template
from harness.assignment.yours import NAME
from harness.errors import InputError
from harness.nearest import nearest
from harness.reporting.blocks import Block
from harness.reporting.format import duration, moment
from harness.reporting.markdown import escape
from harness.reporting.percent import in_percent
from harness.reporting.pieces import led_to
from harness.sandbox import Sandbox
from harness.version import __version__

CHECKLIST = "checklist"
TOKEN = re.compile(r"\x02(\d+)\x02")
"""A token; texts of results and of authors are cleaned of its first character."""
_NAMED_PLACE = re.compile(r"""\byours\(\s*["']([^"']*)["']""")
APPENDIX = "\n\n## Words without a place\n\nThe template has no place of these names any more; the words are kept.\n"


@dataclass(frozen=True)
class Place:
    """Where the author's own words stand."""

    name: str
    hint: str
    """What belongs there."""
    words: str


@dataclass(frozen=True)
class Part:
    """Where something stands that the results give."""

    name: str
    blocks: Sequence[Block]


@dataclass(frozen=True)
class Report:
    """A report before it is written as Markdown or HTML."""

    title: str
    text: str
    """Markdown with tokens."""
    pieces: tuple[Part | Place, ...]
    """What each token stands for."""
    checklist: Checklist

    @property
    def places(self) -> list[Place]:
        """All places, in their order."""
        return [piece for piece in self.pieces if isinstance(piece, Place)]

    @property
    def blocks(self) -> list[Block]:
        """All blocks that the text shows, in their order."""
        shown = (self.pieces[int(token)] for token in TOKEN.findall(self.text))
        return [block for piece in shown if isinstance(piece, Part) for block in piece.blocks]


def make_report(source: Source, template: Template, words: Mapping[str, str]) -> Report:
    """Fills a template in.

    Args:
        source: the results.
        template: the report's text and criteria.
        words: the author's own, by place.

    Raises:
        InputError: the template has a mistake; names file and line.
    """
    source = replace(source, summary=in_percent(source.summary))
    file = template.folder / REPORT
    text = template.text(REPORT)
    # made before the template runs: Jinja takes whatever fails in a lookup for an unknown name
    filling = _Filling({name: make(source) for name, make in PARTS.items()}, words)
    environment = Sandbox(
        undefined=StrictUndefined, autoescape=True, finalize=_safe, trim_blocks=True,
        lstrip_blocks=True, keep_trailing_newline=True,
    )  # fmt: skip
    values = {"show": _Shown(filling), "fact": _Facts(facts(source)), "yours": filling.place}
    made, filling = filled(environment, text, values, str(file), lambda: filling)
    lost = [name for name, said in words.items() if said and name not in filling.named]
    if lost:
        made = made.rstrip() + APPENDIX + "".join(filling.place(name, "") for name in lost)
    places = {*filling.named, *_NAMED_PLACE.findall(text)}
    criteria = read_criteria(
        template.text(CRITERIA), str(template.folder / CRITERIA), CHECKS, places
    )
    checked = checklist(criteria, source, words)
    last = Part(CHECKLIST, checked.blocks)
    pieces = led_to(tuple(piece or last for piece in filling.pieces), "")
    title = next((line[2:] for line in made.splitlines() if line.startswith("# ")), "Assignment")
    tidy = re.sub(r"\n{3,}", "\n\n", made).strip() + "\n"
    return Report(title, tidy, pieces, checked)


def facts(source: Source) -> dict[str, str]:
    """What a template may name within a sentence."""
    summary = source.summary
    suite = summary.suite
    return {
        "suite": str(suite.get("name", "")),
        "description": str(suite.get("description", "")),
        "file": str(suite.get("file", "")),
        "date": moment(summary.created),
        "took": duration(summary.seconds),
        "version": __version__,
        "made_by": summary.software.get("harness", __version__),
        "models": str(len(source.main.models)),
        "tasks": str(len(source.main.tasks)),
    }


def _safe(value: Any) -> Any:
    """What a template writes: tokens and facts as they are, everything else as plain text."""
    return value if isinstance(value, Markup) else escape(str(value))


@dataclass
class _Filling:
    """The tokens that were handed out, and what they stand for."""

    parts: Mapping[str, Sequence[Block]]
    words: Mapping[str, str]
    pieces: list[Part | Place | None] = field(default_factory=list)
    """None is the checklist, which wants to know all places first."""
    named: list[str] = field(default_factory=list)
    tokens: dict[str, Markup] = field(default_factory=dict)

    def part(self, name: str) -> Markup:
        """The token of a part; "" where there is nothing to show."""
        if name not in self.tokens:
            if name == CHECKLIST:
                self.tokens[name] = self._token(None)
            else:
                blocks = self.parts[name]
                self.tokens[name] = self._token(Part(name, blocks)) if blocks else Markup()
        return self.tokens[name]

    def place(self, name: str, hint: str = "") -> Markup:
        """The token of a place."""
        if not isinstance(name, str) or not NAME.fullmatch(name):
            raise InputError(
                f"`{name}` is no name of a place", "Small letters, digits and hyphens."
            )
        if name in self.named:
            raise InputError(
                f"the place `{name}` stands here twice", "Give each a name of its own."
            )
        self.named.append(name)
        return self._token(Place(name, str(hint), self.words.get(name, "")))

    def _token(self, piece: Part | Place | None) -> Markup:
        self.pieces.append(piece)
        return Markup(f"\n\n\x02{len(self.pieces) - 1}\x02\n\n")


class _Named:
    """Things that a template asks for by name; a wrong name is answered with the nearest."""

    noun = ""

    def names(self) -> Iterable[str]:
        raise NotImplementedError

    def get(self, name: str) -> Markup:
        raise NotImplementedError

    def __getitem__(self, name: str) -> Markup:
        if name not in self.names():
            raise InputError(f"no {self.noun} `{name}`", nearest(name, self.names()))
        return self.get(name)


class _Shown(_Named):
    noun = "part"

    def __init__(self, filling: _Filling) -> None:
        self._filling = filling

    def names(self) -> Iterable[str]:
        return (*PARTS, CHECKLIST)

    def get(self, name: str) -> Markup:
        return self._filling.part(name)


class _Facts(_Named):
    noun = "fact"

    def __init__(self, of: Mapping[str, str]) -> None:
        self._of = of

    def names(self) -> Iterable[str]:
        return self._of

    def get(self, name: str) -> Markup:
        # at the beginning of a line these would make a heading or a list of it
        return Markup(re.sub(r"^([#+=-])|^(\d+)([.)])(?=\s)", r"\2\\\1\3", escape(self._of[name])))
