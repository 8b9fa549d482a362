"""The page in Chromium: a conversation, two models, stop, a crash, two users, and nothing that leaves."""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from harness.chat.page.guard import COOKIE
from tests.chat.served import Page, ServedChat, call_old, served
from tests.reporting.in_browser import CHROMIUM, chromium

pytest.importorskip("gradio", reason="the extra `chat` is not installed")
pytestmark = pytest.mark.skipif(not CHROMIUM.is_file(), reason="there is no Chromium")

FIGURES = re.compile(
    r"\d+ tokens? · first after [\d.]+ m?s · ([\d.]+ tokens/s · )?\d+ MB of memory · .*seed \d+"
)
MOST = "New tokens, at most"


@pytest.fixture(scope="module")
def chat(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedChat]:
    with served(tmp_path_factory.mktemp("chat")) as opened:
        yield opened


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as opened:
        yield opened


@pytest.fixture
def page(chat: ServedChat, browser: Any) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1200, "height": 900})
    opened = Page(context.new_page(), chat.url)
    yield opened
    assert opened.wrong == []
    foreign = [url for url in opened.asked if not url.startswith((chat.url, "data:", "blob:"))]
    assert foreign == []
    context.close()


@contextmanager
def answering(page: Page, chat: ServedChat, text: str = "Once upon a time") -> Iterator[None]:
    """An answer that does not end while the block runs, however fast the processor: models stand still."""
    long_answer(page, text)
    workers = chat.workers()
    for worker in workers:
        worker.suspend()
    yield
    for worker in workers:
        worker.resume()


def long_answer(page: Page, text: str = "Once upon a time") -> None:
    """An answer that does not end soon."""
    page.choose("endless")
    page.page.get_by_label("Text that the model continues").wait_for()
    page.set(MOST, "4096")
    page.send(text)
    page.written()


def test_a_whole_conversation(page: Page) -> None:
    page.set("System prompt", "Be brief.")
    page.set("Seed", "11")
    page.send("Profit rose to EUR 13.1 million. Is it good?")
    first = page.answered()
    assert FIGURES.search(first) and "seed 11 " in first and "base starter" in first
    page.page.get_by_text("Exact prompt").click()
    prompt = page.page.locator(".hc-prompt pre").inner_text()
    assert "Be brief." in prompt and "<|user|>" in prompt and prompt.endswith("<|assistant|>\n")
    page.set("Seed", "")
    page.send("And sales fell?")
    page.answered(2)
    prompt = page.page.locator(".hc-prompt pre").last.text_content()
    answer = page.page.locator(".hc-written").first.inner_text()
    assert answer in prompt and "13.1 million" in prompt and "sales fell" in prompt
    call_old(page.page, ".hc-model")
    page.press("Regenerate")
    page.page.wait_for_function("!document.querySelector('.hc-model[data-old]')")
    again = page.answered(2)
    assert FIGURES.search(again) and page.page.locator(".hc-user").count() == 2
    page.press("Start over")
    page.page.get_by_text("Nothing has been asked yet.").wait_for()


def test_another_model_goes_on_and_one_without_a_template_continues_a_text(page: Page) -> None:
    page.set("Temperature", "0")
    page.send("Profit rose.")
    page.answered()
    page.choose("plain")
    page.page.get_by_label("Text that the model continues").wait_for()
    page.page.get_by_text("It has no chat template").wait_for()
    page.send("Profit of the company rose to EUR")
    continued = page.answered(2)
    assert "plain starter" in continued and "Profit of the company rose to EUR" in continued
    text = page.page.locator(".hc-written").last.inner_text()
    page.page.wait_for_function(
        "document.querySelector('#hc-question textarea').value.startsWith('Profit of the company rose to EUR ')"
    )
    assert text.strip() and "without a chat template" in continued


def test_a_model_that_is_not_made_says_what_makes_it(page: Page, chat: ServedChat) -> None:
    page.choose("tuned (not made yet)")
    page.page.get_by_text("It has to be made first: harness run").wait_for()
    page.send("Hello")
    assert "harness run" in page.answered() and "--only tuned" in page.answered()
    assert "tuned has not been made: harness run" in chat.said


def test_stop_keeps_what_was_written(page: Page, chat: ServedChat) -> None:
    with answering(page, chat):
        page.press("Stop")
    stopped = page.answered()
    assert "stopped by you" in stopped
    assert len(page.page.locator(".hc-written").inner_text()) > 20


def test_a_crash_is_an_error_and_the_page_lives_on(page: Page, chat: ServedChat) -> None:
    with answering(page, chat):
        for worker in chat.workers():
            worker.send_signal(signal.SIGSEGV)
    failed = page.answered()
    assert "crash" in failed and "SIGSEGV" in failed and "log" in failed
    assert page.page.get_by_role("alert").is_visible()
    page.set(MOST, "8")
    page.send("Are you there?")
    assert FIGURES.search(page.answered(2))


def test_two_users_wait_for_each_other_and_see_only_their_own(
    page: Page, chat: ServedChat, browser: Any
) -> None:
    context = browser.new_context()
    other = Page(context.new_page(), chat.url)
    with answering(page, chat, "The first user asks"):
        other.choose("endless")
        other.page.get_by_label("Text that the model continues").wait_for()
        other.set(MOST, "8")
        other.send("The second user asks")
        other.page.get_by_text("One question is answered before yours.").wait_for()
        page.press("Stop")
    assert FIGURES.search(other.answered())
    assert "first user" not in other.page.locator("#hc-log").inner_text()
    assert "second user" not in page.page.locator("#hc-log").inner_text()
    context.close()


def test_who_leaves_is_answered_no_more(page: Page, chat: ServedChat, browser: Any) -> None:
    context = browser.new_context()
    long_answer(Page(context.new_page(), chat.url))
    context.close()
    page.choose("endless")
    page.page.get_by_label("Text that the model continues").wait_for()
    page.set(MOST, "8")
    page.send("Hello")
    assert FIGURES.search(page.answered())


def test_what_is_typed_runs_nothing(page: Page) -> None:
    hostile = "<img src=x onerror=alert(1)><script>alert(2)</script> ${alert(3)} {{x}} ![](http://evil.test/)"
    page.set(MOST, "8")
    page.send(hostile)
    page.answered()
    assert page.page.locator(".hc-user .hc-text").inner_text() == hostile
    assert page.page.locator("#hc-log img, #hc-log script, #hc-log a").count() == 0


def test_a_phone_in_the_dark_shows_all_of_it(chat: ServedChat, browser: Any) -> None:
    from axe_playwright_python.sync_playwright import Axe

    context = browser.new_context(viewport={"width": 375, "height": 800}, color_scheme="dark")
    page = Page(context.new_page(), chat.url)
    page.set(MOST, "8")
    page.send("Hello " + "averyveryverylongword" * 5)
    page.answered()
    assert page.page.evaluate("document.documentElement.scrollWidth") <= 375
    found = Axe().run(page.page).response["violations"]
    ours = [
        (violation["id"], node["html"][:80])
        for violation in found
        for node in violation["nodes"]
        if "hc-" in node["html"] or "hc-" in json.dumps(node["target"])
    ]
    assert ours == []
    context.close()


def test_the_server_speaks_to_nobody(page: Page, chat: ServedChat) -> None:
    page.set(MOST, "8")
    page.send("Hello")
    page.answered()
    family = [psutil.Process(chat.process.pid), *chat.workers()]
    ends = [
        connection.raddr.ip
        for process in family
        for connection in process.net_connections("inet")
        if connection.raddr
    ]
    assert set(ends) <= {"127.0.0.1"}


def test_a_named_host_wants_its_token(tmp_path: Path, browser: Any) -> None:
    with served(tmp_path, "--host", "127.0.0.1") as chat:
        bare, _, token = chat.url.partition("?token=")
        context = browser.new_context()
        tab = context.new_page()
        assert tab.goto(bare).status == 401 and token not in tab.content()
        page = Page(tab, chat.url)
        assert tab.url == bare
        (cookie,) = context.cookies()
        assert (cookie["name"], cookie["value"], cookie["httpOnly"]) == (COOKIE, token, True)
        page.choose("plain")
        page.page.get_by_text("It has no chat template").wait_for()
        context.close()
