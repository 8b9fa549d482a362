"""The pages in a real browser: they fit, are accessible, ask for nothing, and the table does what it says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.leaderboard.board import build
from harness.leaderboard.collect import collect
from harness.leaderboard.pages.index import FIRST_ROWS
from harness.leaderboard.site import site
from harness.leaderboard.write import write_site
from tests.leaderboard.made import DIALOGUE, SENTIMENT, Run, coins, named
from tests.leaderboard.many import write_many
from tests.leaderboard.strangers import write_hostile

CHROMIUM = Path("/usr/bin/chromium")
pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason=f"{CHROMIUM} is not installed")
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
NAMES = ("alpha", "beta", "gamma", "delta")
MODELS = {name: {"source": f"org/{name}"} for name in NAMES}
KINDS = {
    "small": {"sentiment": SENTIMENT, "dialogue": DIALOGUE, "speed": {"type": "speed"}},
}
Sites = dict[str, Path]


def small(root: Path) -> list[Path]:
    """Runs with ties, groups, two machines, a failure and a history."""
    clear = coins(0.9, 300)
    scores: dict[tuple[str, str], Any] = {
        ("alpha", "sentiment"): clear,
        ("beta", "sentiment"): clear,
        ("gamma", "sentiment"): coins(0.5, 300, 3),
        **{(name, "dialogue"): coins(0.4, 40, n) for n, name in enumerate(NAMES[:3])},
        ("delta", "sentiment"): None,
        ("alpha", "speed"): [40.0, 41.0, 42.0],
        ("beta", "speed"): [80.0, 81.0, 82.0],
    }
    there = {"processor": "Other CPU", "cores": 64, "architecture": "arm64"}
    speeds = {("alpha", "speed"): [400.0, 410.0, 420.0]}
    return [
        Run(scores, MODELS, KINDS["small"], created="2026-11-02").write(root / "first"),
        Run(speeds, MODELS, KINDS["small"], created="2026-11-01", machine=there).write(root / "b"),
        Run(named(0.7, "alpha"), MODELS, created="2026-11-03", samples=False).write(root / "c"),
    ]


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Sites:
    root = tmp_path_factory.mktemp("sites")
    folders = {
        "small": small(root / "small"),
        "hostile": [write_hostile(root / "hostile")],
        "many": [write_many(root / "many", 230, 3, 8, together=115)],
    }
    for name, of in folders.items():
        write_site(site(build(collect(of).results)), root / f"{name}-site")
    return {name: root / f"{name}-site" for name in folders}


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """A page that fails the test where something is logged, thrown, or asked of anyone."""
    opened = browser.new_page()
    wrong: list[str] = []
    opened.on("console", lambda message: wrong.append(message.text))
    opened.on("pageerror", lambda error: wrong.append(str(error)))
    opened.on("request", lambda asked: wrong.append(asked.url))
    yield opened
    opened.close()
    assert not [said for said in wrong if not said.startswith("file:")]


def places(root: Path) -> list[Path]:
    """The first page, and the first of each kind."""
    return [root / "index.html"] + [
        sorted((root / kind).glob("*.html"))[0] for kind in ("tasks", "models")
    ]


def column(page: Any, number: int) -> list[str]:
    """The first line of a column's fields."""
    texts = page.eval_on_selector_all(
        "table.board tbody tr", f"rows => rows.map(row => row.cells[{number}].innerText)"
    )
    return [text.split("\n")[0].strip() for text in texts]


@pytest.mark.parametrize("name", ["small", "hostile"])
def test_no_page_is_wider_than_its_window(name: str, page: Any, sites: Sites) -> None:
    for file in places(sites[name]):
        page.goto(file.as_uri())
        page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        for width in (1440, 768, 375):
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate("document.documentElement.scrollWidth") <= width, file


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_are_accessible(scheme: str, browser: Any, sites: Sites) -> None:
    from axe_playwright_python.sync_playwright import Axe

    page = browser.new_page(color_scheme=scheme, bypass_csp=True)
    for file in places(sites["small"]):
        page.goto(file.as_uri())
        page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        found = Axe().run(page)
        assert not found.response["violations"], (file, found.generate_report())
    page.close()


def test_the_script_builds_the_table_that_the_page_holds(
    page: Any, browser: Any, sites: Sites
) -> None:
    shown = "table => table.innerText.replaceAll('\\u2195', '').split(/\\s+/).filter(w => w != 'Copy').join(' ')"
    for name in ("small", "hostile"):
        still = browser.new_context(java_script_enabled=False).new_page()
        still.goto((sites[name] / "index.html").as_uri())
        page.goto((sites[name] / "index.html").as_uri())
        both = [of.eval_on_selector("table.board", shown) for of in (still, page)]
        assert both[0] == both[1]
        assert (
            page.locator("#controls").is_visible() and not still.locator("#controls").is_visible()
        )
        still.context.close()


def test_ranks_are_of_the_task_that_is_chosen(page: Any, sites: Sites) -> None:
    page.goto((sites["small"] / "index.html").as_uri())
    chosen = page.locator("#ranked option").all_inner_texts()
    assert chosen[0].startswith("sentiment · Accuracy ↑ · n = 300")
    assert column(page, 0) == ["1=", "1=", "3", "–"]
    assert column(page, 1) == ["alpha", "beta", "gamma", "delta"]
    page.select_option("#ranked", index=1)
    assert "dialogue" in page.locator("table.board thead").inner_text().split("Weights")[0]
    assert column(page, 0) == ["1=", "1=", "1=", "–"]
    page.reload()
    assert page.locator("#ranked").input_value() != "" and column(page, 0)[0] == "1="
    assert "dialogue" in page.locator("table.board thead").inner_text().split("Weights")[0]


def test_speeds_are_of_one_machine_at_a_time(page: Any, sites: Sites) -> None:
    page.goto((sites["small"] / "index.html").as_uri())
    speeds = "rows => rows.map(row => row.cells[6].innerText.split('\\n')[0])"
    first = page.eval_on_selector_all("table.board tbody tr", speeds)
    assert first == ["41.0", "81.0", "–", "–"]
    page.select_option("#speed", index=1)
    assert page.eval_on_selector_all("table.board tbody tr", speeds) == ["410", "–", "–", "–"]
    assert "Other CPU" in page.locator("table.board thead").inner_text()


def test_columns_order_the_table_by_keyboard_too(page: Any, sites: Sites) -> None:
    page.goto((sites["small"] / "index.html").as_uri())
    heading = page.get_by_role("button", name="Model")
    heading.focus()
    page.keyboard.press("Enter")
    assert column(page, 1) == ["alpha", "beta", "delta", "gamma"]
    page.keyboard.press("Enter")
    assert column(page, 1) == ["gamma", "delta", "beta", "alpha"]
    assert page.locator("th.model[aria-sort]").get_attribute("aria-sort") == "descending"
    page.get_by_role("button", name="speed").click()
    assert column(page, 1)[:2] == ["alpha", "beta"], "what has no figure stands last"


def test_search_and_filter_leave_ranks_as_they_are(page: Any, sites: Sites) -> None:
    page.goto((sites["small"] / "index.html").as_uri())
    page.fill("#search", "GAM org")
    assert column(page, 1) == ["gamma"] and column(page, 0) == ["3"]
    assert page.locator("#count").inner_text() == "1 of 4 models; ranks are of all"
    page.fill("#search", "nothing like it")
    assert column(page, 1) == []


def test_the_command_is_copied(browser: Any, sites: Sites) -> None:
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.goto((sites["small"] / "index.html").as_uri())
    page.locator("summary", has_text="command").first.click()
    page.get_by_role("button", name="Copy the command of alpha").click()
    page.get_by_text("Copied").wait_for()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("harness run suites/made-") and copied.endswith("--only 'alpha/*'")
    context.close()


def test_rows_are_added_as_the_reader_comes_to_them(page: Any, sites: Sites) -> None:
    page.goto((sites["many"] / "index.html").as_uri())
    rows = page.locator("table.board tbody tr")
    assert rows.count() == FIRST_ROWS
    page.locator("#more").scroll_into_view_if_needed()
    rows.nth(FIRST_ROWS).wait_for(state="attached")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert rows.count() == 230 and page.locator("#more").is_hidden()
    places = [int(text.rstrip("=")) for text in column(page, 0)]
    assert places == sorted(places) and places[0] == 1


def test_every_page_prints(page: Any, sites: Sites) -> None:
    for file in places(sites["small"]):
        page.goto(file.as_uri())
        for paper in ("A4", "Letter"):
            assert page.pdf(format=paper).startswith(b"%PDF")
