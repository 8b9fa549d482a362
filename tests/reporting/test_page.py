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
def test_no_page_is_wider_than_its_window_or_complains(
    variant: str, browser: Any, pages: dict[str, str]
) -> None:
    page = browser.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(pages[variant])
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    for width in (1440, 768, 375):
        page.set_viewport_size({"width": width, "height": 844})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert said == []
    page.close()


def test_no_column_is_cut_on_a_phone(browser: Any, pages: dict[str, str]) -> None:
    page = browser.new_page(viewport={"width": 375, "height": 844})
    page.goto(pages["quickstart"])
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    cut = page.evaluate(
        """() => [...document.querySelectorAll('.table:not(.confusion) td, .chart svg')].filter(e => {
             const r = e.getBoundingClientRect();
             return r.right > 375 || r.left < 0;
           }).map(e => e.textContent)"""
    )
    assert cut == []
    page.close()


@pytest.fixture
def opened(browser: Any, pages: dict[str, str]) -> Iterator[Any]:
    """The quickstart's page."""
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.goto(pages["quickstart"])
    yield page
    page.close()


def models_of(page: Any) -> list[str]:
    names = page.locator("#compare figure >> nth=0 >> tbody >> nth=0 >> th code")
    return [name.inner_text() for name in names.all() if name.is_visible()]


def test_models_are_sorted_and_filtered_and_baselines_stay_last(opened: Any) -> None:
    table = opened.locator("#compare figure").first
    table.get_by_label("Sort by", exact=True).select_option(label="sentiment: accuracy ↑")
    assert models_of(opened) == [
        "base",
        "lora-q4",
        "lora-q5",
        "qlora",
        "lora-q8",
        "lora",
        "lora-f16",
    ]
    table.get_by_role("button", name="Sort by Size on disk").click()
    table.get_by_role("button", name="Sort by Size on disk").click()
    assert models_of(opened)[:2] == ["lora-q4", "lora-q5"]
    assert table.locator("th[aria-sort]").get_attribute("aria-sort") == "ascending"
    table.get_by_label("Filter").fill("q8")
    assert models_of(opened) == ["lora-q8"]
    assert table.locator("output").inner_text() == "1 of 7 rows"
    assert table.locator("tbody.floors tr").count() == 3


def test_a_definition_shows_while_its_term_has_the_focus(opened: Any) -> None:
    term = opened.locator("#compare .term", has_text="accuracy").first
    shown = term.locator(".def")
    assert not shown.is_visible()
    term.focus()
    assert shown.is_visible() and "labelled as a person did" in shown.inner_text()
    box = shown.bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= 1440
    described = opened.locator(f"#{term.get_attribute('aria-describedby')}")
    assert "labelled as a person did" in described.text_content()


def test_definitions_and_files_need_no_script(browser: Any, pages: dict[str, str]) -> None:
    context = browser.new_context(java_script_enabled=False, accept_downloads=True)
    page = context.new_page()
    page.goto(pages["quickstart"])
    page.locator("#compare .term").first.hover()
    assert page.locator("#compare .term .def").first.is_visible()
    assert page.locator(".tools").count() == 0
    page.locator("#differences summary", has_text="as a table").first.click()
    with page.expect_download() as saved:
        page.locator("#differences a[download]").first.click()
    assert saved.value.suggested_filename == "fine-tuning.csv"
    assert saved.value.path().read_text().startswith("comparison,task,metric,unit")
    context.close()


def test_paper_shows_what_is_folded_and_numbers_its_definitions(opened: Any) -> None:
    hidden = "#differences details table"
    assert not opened.locator(hidden).first.is_visible()
    opened.emulate_media(media="print")
    assert opened.locator(hidden).first.is_visible()
    assert opened.locator("#compare .notes").is_visible()
    assert opened.locator("#compare .term sup").first.is_visible()
    assert not opened.locator("nav").is_visible()
    assert opened.evaluate("document.documentElement.scrollWidth") <= 1440


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
