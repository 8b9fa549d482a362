"""The page in a real browser: it fits, it is accessible, and it asks the network for nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from harness.reporting.write import write_report
from tests.reporting.every_variant import VARIANTS
from tests.reporting.in_browser import CHROMIUM, chromium

pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason=f"{CHROMIUM} is not installed")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The address of each variant's page."""
    root = tmp_path_factory.mktemp("pages")
    return {name: write_report(make(), root / name)[1].as_uri() for name, make in VARIANTS.items()}


@pytest.mark.parametrize("variant", list(VARIANTS))
def test_no_page_is_wider_than_its_window(
    variant: str, browser: Any, pages: dict[str, str]
) -> None:
    page = browser.new_page()
    page.goto(pages[variant])
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 844})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.close()


def test_the_page_asks_for_nothing_and_runs_nothing(browser: Any, pages: dict[str, str]) -> None:
    page = browser.new_page()
    asked: list[str] = []
    dialogs: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    def note(dialog: Any) -> None:
        dialogs.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", note)
    page.goto(pages["hostile"])
    page.wait_for_load_state("networkidle")
    assert asked == [pages["hostile"]]
    assert dialogs == []
    page.close()


@pytest.mark.parametrize(
    ("variant", "scheme"),
    [
        ("quickstart", "light"),
        ("quickstart", "dark"),
        ("failures", "light"),
        ("texts", "light"),
        ("texts", "dark"),
    ],
)
def test_the_page_is_accessible(
    variant: str, scheme: str, browser: Any, pages: dict[str, str]
) -> None:
    from axe_playwright_python.sync_playwright import Axe

    page = browser.new_page(color_scheme=scheme, bypass_csp=True)
    page.goto(pages[variant])
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    found = Axe().run(page).response["violations"]
    serious = [
        (v["id"], v["nodes"][0]["html"], v["nodes"][0]["failureSummary"])
        for v in found
        if v["impact"] in {"serious", "critical"}
    ]
    assert serious == []
    page.close()


def test_chart_labels_are_not_cut_off(browser: Any, pages: dict[str, str]) -> None:
    page = browser.new_page()
    page.goto(pages["long-names"])
    cut = page.evaluate(
        """() => [...document.querySelectorAll('.chart svg')].flatMap(svg => {
             const box = svg.getBoundingClientRect();
             return [...svg.querySelectorAll('text')].filter(text => {
               const r = text.getBoundingClientRect();
               return r.left < box.left - 1 || r.right > box.right + 1;
             }).map(text => text.textContent);
           })"""
    )
    assert cut == []
    page.close()
