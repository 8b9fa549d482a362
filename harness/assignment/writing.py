"""A report as Markdown and as one HTML page."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markdown_it import MarkdownIt
from markupsafe import Markup, escape

from harness.assignment.report import TOKEN, Place, Report
from harness.assignment.yours import HINT_SIGN, place
from harness.reporting import markdown
from harness.reporting.format import clean
from harness.reporting.html import blocks_html, policy, style

_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_TOKEN_PARAGRAPH = re.compile(r"<p>\x02(\d+)\x02</p>")
LAYOUT = Path(__file__).parent / "layout"
IMAGE_TYPES = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
}
MOST_IMAGE_BYTES = 4_000_000


def as_markdown(report: Report) -> str:
    """The report as GitHub-flavoured Markdown, with the places of the author's words."""

    def written(match: re.Match[str]) -> str:
        piece = report.pieces[int(match[1])]
        if isinstance(piece, Place):
            hint = f"{HINT_SIGN} *{markdown.escape(piece.hint)}*\n\n" if piece.hint else ""
            return ("" if piece.words else hint) + place(piece.name, piece.words)
        return "\n\n".join(markdown.block(one) for one in piece.blocks)

    return TOKEN.sub(written, report.text)


@dataclass
class Page:
    """The report as one page that needs nothing else.

    Args:
        report: what it says.
        folder: where it is written; pictures that the author's words name are taken from there.
    """

    report: Report
    folder: Path
    left_out: list[str] = field(default_factory=list)
    """Pictures that are not in the page, and why."""

    def html(self) -> str:
        """The whole page."""
        text = _COMMENT.sub("", self.report.text)
        body = _TOKEN_PARAGRAPH.sub(self._piece, _rendered(_markdown(), text))
        look = style() + (LAYOUT / "assignment.css").read_text(encoding="utf-8")
        return (
            _environment()
            .get_template("page.html.j2")
            .render(
                title=_plain(self.report.title),
                style=Markup(look),
                policy=policy(look, script=""),
                body=Markup(TOKEN.sub(self._piece, body)),
            )
        )

    def _piece(self, match: re.Match[str]) -> str:
        piece = self.report.pieces[int(match[1])]
        if isinstance(piece, Place):
            return self._words(piece)
        # names of parts are of a closed list
        return f'<div class="part-{piece.name}">\n{blocks_html(piece.blocks)}</div>\n'

    def _words(self, of: Place) -> str:
        if not of.words:
            hint = Markup('<p class="yours" role="note">{}</p>')
            return hint.format(f"✎ {clean(of.hint)}") if of.hint else ""
        parser = _markdown(self._image)
        said = _rendered(parser, _COMMENT.sub("", of.words.replace("\x02", "")))
        return f'<div class="words">\n{said}</div>\n'

    def _image(self, source: str, alternative: str) -> str:
        """A picture of the author's, from beside the report, within the page."""
        found = self._picture(source)
        if isinstance(found, str):
            self.left_out.append(found)
            return str(Markup("<em>[{}]</em>").format(found))
        file, data = found
        kind, coded = IMAGE_TYPES[file.suffix.lower()], base64.b64encode(data).decode()
        return f'<img src="data:{kind};base64,{coded}" alt="{escape(alternative)}">'

    def _picture(self, source: str) -> tuple[Path, bytes] | str:
        name = unquote(source)
        if re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*:", name) or name.startswith("//"):
            return f"{clean(name)}: a picture from elsewhere; put the file beside the report"
        file = (self.folder / name).resolve()
        if not file.is_relative_to(self.folder.resolve()):
            return f"{clean(name)}: not in {self.folder}"
        if file.suffix.lower() not in IMAGE_TYPES:
            return f"{clean(name)}: only {', '.join(IMAGE_TYPES)} are put into the page"
        try:
            if file.stat().st_size > MOST_IMAGE_BYTES:
                return f"{clean(name)}: larger than {MOST_IMAGE_BYTES // 1_000_000} MB"
            return file, file.read_bytes()
        except OSError as error:
            return f"{clean(name)}: {error.strerror}"


def _plain(title: str) -> str:
    """A heading of Markdown as plain text."""
    tokens = _markdown().parseInline(clean(title))
    return "".join(one.content for token in tokens for one in token.children or [])


def _rendered(parser: MarkdownIt, text: str) -> str:
    """Markdown as HTML, in which columns of tables have classes: the page allows no styles but its own."""
    environment: dict[str, Any] = {}
    tokens = parser.parse(text, environment)
    for token in tokens:
        align = token.attrs.pop("style", None)
        if align == "text-align:right":
            token.attrs["class"] = "number"
    said: str = parser.renderer.render(tokens, parser.options, environment)
    return said


def _markdown(image: Callable[[str, str], str] | None = None) -> MarkdownIt:
    """GitHub's dialect without raw HTML; links that run something are text."""
    parser = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    if image is not None:

        def shown(_: Any, tokens: Sequence[Any], index: int, *__: Any) -> str:
            token = tokens[index]
            return image(str(token.attrs.get("src", "")), str(token.content))

        parser.add_render_rule("image", shown)
    return parser


@cache
def _environment() -> Environment:
    return Environment(loader=FileSystemLoader(LAYOUT), autoescape=True, undefined=StrictUndefined)
