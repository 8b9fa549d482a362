"""The report on paper, A4 and Letter: no half-empty page, nothing lost, nothing cut, definitions as notes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.reporting.write import write_report
from harness.results.answered import read_answered
from tests.reporting.browser.made import write_made
from tests.reporting.every_variant import VARIANTS
from tests.reporting.in_browser import CHROMIUM, chromium
from tests.reporting.printed import MARGIN_MM, WIDTHS_MM, Sheet, missing, printed

pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason=f"{CHROMIUM} is not installed")
TALLEST_GAP = 0.3
"""Of the height between the margins: a heading and the chart beneath it, which stay together, take less."""
KINDS = ("classify", "summarize", "classify", "classify", "divergence")


def large(folder: Path) -> Path:
    """A report on 12 models × 5 tasks with answers."""
    tasks = {f"task-{at}": kind for at, kind in enumerate(KINDS)}
    results = folder / "large"
    summary = write_made(results, [f"model-{at}" for at in range(12)], tasks, 12)
    return write_report(summary, folder / "report", read_answered(results, summary))[1]


def made(variant: str) -> Callable[[Path], Path]:
    """What writes the report of a variant into a folder, and gives its page."""
    return lambda folder: write_report(VARIANTS[variant](), folder)[1]


PAGES: dict[str, Callable[[Path], Path]] = {
    "quickstart": made("quickstart"),
    "failures": made("failures"),
    "only-speed-and-writing": made("speed-and-texts"),
    "large": large,
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module", params=[(of, paper) for of in PAGES for paper in WIDTHS_MM])
def print_out(
    request: pytest.FixtureRequest, browser: Any, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, list[Sheet], list[str], list[str]]:
    name, paper = request.param
    page = PAGES[name](tmp_path_factory.mktemp(name))
    return paper, *printed(browser, page, paper)


PrintOut = tuple[str, list[Sheet], list[str], list[str]]


def test_no_page_is_half_empty(print_out: PrintOut) -> None:
    """But the last one, which ends where the report ends."""
    _, sheets, _, _ = print_out
    assert [
        (at, round(of.gap, 2)) for at, of in enumerate(sheets[:-1], 1) if of.gap > TALLEST_GAP
    ] == []
    assert len(sheets[-1].text) > 100


def test_every_word_of_the_document_is_on_paper_in_its_order(print_out: PrintOut) -> None:
    _, sheets, words, _ = print_out
    assert len(words) > 500
    assert missing(sheets, words) == []


def test_nothing_is_cut_or_shrunk_at_an_edge(print_out: PrintOut) -> None:
    paper, sheets, _, cut = print_out
    assert cut == []
    assert max(sheet.right for sheet in sheets) <= WIDTHS_MM[paper] - MARGIN_MM + 1


def test_each_page_has_its_number(print_out: PrintOut) -> None:
    _, sheets, _, _ = print_out
    assert all(f"{at}/{len(sheets)}" in of.text for at, of in enumerate(sheets, start=1))


def test_every_number_of_a_definition_has_its_note_in_the_same_section_or_before(
    browser: Any, tmp_path: Path
) -> None:
    page = browser.new_page()
    page.goto(PAGES["quickstart"](tmp_path).as_uri())
    page.emulate_media(media="print")
    used: list[list[Any]] = page.evaluate(
        """() => [...document.querySelectorAll("section")].flatMap((section, at) =>
             [...section.querySelectorAll(".term sup")].map(sup => [at, sup.textContent]))"""
    )
    noted: list[list[Any]] = page.evaluate(
        """() => [...document.querySelectorAll("section")].flatMap((section, at) =>
             [...section.querySelectorAll(".notes li")].map(li => [at, li.id.replace("def-", ""),
               li.offsetHeight > 0, li.textContent]))"""
    )
    page.close()
    first: dict[str, int] = {}
    for at, number in used:
        first.setdefault(number, at)
    assert {number: at for at, number, *_ in noted} == first, "a note where its term comes first"
    assert list(first) == [str(at) for at in range(1, len(first) + 1)], "counted as they are read"
    assert all(shown and re.match(r"\S.*: \S", text) for *_, shown, text in noted)


def test_a_blank_half_and_a_lost_word_are_found(browser: Any, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text(
        "<style>@page{margin:14mm}</style><main><p>first <b style='display:none'>hidden</b> words</p>"
        "<p style='break-before:page'>second</p><pre style='overflow:hidden'>"
        + "wide " * 99
        + "</main>"
    )
    sheets, words, cut = printed(browser, page, "A4")
    assert len(sheets) == 2 and sheets[0].gap > 0.8
    assert missing(sheets, words)[0] == "first hidden"
    assert any(text.startswith("pre") for text in cut)
