"""Both files say the same, and what strangers and authors wrote runs nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.assignment.changes import headlines
from harness.assignment.writing import Page, as_markdown
from harness.records import Summary
from harness.reporting.percent import in_percent
from tests.assignment.made import both, report, template
from tests.reporting.fixture import quickstart
from tests.reporting.hostile import HOSTILE, hostile, hostile_texts
from tests.reporting.test_documents import Page as Parsed
from tests.reporting.test_documents import rendered, visible

PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000" "1f15c4890000000d49444154789c63f8"
    "cfc0f01f00050001ff56c72f0d0000000049454e44ae426082"
)  # fmt: skip


def test_every_figure_of_the_parts_stands_in_both() -> None:
    made = report(quickstart())
    texts = [
        visible(rendered(as_markdown(made)).text),
        visible(Parsed(Page(made, Path()).html()).text),
    ]
    for text in texts:
        for one in headlines(in_percent(quickstart()), "fine-tuning"):
            assert one.difference.text in text and one.difference.detail in text
        for figure in ("45.2 → 86.8", "Q4_K_M", "lora-q4", "rank = 16"):
            assert figure in text, figure


@pytest.mark.parametrize(
    ("name", "summary"),
    [("assignment-1", hostile), ("assignment-2", hostile), ("assignment-1", hostile_texts)],
)
def test_hostile_results_are_text_and_nothing_else(
    name: str, summary: Callable[[], Summary]
) -> None:
    markdown, page = both(report(summary(), name))
    harmless = both(report(quickstart(), name))
    parsed = Parsed(page)
    assert not {"script", "img", "iframe", "object", "a"} & set(parsed.tags)
    assert not [key for key, _ in parsed.attributes if key.startswith("on")]
    assert "onerror=alert(1)" in visible(parsed.text)
    read = rendered(markdown)
    assert "script" not in read.tags and "a" not in read.tags
    assert set(read.tags) <= {
        *rendered(harmless[0]).tags,
        "details",
        "summary",
        "pre",
        "blockquote",
    }
    assert all(value.startswith("charts/") for key, value in read.attributes if key == "src")


def test_an_authors_words_are_markdown_that_can_run_nothing(tmp_path: Path) -> None:
    words = (
        "**Bold** and <b>raw</b> <script>alert(1)</script> [go](https://example.org) "
        "[run](javascript:alert(1))\n\n| a |\n|--:|\n| 1 |\n\n{{ 7 * 7 }} \x02"
        + "0\x02 <!-- note -->"
    )
    made = report(quickstart(), template(tmp_path / "t", "# T\n\n{{ yours('a') }}"), {"a": words})
    parsed = Parsed(Page(made, tmp_path).html())
    assert "script" not in parsed.tags and "b" not in parsed.tags
    assert {"strong", "table"} <= set(parsed.tags)
    assert "style" not in dict(parsed.attributes)
    assert [value for key, value in parsed.attributes if key == "href"] == ["https://example.org"]
    assert "<script>alert(1)</script>" in parsed.text and "{{ 7 * 7 }}" in parsed.text
    assert "note" not in parsed.text


def test_words_that_end_within_a_fence_swallow_nothing_of_the_page(tmp_path: Path) -> None:
    of = template(tmp_path / "t", "# T\n\n{{ yours('a') }}\n\n## After\n")
    parsed = Parsed(Page(report(quickstart(), of, {"a": "```\nopen"}), tmp_path).html())
    assert parsed.tags.count("h2") == 1


def test_pictures_of_the_author_stand_in_the_page(tmp_path: Path) -> None:
    (tmp_path / "my ui.png").write_bytes(PIXEL)
    (tmp_path / "x.svg").write_text("<svg/>")
    (tmp_path.parent / "outside.png").write_bytes(PIXEL)
    words = (
        '![The "UI"](my%20ui.png) ![a](gone.png) ![b](../outside.png) ![c](x.svg) '
        "![d](https://example.org/x.png) ![e](data:image/png;base64,AAAA)"
    )
    of = template(tmp_path / "t", "# T\n\n{{ yours('a') }}")
    page = Page(report(quickstart(), of, {"a": words}), tmp_path)
    parsed = Parsed(page.html())
    sources = [value for key, value in parsed.attributes if key == "src"]
    assert len(sources) == 1 and sources[0].startswith("data:image/png;base64,iVBOR")
    assert ("alt", 'The "UI"') in parsed.attributes
    assert [said.split(":")[0] for said in page.left_out] == [
        "gone.png", "../outside.png", "x.svg", "https", "data",
    ]  # fmt: skip


def test_an_empty_place_says_what_belongs_there_and_a_full_one_does_not(tmp_path: Path) -> None:
    of = template(tmp_path / "t", "# T\n\n{{ yours('a', 'Say <why>.') }}")
    markdown, page = both(report(quickstart(), of))
    assert "> ✎ *Say &lt;why&gt;.*\n\n<!-- yours: a -->\n\n<!-- /yours -->" in markdown
    assert "✎ Say &lt;why&gt;." in page
    markdown, page = both(report(quickstart(), of, {"a": "Because."}))
    assert "Say" not in markdown + page and "Because." in page


def test_the_title_is_plain(tmp_path: Path) -> None:
    _, page = both(report(quickstart(), template(tmp_path / "t", "# My *own* `report`")))
    assert "<title>My own report</title>" in page


def test_the_page_asks_for_nothing() -> None:
    _, page = both(report(hostile()))
    (policy,) = (value for _, value in Parsed(page).attributes if value.startswith("default-src"))
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "script-src 'none'" in policy and HOSTILE not in page
