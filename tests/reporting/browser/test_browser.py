"""The sample browser in chromium: what it lists, where links lead, what keys do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.reporting.browser.links import link
from harness.reporting.write import write_report
from harness.results.answered import read_answered
from harness.results.store import read_summary
from tests.reporting.browser.made import PROMPT, rows_of, write_made
from tests.reporting.in_browser import CHROMIUM, chromium

pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason=f"{CHROMIUM} is not installed")
HOSTILE = (
    "</script><img src=x onerror=document.title='run'><b>b</b> javascript:alert(1) {{7*7}} "
    "\"'&amp;\u202e\u2028,/#&a=b%00"
)
CHANGED = ".samples-excerpt >> text=Sales rose by a third. >> nth=0"
TASKS = {f"t-{kind}": kind for kind in ("classify", "summarize", "divergence", "write")}


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("results") / "made"
    write_made(folder)
    return folder


def written(results: Path) -> str:
    """The address of the results' page."""
    summary = read_summary(results, any_names=True)
    answered = read_answered(results, summary, results)
    return write_report(summary, results.parent / "report", answered)[1].as_uri()


class Page:
    """A page that is open, and all that went wrong on it."""

    def __init__(self, page: Any, address: str) -> None:
        self.page, self.address = page, address
        self.wrong: list[str] = []
        page.on("console", lambda message: self.wrong.append(message.text))
        page.on("pageerror", lambda error: self.wrong.append(str(error)))
        page.on("request", lambda request: self._asked(request.url))

    def _asked(self, url: str) -> None:
        if url.partition("#")[0] != self.address:
            self.wrong.append(f"asked for {url}")

    def open(self, fragment: str = "") -> Page:
        self.page.goto("about:blank")
        self.page.goto(self.address + fragment)
        self.page.evaluate("document.getElementById('samples').scrollIntoView()")
        self.page.wait_for_selector("#samples-modes b", state="attached")
        return self

    def choose(self, control: str, value: str) -> None:
        self.page.select_option(f"#samples-{control}", value)
        self.settle()

    def mode(self, key: str) -> None:
        self.page.check(f"#samples-mode-{key}")
        self.settle()

    def press(self, keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)
        self.settle()

    def settle(self) -> None:
        """Waits until the address is the one that is drawn, and the list has followed."""
        self.page.wait_for_function(
            """() => new Promise(done => requestAnimationFrame(() => done(
              document.getElementById('samples').dataset.address === location.hash)))"""
        )

    def counts(self) -> dict[str, int]:
        """How many examples each mode says that it lists."""
        found = self.page.evaluate(
            "[...document.querySelectorAll('#samples-modes label')].map(one => "
            "[one.querySelector('input').value, one.querySelector('b').textContent])"
        )
        return {key: int(number.replace(",", "")) for key, number in found}

    def listed(self) -> list[str]:
        """Ids of all rows of the list, scrolled through."""
        found: list[str] = self.page.evaluate(
            """async () => {
              const list = document.getElementById('samples-list'), found = [];
              const frame = () => new Promise(done => requestAnimationFrame(
                () => requestAnimationFrame(done)));
              for (let at = 0; ; at += list.clientHeight) {
                list.scrollTop = at;
                await frame();
                for (const row of list.querySelectorAll('.samples-row')) {
                  found[row.dataset.at] = row.querySelector('code').textContent;
                }
                if (at + list.clientHeight >= list.scrollHeight) return found;
              }
            }"""
        )
        return found

    def shown(self) -> str:
        return str(self.page.inner_text("#samples-detail"))

    def hash(self) -> str:
        return str(self.page.evaluate("location.hash"))


@pytest.fixture
def page(browser: Any, results: Path) -> Iterator[Page]:
    opened = browser.new_page(viewport={"width": 1440, "height": 900})
    found = Page(opened, written(results))
    yield found
    assert found.wrong == []
    opened.close()


def by_rule(results: Path, task: str, models: list[str]) -> dict[str, list[str]]:
    """Which examples each mode lists, by rules written a second time, from the samples."""
    first, *others = (rows_of(results, model, task) for model in models)
    everything, headline = [first, *others], {"t-summarize": "rougeL", "t-classify": "accuracy"}

    def score(of: dict[str, Any], id: str) -> float:
        if task == "t-divergence":
            return -float(sum(of[id]["data"]["kl"]) / len(of[id]["data"]["kl"]))
        if task == "t-write":
            told = of[id]["scores"]
            faulty = told["empty"] or told["truncated"] or told["repetition"] >= 0.2
            return 0.0 if faulty else 1.0
        return float(of[id]["scores"][headline[task]])

    def texts(of: dict[str, Any], id: str) -> tuple[Any, Any]:
        return of[id]["answer"], of[id]["data"].get("text")

    def moved(id: str, way: int) -> float:
        return max(way * (score(of, id) - score(first, id)) for of in others)

    rules: dict[str, Callable[[str], bool]] = {
        "different": lambda id: any(texts(of, id) != texts(first, id) for of in others),
        "broke": lambda id: moved(id, -1) > 0,
        "fixed": lambda id: moved(id, 1) > 0,
        "wrong": lambda id: all(score(of, id) == 0 for of in everything),
        "unparsed": lambda id: any(of[id]["scores"].get("unparsed") for of in everything),
        "truncated": lambda id: any(of[id]["scores"].get("truncated") for of in everything),
        "all": lambda id: True,
    }
    found = {mode: [id for id in first if rule(id)] for mode, rule in rules.items()}
    if task in ("t-divergence", "t-summarize"):
        found["broke"].sort(key=lambda id: -moved(id, -1))
        found["fixed"].sort(key=lambda id: -moved(id, 1))
    return found


@pytest.mark.parametrize("task", list(TASKS))
@pytest.mark.parametrize("models", [["base", "tuned"], ["small", "base", "tuned"]])
def test_every_mode_lists_what_its_rule_says(
    task: str, models: list[str], page: Page, results: Path
) -> None:
    expected = by_rule(results, task, models)
    page.open(link(task, models[0], models[1:]))
    counts = page.counts()
    assert counts == {mode: len(expected[mode]) for mode in counts}
    assert sum(0 < number < 30 for number in counts.values()) >= 2
    for mode in reversed(counts):
        page.mode(mode)
        assert page.listed() == expected[mode]
        assert f"mode={mode}" in page.hash()


def test_filters_by_label_answer_and_search_narrow_every_count(page: Page, results: Path) -> None:
    rows = rows_of(results, "base", "t-classify")
    texts = page.open(link("t-classify", "base", ["tuned"], mode="all")).listed()
    assert texts == list(rows)
    page.choose("label", "neutral")
    assert page.listed() == [id for id, row in rows.items() if row["target"] == "neutral"]
    page.choose("answer", "positive")
    both = [
        id for id, row in rows.items() if (row["target"], row["answer"]) == ("neutral", "positive")
    ]
    assert page.listed() == both != []
    assert page.counts()["all"] == len(both)
    assert page.hash().endswith("label=neutral&answer=positive")
    page.choose("label", "")
    page.choose("answer", "")
    page.page.fill("#samples-search", "CLASSIFY-0007")
    page.settle()
    assert page.listed() == ["t-classify-0007"] and "q=CLASSIFY-0007" in page.hash()
    page.page.fill("#samples-search", "nothing has this in it")
    page.settle()
    assert page.listed() == [] and page.page.inner_text("#samples-at") == "no example fits"


def test_a_cell_of_a_confusion_matrix_opens_its_answers(page: Page, results: Path) -> None:
    of = link("t-classify", "tuned", mode="all", label="neutral", answer="negative")
    rows = rows_of(results, "tuned", "t-classify").items()
    expected = [i for i, row in rows if (row["target"], row["answer"]) == ("neutral", "negative")]
    assert page.open(of).listed() == expected != []


def test_every_link_on_the_page_leads_to_as_many_answers_as_it_says(page: Page) -> None:
    page.open()
    found = page.page.evaluate(
        "[...document.querySelectorAll('a[href^=\"#s=\"]')].map(of => "
        "[of.getAttribute('href'), of.closest('.confusion') ? of.textContent : ''])"
    )
    counted = [(href, said) for href, said in found if said]
    assert len(counted) >= 15 and len(found) > len(counted)
    for href, said in dict.fromkeys(map(tuple, found)):
        page.page.evaluate("href => { location.hash = href }", href)
        page.page.wait_for_function("href => location.hash === href", arg=href)
        page.settle()
        assert page.page.inner_text("#samples-at").endswith(f" of {said}" if said else "")
        assert page.page.inner_text("#samples-at") != "no example fits"


def test_back_and_forward_go_through_what_was_shown(page: Page) -> None:
    page.open(link("t-classify", "base", ["tuned"], mode="all"))
    first = page.hash()
    page.choose("task", "t-summarize")
    page.mode("fixed")
    last = page.hash()
    page.page.go_back()
    page.page.go_back()
    page.settle()
    assert page.hash() == first and page.page.input_value("#samples-task") == "t-classify"
    assert page.page.is_checked("#samples-mode-all")
    page.page.go_forward()
    page.page.go_forward()
    page.settle()
    assert page.hash() == last and page.page.is_checked("#samples-mode-fixed")


def test_a_link_to_an_answer_shows_it_whatever_else_it_says(page: Page) -> None:
    page.open(link("t-classify", "base", ["tuned"], example="t-classify-0017"))
    assert page.shown().startswith("t-classify-0017")
    page.open(
        link("t-classify", "base", ["tuned"], example="t-classify-0007", mode="fixed", label="x")
    )
    assert page.shown().startswith("t-classify-0007")
    page.open(link("t-classify", "base", mode="broke"))
    assert page.page.is_checked("#samples-mode-all") and len(page.listed()) == 30
    page.open("#s=no-task/no-id&a=nobody&b=%E0%A4%A,tuned&mode=none&x")
    assert page.shown().startswith("t-classify")


def test_keys_move_toggle_search_and_copy(page: Page, browser: Any) -> None:
    page.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.open(link("t-summarize", "base", ["tuned"], mode="all"))
    page.press("jjjk")
    assert page.shown().startswith("t-summarize-0002")
    assert page.page.get_attribute("#samples-list", "aria-activedescendant") == "samples-row-2"
    assert page.page.locator("#samples-detail ins").count() > 0
    page.press("d")
    assert page.page.locator("#samples-detail :is(ins, del)").count() == 0
    page.press("p")
    assert PROMPT[0].strip() in page.page.inner_text("#samples-detail pre")
    page.press("pc")
    copied = page.page.evaluate("navigator.clipboard.readText()")
    assert copied == page.address + page.hash() and "#s=t-summarize/t-summarize-0002&" in copied
    page.press("/jdp")
    assert page.page.input_value("#samples-search") == "jdp" and page.listed() == []
    page.page.fill("#samples-search", "")
    page.page.keyboard.press("Escape")
    page.page.keyboard.press("End")
    page.settle()
    assert page.shown().startswith("t-summarize-0029")
    assert page.page.inner_text("#samples-at") == "30 of 30"


def test_models_are_added_exchanged_and_taken_away(page: Page) -> None:
    page.open(link("t-classify", "base", ["tuned"], example="t-classify-0005"))
    page.page.click("#samples-more")
    page.settle()
    assert "b=tuned,small" in page.hash() and page.page.is_hidden("#samples-more")
    assert page.page.locator("#samples-detail .answer").count() == 3
    page.choose("model-0", "small")
    assert "a=small&b=tuned" in page.hash()
    page.page.click("[aria-label='Show without B']")
    page.settle()
    assert page.page.locator("#samples-detail .answer").count() == 1
    assert list(page.counts()) == ["wrong", "unparsed", "all"] and page.counts()["all"] == 30
    assert page.page.inner_text("#samples-modes label >> nth=0").startswith("Wrong")


def test_every_figure_of_an_answer_is_shown_as_its_sample_has_it(page: Page, results: Path) -> None:
    for model in ("base", "tuned"):
        row = rows_of(results, model, "t-summarize")["t-summarize-0004"]
        page.open(link("t-summarize", model, example="t-summarize-0004", mode="all"))
        told = page.shown()
        assert row["target"] in told and row["answer"] in told
        assert f"ROUGE-L {row['scores']['rougeL']:.3f}" in told
        assert f"{row['data']['tokens']} tokens" in told and 'stopped at "\\n"' in told
    row = rows_of(results, "small", "t-divergence")["t-divergence-0003"]
    page.open(link("t-divergence", "small", example="t-divergence-0003", mode="all"))
    assert f"{sum(row['data']['kl']) / 8:.4f} nats" in page.shown()
    row = rows_of(results, "tuned", "t-classify")["t-classify-0007"]
    page.open(link("t-classify", "tuned", example="t-classify-0007", mode="all"))
    for part in ("✗ unparsed", "no label found", "I cannot say", "Its thought: 2 characters"):
        assert part in page.shown()
    assert "its thought did not end" in page.shown() and row["answer"] is None


def test_hostile_texts_are_texts(browser: Any, tmp_path: Path) -> None:
    write_made(tmp_path / "bad", models=(f"a{HOSTILE}".replace("/", ""), "b"), put_in=HOSTILE,
               tasks={f"t{HOSTILE}".replace("/", ""): "classify"}, examples=12)  # fmt: skip
    opened = browser.new_page()
    page = Page(opened, written(tmp_path / "bad")).open()
    tags = "document.querySelectorAll('#samples :is(img, b b, script:not([type]))').length"
    for mode in page.counts():
        page.mode(mode)
        page.press("jjp")
        assert opened.evaluate(tags) == 0 and opened.title().startswith("Evaluation report")
    assert "<img src=x onerror=" in page.shown() and "\\u{202e}" in page.shown()
    address = page.hash()
    told = page.shown()
    assert page.open(address).shown() in (told, page.shown())
    assert page.hash() == address and page.page.inner_text("#samples-detail h3")
    assert page.wrong == []
    opened.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_accessible(scheme: str, browser: Any, results: Path) -> None:
    from axe_playwright_python.sync_playwright import Axe

    opened = browser.new_page(color_scheme=scheme, bypass_csp=True)
    page = Page(opened, written(results))
    for task in ("t-classify", "t-write"):
        page.open(link(task, "base", ["tuned"]))
        page.press("p")
        found = Axe().run(opened, "#samples").response["violations"]
        assert [(v["id"], v["nodes"][0]["html"]) for v in found] == []
    opened.close()


def test_it_fits_every_window(browser: Any, results: Path) -> None:
    for width in (375, 768, 1440):
        opened = browser.new_page(viewport={"width": width, "height": 800})
        page = Page(opened, written(results))
        for task in TASKS:
            page.open(link(task, "base", ["tuned", "small"], mode="all"))
            page.press("p")
            assert opened.evaluate("document.documentElement.scrollWidth") <= width
        opened.close()


def test_without_a_script_and_on_paper_some_changed_answers_stand(
    browser: Any, results: Path
) -> None:
    context = browser.new_context(java_script_enabled=False)
    opened = context.new_page()
    opened.goto(written(results))
    assert opened.is_visible(CHANGED) and opened.is_hidden("#samples-app")
    context.close()
    page = Page(browser.new_page(), written(results)).open()
    assert page.page.is_hidden(CHANGED)
    page.page.emulate_media(media="print")
    assert page.page.is_visible(CHANGED)
    assert page.page.is_hidden("#samples-app")
    page.page.close()


def test_of_many_answers_only_those_in_view_are_elements(browser: Any, tmp_path: Path) -> None:
    write_made(tmp_path / "many", ("a", "b"), {"t": "classify"}, examples=10_000)
    opened = browser.new_page()
    page = Page(opened, written(tmp_path / "many")).open(link("t", "a", ["b"], mode="all"))
    assert page.counts()["all"] == 10_000
    page.press("j")
    page.page.keyboard.press("End")
    page.settle()
    assert page.shown().startswith("t-9999")
    assert opened.locator(".samples-row").count() < 30
    assert page.wrong == []
    opened.close()
