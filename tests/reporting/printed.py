"""A page as it comes out of the printer: its PDF, read and measured page by page."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

MARGIN_MM, FOOT_MM = 14.0, 16.0
"""Of each page, left, right and above, and below, where its number stands."""
WIDTHS_MM = {"A4": 210.0, "Letter": 215.9}
HEIGHTS_MM = {"A4": 297.0, "Letter": 279.4}
CSS_PIXELS_PER_MM = 96 / 25.4
PIXELS_PER_MM = 3.0
PAPER = 250
"""Grey that still counts as blank."""
AHEAD = 1500
"""Characters within which the next word has to stand: more than a repeated head of a table has."""
LEFT_OUT = ".tools, .sort, .download, .def, #samples-app, script, style, title, h2#verdict-title"
"""What paper does not show: tools for a hand, files to save, and what the notes at the end of a section or
the page's own title say."""
WORDS = f"""() => {{
  const found = [];
  const walk = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {{
    const of = walk.currentNode;
    if (!of.parentElement.closest({LEFT_OUT!r})) found.push(...of.data.split(/\\s+/).filter(Boolean));
  }}
  return found;
}}"""
CUT = """() => [...document.querySelectorAll("main *")].filter(of => {
  const style = getComputedStyle(of);
  return of.scrollWidth > of.clientWidth + 1 && of.clientWidth && style.display !== "inline"
    && style.overflowX !== "visible";
}).map(of => `${of.localName}.${of.className}: ${of.textContent.slice(0, 60)}`)"""


@dataclass(frozen=True)
class Sheet:
    """One page of paper."""

    text: str
    """Without any white space."""
    gaps: tuple[float, ...]
    """Heights of the blank bands between its margins, as shares of the height between these."""
    right: float
    """Where its ink ends, in millimetres from the left edge."""

    @property
    def gap(self) -> float:
        """The tallest blank band, the one at the foot among them."""
        return max(self.gaps, default=0.0)


def printed(browser: Any, page_file: Path, paper: str) -> tuple[list[Sheet], list[str], list[str]]:
    """The pages, the words that the document holds in their order, and what is cut at an edge."""
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.goto(page_file.as_uri())
    pdf = page.pdf(format=paper, print_background=True)
    words = page.evaluate(WORDS)
    page.emulate_media(media="print")
    inside = (WIDTHS_MM[paper] - 2 * MARGIN_MM) * CSS_PIXELS_PER_MM
    page.set_viewport_size({"width": int(inside), "height": 900})
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    cut = page.evaluate(CUT)
    wide = page.evaluate("document.documentElement.scrollWidth")
    cut += [f"the page is {wide} pixels wide, and shrunk to fit {int(inside)}"] * (
        wide > inside + 1
    )
    page.close()
    return list(_sheets(pdf, HEIGHTS_MM[paper])), words, cut


def missing(sheets: Sequence[Sheet], words: Sequence[str]) -> list[str]:
    """The words that do not stand on the pages in the order of the document, with what is before each."""
    paper, at, lost = "".join(sheet.text for sheet in sheets), 0, []
    for index, word in enumerate(words):
        found = paper.find(_bare(word), at, at + AHEAD)
        if found < 0:
            lost.append(" ".join(words[max(0, index - 6) : index + 1]))
        else:
            at = found + len(_bare(word))
    return lost


def _bare(text: str) -> str:
    """Without white space; the hyphen at the end of a line is what pdfium reads as one that it would drop."""
    return re.sub(r"[\s\u200b]+", "", text.replace("\ufffe", "-").replace("\x02", "-"))


def _sheets(pdf: bytes, height_mm: float) -> Iterator[Sheet]:
    import pypdfium2

    document = pypdfium2.PdfDocument(pdf)
    for page in document:
        pixels: npt.NDArray[np.uint8] = page.render(
            scale=PIXELS_PER_MM * 25.4 / 72, grayscale=True
        ).to_numpy()
        ink = pixels.reshape(pixels.shape[0], -1) < PAPER
        foot = int(ink.shape[0] * (1 - (FOOT_MM - 0.5) / height_mm))
        top = int(MARGIN_MM * PIXELS_PER_MM)
        columns = np.flatnonzero(ink[:foot].any(axis=0))
        right = float(columns[-1] + 1) / PIXELS_PER_MM if columns.size else 0.0
        text = _bare(page.get_textpage().get_text_range())
        yield Sheet(text, tuple(_gaps(np.asarray(ink[top:foot].any(axis=1)))), right)
    document.close()


def _gaps(inked: npt.NDArray[np.bool_]) -> Iterator[float]:
    """The lengths of the runs of blank rows, as shares of all rows."""
    edges = np.flatnonzero(np.diff(np.concatenate(([True], inked, [True])).astype(np.int8)))
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        yield float(end - start) / len(inked)
