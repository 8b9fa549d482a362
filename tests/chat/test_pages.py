"""The pages beside the chat in Chromium: examples, side by side with votes, results and a run that goes on."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.chat.demo.recorded import Pair, Recorded
from harness.results.journal import JournalWriter, StepState
from harness.results.votes import read_votes
from tests.chat.served import SECONDS, ServedChat, call_old, serving
from tests.chat.suite import Ran
from tests.reporting.in_browser import CHROMIUM, chromium

pytest.importorskip("gradio", reason="the extra `chat` is not installed")
pytestmark = pytest.mark.skipif(not CHROMIUM.is_file(), reason="there is no Chromium")

HOSTILE = "<img src=x onerror=alert(1)><script>alert(2)</script> ${alert(3)} {{alert(4)}}"


@pytest.fixture(scope="module")
def results(ran: Ran, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results that are voted on."""
    folder = tmp_path_factory.mktemp("pages") / "small"
    shutil.copytree(ran.results, folder)
    return folder


@pytest.fixture(scope="module")
def demo(ran: Ran, results: Path) -> Iterator[ServedChat]:
    words = ["demo", str(results), "--suite", str(ran.suite)]
    with serving(words, ran.home, ran.suite.parent) as opened:
        yield opened


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as opened:
        yield opened


@pytest.fixture
def page(demo: ServedChat, browser: Any) -> Iterator[Any]:
    yield from user(demo, browser)


def user(served: ServedChat, browser: Any) -> Iterator[Any]:
    """Someone with a browser, in whose pages nothing may go wrong or leave the machine."""
    wrong: list[str] = []
    context = browser.new_context(viewport={"width": 1200, "height": 900})
    opened = context.new_page()
    opened.set_default_timeout(1000 * SECONDS)
    opened.on("pageerror", lambda error: wrong.append(str(error)))

    def dismiss(dialog: Any) -> None:
        wrong.append("dialog")
        dialog.dismiss()

    opened.on("dialog", dismiss)
    asked: list[str] = []
    opened.on("request", lambda request: asked.append(request.url))
    opened.goto(served.url)
    yield opened
    foreign = [url for url in asked if not url.startswith((served.url, "data:", "blob:"))]
    assert (wrong, foreign) == ([], [])
    context.close()


def tab(page: Any, name: str) -> None:
    page.get_by_role("tab", name=name).click()


def test_examples_are_those_that_changed_and_are_answered_live_as_before(
    page: Any, results: Path, ran: Ran
) -> None:
    groups = Recorded.read(results, ran.home).groups("sentiment", Pair("base", "fine"))
    page.wait_for_selector("#hc-examples input")
    legend = page.locator("#hc-demo-lead").inner_text()
    for group in groups[1:]:
        assert f"{group.title} {len(group.ids)} (" in legend
    assert "base → fine: accuracy" in legend and "percentage points over 6 examples" in legend
    page.locator("#hc-examples input").first.check()
    page.wait_for_selector("#hc-example .hc-reference")
    measured = page.locator("#hc-example .hc-shares tr").all_inner_texts()
    page.get_by_role("button", name="Ask both").click()
    page.wait_for_function("document.querySelectorAll('#hc-live .hc-shares').length == 2")
    live = page.locator("#hc-live .hc-shares tr").all_inner_texts()
    assert len(live) == 6 and [row.split()[0] for row in live] == [r.split()[0] for r in measured]
    gaps = [
        abs(float(a.split()[1]) - float(b.split()[1])) for a, b in zip(live, measured, strict=True)
    ]
    assert max(gaps[:3]) < 0.02 and max(gaps[3:]) < 0.002  # the first runs in 16 bits


def test_a_summary_of_ones_own_text_is_graded_against_ones_own_reference(page: Any) -> None:
    page.wait_for_selector("#hc-examples input")
    page.get_by_label("Task").click()
    page.get_by_role("option", name="dialogue").click()
    page.get_by_text("ROUGE-L").first.wait_for()
    page.fill("#hc-own textarea", "Ann: lunch at noon?\nBob: yes, at the café")
    page.fill("#hc-own-reference textarea", "Ann and Bob will have lunch at noon.")
    page.get_by_role("button", name="Ask both").click()
    page.wait_for_function("document.querySelectorAll('#hc-live .hc-figures').length == 2")
    assert "ROUGE-L" in page.locator("#hc-live .hc-figures").first.inner_text()


def test_what_people_write_stays_text(page: Any) -> None:
    page.wait_for_selector("#hc-examples input")
    page.fill("#hc-own textarea", HOSTILE)
    page.get_by_role("button", name="Ask both").click()
    page.wait_for_function("document.querySelectorAll('#hc-live .hc-shares').length == 2")
    tab(page, "Side by side")
    ask(page, HOSTILE)
    assert page.locator("#hc-contest .hc-user").inner_text().endswith(HOSTILE)
    assert page.locator("#hc-contest img, #hc-contest script").count() == 0


def ask(page: Any, prompt: str) -> None:
    """One prompt to both, until they have answered this round, and not the one before."""
    page.fill("#hc-prompt textarea", prompt)
    call_old(page, "#hc-contest .hc-sides")
    page.get_by_role("button", name="Ask all").click()
    page.wait_for_function(
        "document.querySelectorAll('#hc-contest .hc-sides:not([data-old]) .hc-text').length == 2"
    )
    page.get_by_role("button", name="Ask all").and_(page.locator(":enabled")).wait_for()


def ask_until_they_differ(page: Any, prompt: str) -> None:
    """Until there is something to vote on: drawn with one seed, models so alike say the same now and then."""
    for _ in range(20):
        ask(page, prompt)
        same = page.get_by_text("The answers are the same")
        same.or_(page.get_by_role("button", name="A is better")).wait_for()
        if not same.count():
            return
    raise AssertionError("they gave the same answer twenty times")


def different(page: Any) -> None:
    """Answers that can be voted on."""
    page.get_by_role("button", name="Settings").locator("visible=true").click()
    field = page.get_by_label("Temperature").locator("visible=true").first
    field.fill("2")
    field.press("Tab")
    ask_until_they_differ(page, "Profit rose. What now?")


def test_a_blind_vote_hides_names_until_it_is_cast_and_is_kept(page: Any, results: Path) -> None:
    before = len(read_votes(results).votes)
    tab(page, "Side by side")
    different(page)
    hidden = page.locator("#hc-contest").inner_html()
    for answer in page.locator("#hc-contest .hc-sides .hc-text").all():
        hidden = hidden.replace(answer.inner_html(), "")  # in words of chance any word may be
    assert not any(word in hidden for word in ("base", "fine", "starter", "tokens/s", "memory"))
    texts = page.locator("#hc-contest .hc-sides .hc-text").all_inner_texts()
    page.get_by_role("button", name="B is better").click()
    page.get_by_text("Your vote is kept.").wait_for()
    names = page.locator("#hc-contest .hc-sides h3").all_inner_texts()
    assert page.get_by_role("button", name="B is better").count() == 0
    vote = read_votes(results).votes[-1]
    assert len(read_votes(results).votes) == before + 1
    assert (vote.blind, vote.choice, vote.prompt) == (True, 1, "Profit rose. What now?")
    assert [answer.text.strip() for answer in vote.answers] == [text.strip() for text in texts]
    assert names == [f"A: {vote.answers[0].model}", f"B: {vote.answers[1].model}"]
    assert {"base", "fine"} == {answer.model for answer in vote.answers}
    table = page.locator("#hc-preferences").inner_text()
    assert "Blind votes: " in table and "cannot tell yet" in table


def test_two_users_vote_as_two_and_one_user_as_one(
    page: Any, demo: ServedChat, browser: Any, results: Path
) -> None:
    before = len(read_votes(results).votes)
    other = user(demo, browser)
    second = next(other)
    for opened in (page, second):
        tab(opened, "Side by side")
        different(opened)
    for opened in (page, second):
        opened.get_by_role("button", name="Both bad").click()
        opened.get_by_text("Your vote is kept.").wait_for()
    ask_until_they_differ(page, "And then?")
    page.get_by_role("button", name="A is better").click()
    page.get_by_text("Your vote is kept.").wait_for()
    votes = read_votes(results).votes[before:]
    first, stranger, again = (vote.voter for vote in votes)
    assert first == again != stranger
    assert [vote.choice for vote in votes] == ["both bad", "both bad", 0]
    next(other, None)


def test_a_vote_with_names_shown_is_kept_as_one(page: Any, results: Path) -> None:
    tab(page, "Side by side")
    page.get_by_label("Blind").uncheck()
    different(page)
    shown = page.locator("#hc-contest .hc-sides h3").all_inner_texts()
    assert shown == ["A: base", "B: fine"]
    page.get_by_role("button", name="A is better").click()
    page.get_by_text("Your vote is kept.").wait_for()
    assert read_votes(results).votes[-1].blind is False


def test_a_running_suite_is_watched_and_the_report_is_there(page: Any, results: Path) -> None:
    tab(page, "Results")
    report = page.frame_locator("iframe.hc-frame")
    report.locator("#samples").wait_for()
    assert (
        page.locator("iframe.hc-frame").get_attribute("sandbox") == "allow-scripts allow-downloads"
    )
    writer = JournalWriter(results, lambda: 1000.0)
    steps = [
        StepState("fine-tune tuned", "finetune"),
        StepState("ask base sentiment", "cell", "base", "sentiment"),
        StepState("ask base dialogue", "cell", "base", "dialogue"),
        StepState("ask fine dialogue", "cell", "fine", "dialogue"),
    ]
    writer.began(steps, [("fine", "sentiment")])
    writer.tell("started", step=0)
    writer.tell("done", step=0)
    writer.tell("started", step=1)
    writer.tell("progress", step=1, done=30, total=120, unit="examples", pace="4.3 examples/s")
    writer.tell("failed", step=2, message=f"it broke {HOSTILE}", hint="mend it")
    page.reload()
    tab(page, "Results")
    run = page.locator("#hc-run")
    run.get_by_text("2 of 4 steps over, 1 failed, 1 waiting.").wait_for()
    told = run.inner_text()
    assert "30 of 120 examples, 4.3 examples/s" in told and "mend it" in told and HOSTILE in told
    rows = run.locator("tbody tr").all_inner_texts()
    assert [row.split("\t") for row in rows] == [
        ["fine", "✓ there", "waits"],
        ["base", "runs 25%", "✗ failed"],
    ]
    writer.tell("done", step=1)
    writer.tell("started", step=3)
    run.get_by_text("runs", exact=True).wait_for()  # without a reload
    writer.tell("done", step=3)
    writer.close()
    run.get_by_text("The last run is over").wait_for()


def test_results_whose_suite_is_gone_are_shown_and_not_asked(
    ran: Ran, browser: Any, tmp_path: Path
) -> None:
    alone = tmp_path / "small"
    shutil.copytree(ran.results, alone)
    with serving(["demo", str(alone)], ran.home, tmp_path) as served:
        assert "Only what was recorded is shown" in served.said and "--suite" in served.said
        opened = user(served, browser)
        page = next(opened)
        page.locator("#hc-examples input").first.check()
        page.wait_for_selector("#hc-example .hc-shares")
        page.get_by_role("button", name="Ask both").click()
        page.locator("#hc-live").get_by_text("name it with --suite").wait_for()
        assert page.get_by_role("tab").all_inner_texts() == ["Demo", "Results"]
        next(opened, None)
