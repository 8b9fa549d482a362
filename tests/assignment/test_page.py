"""The page in a real browser: it fits, it is accessible, it asks for nothing and runs nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.assignment.writing import Page
from harness.records import Summary
from tests.assignment.made import report
from tests.reporting.fixture import quickstart
from tests.reporting.hostile import hostile, hostile_texts
from tests.reporting.in_browser import CHROMIUM, chromium

pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason=f"{CHROMIUM} is not installed")
WORDS = (
    "| a | b |\n|:--|--:|\n| 1 | 2 |\n\n<script>alert(1)</script> ![x](https://example.org/x.png)"
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as opened:
        yield opened


def page_of(summary: Summary, name: str, folder: Path) -> str:
    """The address of a page with an author's words in it."""
    file = folder / "assignment.html"
    file.write_text(Page(report(summary, name, {"question": WORDS}), folder).html())
    return file.as_uri()


@pytest.mark.parametrize(
    ("make", "name"),
    [(hostile, "assignment-2"), (hostile_texts, "assignment-1"), (quickstart, "assignment-2")],
)
def test_it_fits_asks_for_nothing_and_runs_nothing(
    make: Any, name: str, browser: Any, tmp_path: Path
) -> None:
    page, address = browser.new_page(), page_of(make(), name, tmp_path)
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(address)
    for width in (1440, 768, 375):
        page.set_viewport_size({"width": width, "height": 844})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert (asked, said) == ([address], [])
    assert (
        page.evaluate("getComputedStyle(document.querySelector('td.number')).textAlign") == "right"
    )
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_accessible(scheme: str, browser: Any, tmp_path: Path) -> None:
    from axe_playwright_python.sync_playwright import Axe

    page = browser.new_page(color_scheme=scheme, bypass_csp=True)
    page.goto(page_of(quickstart(), "assignment-2", tmp_path))
    found = Axe().run(page).response["violations"]
    assert [(v["id"], v["nodes"][0]["html"]) for v in found] == []
    page.close()
