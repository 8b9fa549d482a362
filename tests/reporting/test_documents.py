"""Both files hold every figure, survive every variant, and pass nothing on unescaped."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from html.parser import HTMLParser

import pytest
from markdown_it import MarkdownIt

from harness.records import MetricDescriptor, Summary, Value
from harness.reporting.blocks import Document
from harness.reporting.html import html, together
from harness.reporting.markdown import code, escape, markdown
from harness.reporting.measures import figure
from harness.reporting.percent import in_percent
from harness.reporting.sections import document
from tests.reporting.every_variant import VARIANTS
from tests.reporting.fixture import quickstart
from tests.reporting.hostile import HOSTILE

VOID = {"meta", "br", "img", "input", "link", "rect", "path", "line"}


class Page(HTMLParser):
    """Visible text, tags and attributes of a page; complains where tags do not nest."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(page)
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(key, value or "") for key, value in attrs]
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open[-1:] not in (["style"], ["script"]):
            self.text += data


def rendered(text: str) -> Page:
    """The Markdown as GitHub's dialect reads it, raw HTML passed through."""
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    return Page(parser.render(text))


def visible(text: str) -> str:
    return re.sub(r"\s+", " ", text)


@dataclass(frozen=True)
class Report:
    """A variant and what both renderers make of it."""

    summary: Summary
    made: Document
    markdown: str
    html: str
    page: Page


@cache
def report(variant: str) -> Report:
    summary = VARIANTS[variant]()
    made = document(summary)
    page = html(made)
    return Report(in_percent(summary), made, markdown(made), page, Page(page))


@pytest.fixture(params=list(VARIANTS))
def each(request: pytest.FixtureRequest) -> Report:
    return report(request.param)


def test_every_figure_of_every_cell_stands_in_both(each: Report) -> None:
    texts = {"Markdown": visible(rendered(each.markdown).text), "HTML": visible(each.page.text)}
    for kind, text in texts.items():
        for cell in each.summary.cells:
            for metric, value in cell.metrics.items():
                of = each.summary.tasks[cell.task]
                shown = figure(of.metric(metric), value)
                assert shown.text in text, f"{cell.model}/{cell.task}/{metric} not in {kind}"
                assert shown.detail in text or of.reference == cell.model, f"{shown} not in {kind}"


def test_sections_come_in_the_same_order_in_both(each: Report) -> None:
    titles = [section.title for section in each.made.sections]
    assert re.findall(r"^## (.+)$", each.markdown, re.M) == [*titles, "Definitions"]
    assert re.findall(r'<h2 id="[^"]+">([^<]+)</h2>', each.html) == titles


def test_the_quickstart_has_all_its_sections_in_order() -> None:
    assert [section.anchor for section in report("quickstart").made.sections] == [
        "verdict", "compare", "differences", "trade-offs", "confusion", "speed", "training", "gates",
        "trust", "reproduction",
    ]  # fmt: skip


def test_contents_lead_to_anchors_that_exist(each: Report) -> None:
    page = each.page
    ids = {value for key, value in page.attributes if key == "id"}
    links = {v[1:] for k, v in page.attributes if k == "href" and v.startswith("#")}
    assert links and links <= ids
    described = {value for key, value in page.attributes if key == "aria-describedby"}
    assert described <= ids


def test_ids_are_used_once(each: Report) -> None:
    ids = [value for key, value in each.page.attributes if key == "id"]
    assert len(ids) == len(set(ids))


def test_the_page_is_whole_in_itself(each: Report) -> None:
    page = each.page
    assert not {"img", "link", "iframe", "object", "image"} & set(page.tags)
    assert page.tags.count("script") == page.tags.count("style") == 1
    loads = [v for k, v in page.attributes if k in {"src", "href", "xlink:href", "style"}]
    assert all(value.startswith(("#", "data:text/csv;")) for value in loads)
    assert not [key for key, _ in page.attributes if key.startswith("on")]


def test_hostile_text_is_text_and_nothing_else() -> None:
    harmless, page = report("failures").page, report("hostile").page
    assert set(page.tags) <= set(harmless.tags)
    assert "</script><img src=x onerror=alert(1)>|`b` ``c`` # h - [x]" in visible(page.text)
    assert "{{7*7}}" in page.text


def test_hostile_text_does_not_break_markdown() -> None:
    hostile = rendered(report("hostile").markdown)
    harmless = rendered(report("failures").markdown)
    assert "script" not in hostile.tags
    assert hostile.tags.count("table") >= harmless.tags.count("table")
    images = [value for key, value in hostile.attributes if key == "src"]
    assert images and all(value.startswith("charts/") for value in images)
    links = [value for key, value in hostile.attributes if key == "href"]
    assert set(links) <= {"#trust"}, "of its own, and none that a suite wrote"


@pytest.mark.parametrize(
    "text",
    [HOSTILE, "a|b", "*a* _b_ __c__ ~~d~~ $e$", "<b>&amp;", "[a](b) ![c](d)", "a\\|b", "`x", "- y"],
)
def test_escaped_text_reads_as_it_was_written(text: str) -> None:
    page = rendered(f"x {escape(text)}\n\n| a |\n|---|\n| {escape(text)} |\n")
    wanted = visible(re.sub(r"[\x00-\x08]", "", text)).strip()
    assert visible(page.text).count(wanted) == 2
    assert set(page.tags) == {"p", "table", "thead", "tr", "th", "tbody", "td"}


def test_intervals_stay_readable_in_the_raw_markdown() -> None:
    assert escape("0.905 [0.856, 0.938]") == "0.905 [0.856, 0.938]"
    assert "86.8 [82.1, 91.5]" in report("quickstart").markdown


def test_names_are_code_only_where_that_is_safe() -> None:
    assert code("org/model-7B_v1.5") == "`org/model-7B_v1.5`"
    assert "`" not in code("a`b").replace("\\`", "")


def test_code_blocks_outlast_the_backticks_in_them() -> None:
    whole = quickstart()
    summary = quickstart(suite={**whole.suite, "text": "a: 1\n````\n<b>x</b>\n"})
    assert "<b>x</b>" in rendered(markdown(document(summary))).text


def test_what_failed_is_listed_with_its_remedy() -> None:
    text = visible(report("failures").page.text)
    assert "worker ended with signal 11 see worker.log" in text
    assert text.count("fetch the file again") == 1


def test_long_names_stay_whole() -> None:
    long = report("long-names")
    assert all(name in long.page.text for name in long.summary.models)


def test_every_metric_that_occurs_is_explained() -> None:
    page = report("quickstart").markdown.split("## Definitions")[1]
    for word in ("Accuracy", "Macro F1", "ROUGE-Lsum", "Mean KL divergence", "Bits per byte"):
        assert f"**{word}**" in page


def test_kl_is_said_to_have_no_direction() -> None:
    text = visible(report("quickstart").page.text)
    assert "KL divergence measures how much a model's next-token probabilities changed" in text
    assert "not in which direction" in text


def test_no_line_breaks_inside_an_interval() -> None:
    kept = str(together("by 0.1 [0.040, 0.160] <b> (n = 200)"))
    assert '<span class="together">[0.040, 0.160]</span> &lt;b&gt;' in kept
    assert '<span class="together">n = 200</span>' in kept


def test_metrics_that_the_suite_names_stand_in_a_table_of_their_own() -> None:
    made = quickstart()
    of = MetricDescriptor(
        name="polite",
        label="Politeness",
        unit="points",
        higher_is_better=False,
        kind="mean",
        explanation="How polite an answer is.",
        own=True,
    )
    cells = [
        cell.model_copy(update={"metrics": {**cell.metrics, "polite": Value(value=0.25)}})
        if cell.task == "dialogue"
        else cell
        for cell in made.cells
    ]
    task = made.tasks["dialogue"]
    task = task.model_copy(update={"metrics": {**task.metrics, "polite": of}})
    named = made.model_copy(update={"cells": cells, "tasks": {**made.tasks, "dialogue": task}})
    page = markdown(document(named))
    (table,) = re.findall(r"dialogue: metrics that the suite names.*?\n\n(.*?)\n\n", page, re.S)
    assert "Politeness (points ↓)" in table and "ROUGE" not in table and "0.250" in table
    (usual,) = re.findall(r"dialogue: the usual metrics.*?\n\n(.*?)\n\n", page, re.S)
    assert "ROUGE-L" in usual and "Politeness" not in usual
