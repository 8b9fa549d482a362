"""One style and one script, allowed by their hashes; whatever else gets into the page does nothing."""

from __future__ import annotations

import hashlib
import html as entities
import re
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.reporting.write import write_report
from tests.reporting.every_variant import VARIANTS
from tests.reporting.in_browser import CHROMIUM, chromium


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_report(VARIANTS["quickstart"](), tmp_path_factory.mktemp("page"))[1]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as opened:
        yield opened


def hashed(text: str) -> str:
    return f"'sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def test_the_policy_allows_the_one_style_and_the_one_script_by_their_hashes(
    page_file: Path,
) -> None:
    text = page_file.read_text()
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]+)"', text)
    told = dict(part.split(" ", 1) for part in entities.unescape(policy).split("; "))
    (style,) = re.findall(r"<style>(.*?)</style>", text, re.S)
    (script,) = re.findall(r"<script>(.*?)</script>", text, re.S)
    assert told["style-src"] == hashed(style) and told["script-src"] == hashed(script)
    assert told["default-src"] == told["base-uri"] == told["form-action"] == "'none'"
    assert 'style="' not in re.sub(r"<style>.*?</style>|<script>.*?</script>", "", text, flags=re.S)


@pytest.mark.skipif(not CHROMIUM.exists(), reason=f"{CHROMIUM} is not installed")
def test_what_gets_into_the_page_runs_nothing_and_asks_for_nothing(
    page_file: Path, browser: Any, tmp_path: Path
) -> None:
    nasty = (
        "<script>document.title = 'run'</script>"
        "<img src=x onerror=\"document.title = 'run'\">"
        "<script src=https://evil.test/x.js></script>"
        "<link rel=stylesheet href=https://evil.test/x.css>"
    )
    worse = tmp_path / "worse.html"
    worse.write_text(page_file.read_text().replace("</main>", f"{nasty}</main>"))
    page, reached = browser.new_page(), []
    page.on("requestfinished", lambda request: reached.append(request.url))
    page.goto(worse.as_uri())
    page.wait_for_load_state("networkidle")
    assert page.title().startswith("Evaluation report") and reached == [worse.as_uri()]
    page.close()


@pytest.mark.skipif(not CHROMIUM.exists(), reason=f"{CHROMIUM} is not installed")
def test_paper_has_no_folds_and_a_link_opens_one(page_file: Path, browser: Any) -> None:
    page, wrong = browser.new_page(), []
    page.on("console", lambda message: wrong.append(message.text))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.goto(page_file.as_uri())
    shut = "document.querySelectorAll('details:not([open])').length"
    before = page.evaluate(shut)
    assert before > 1
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate(shut) == 0
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.evaluate(shut) == before
    page.evaluate("document.querySelector('details > :last-child').id = 'within'")
    page.evaluate("location.hash = 'within'")
    page.wait_for_function(f"{shut} < {before}")
    assert page.evaluate("document.getElementById('within').closest('details').open")
    assert wrong == []
    page.close()
