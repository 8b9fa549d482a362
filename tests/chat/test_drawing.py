"""What stands on the page of a conversation, whatever people, models and servers wrote."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from harness.chat.models import ChatModel
from harness.chat.page.drawing import conversation_html, reply_html
from harness.chat.records import (
    Done,
    Event,
    Failed,
    Loaded,
    Loading,
    Prompted,
    Text,
    Turn,
    Waiting,
    event_line,
    read_event,
)
from harness.chat.replies import Exchange, Reply, conversation_of
from tests.reporting.hostile import HOSTILE

DONE = Done("Yes.", "stop", 7, 1200, None, None, 0.0154, 20.577, 463_380_480)


class Seen(HTMLParser):
    """Tags with their attributes, and the text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attrs)

    def handle_data(self, data: str) -> None:
        self.text += data


def after(*events: Event, model: str = "base") -> Reply:
    reply = Reply.of(ChatModel(model, "starter", None))
    for event in events:
        reply = reply.after(event)
    return reply


def figures(*events: Event) -> str:
    return Seen(reply_html(after(*events))).text


OWN_TAGS = {"article", "div", "span", "h3", "p", "details", "summary", "pre", "strong"}
OWN_ATTRIBUTES = {"class", "role", "aria-label", "aria-hidden", "tabindex"}


@pytest.mark.parametrize("hostile", [HOSTILE, "${alert(1)}", "`${x}`", "{{#each x}}", "a\\`b"])
@pytest.mark.parametrize("raw", [False, True])
def test_no_text_of_anybody_becomes_more_than_text(hostile: str, raw: bool) -> None:
    reply = after(
        Loading((hostile,)),
        Prompted(hostile, 3, True),
        Text(hostile, reasoning=True),
        Text(hostile),
        Failed(hostile, hostile, hostile),
        model=hostile,
    )
    page = conversation_html([Exchange(hostile, reply, raw), Exchange(hostile, after(), raw)])
    seen = Seen(page)
    assert seen.tags <= OWN_TAGS and seen.attributes <= OWN_ATTRIBUTES
    assert not set("${}`\\") & set(page)
    assert seen.text.count(hostile) >= 6


def test_the_figures_are_those_of_the_answer() -> None:
    text = figures(Loading(), Loaded(11.44), Prompted("<s>", 24, True), Text("Yes."), DONE)
    assert (
        "1,200 tokens · first after 15 ms · 20.6 tokens/s · 463 MB of memory · loaded in 11.4 s · seed 7 "
        "· ended by itself" in text
    )
    assert "Exact prompt (through the chat template, 24 tokens)" in text


@pytest.mark.parametrize(
    ("done", "words"),
    [
        (Done("", "stopped", 1, 1), "1 token · seed 1 · stopped by you"),
        (Done("", "length", 1, 2), "2 tokens · seed 1 · cut at the number of new tokens"),
        (Done("", "context", 1, 2), "cut: the model's context is full"),
        (Done("", "stop", 1, 2, stopped_at="\n\n"), "ended at '\\n\\n'"),
        (Done("", "stop", 1, 2, refused=("top_k",)), "the server does not take top_k"),
        (Done("", "stop", 1, 2, device_bytes=2_000_000_000), "2.00 GB on the GPU"),
    ],
)
def test_what_ended_an_answer_is_said(done: Done, words: str) -> None:
    assert words in figures(done)


def test_what_is_waited_for_is_said() -> None:
    assert "One question is answered before yours." in figures(Waiting(1))
    assert "3 questions are answered before yours." in figures(Waiting(3))
    assert "Loading base … lora, qlora made room for it." in figures(Loading(("lora", "qlora")))
    assert "Reading the prompt" in figures(Loading(), Prompted("x", 1, True))
    assert "Reading" not in figures(Loading(), Prompted("x", 1, True), Text("a"))


def test_the_whole_answer_counts_where_the_pieces_differ() -> None:
    reply = after(Text("thinks", reasoning=True), Text("Ye\ufffd"), DONE)
    assert (reply.text, reply.reasoning) == ("Yes.", "")


def test_a_conversation_holds_what_was_answered_and_no_completion() -> None:
    exchanges = (
        Exchange("One?", after(DONE)),
        Exchange("Broken?", after(Failed("crash", "died"))),
        Exchange("Once upon", after(DONE), raw=True),
    )
    found = conversation_of(exchanges, "Two?", "Be brief.", raw=False)
    assert found.turns == (Turn("user", "One?"), Turn("assistant", "Yes."), Turn("user", "Two?"))
    assert found.system == "Be brief."
    assert conversation_of(exchanges, "Once", "Be brief.", raw=True).turns == (
        Turn("user", "Once"),
    )


@pytest.mark.parametrize(
    "event",
    [
        Waiting(2), Loading(("a", "b")), Loaded(1.5), Prompted("p\n", 3, True), Text("x\u2028", True),
        Done("a", "stop", 1, refused=("top_k",)), Failed("crash", "died", "again"),
    ],
)  # fmt: skip
def test_an_event_is_the_same_after_it_travelled(event: Event) -> None:
    line = event_line(4, event)
    assert "\n" not in line and read_event(line) == (4, event)
