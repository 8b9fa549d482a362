"""One prompt to several models: sides, what is hidden, what is voted on, and the record."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, cast

import pytest

from harness.chat.records import Done, Event, Failed, Loaded, Prompted, Settings, Text
from harness.chat.replies import Reply
from harness.chat.room import Answer
from harness.chat.side_by_side import Contest, begin, together
from harness.records import ModelSummary, SourceStep

pytest.importorskip("gradio", reason="the extra `chat` is not installed")
from harness.chat.page.contests import contest_html

REPLIES = [Reply("base", "the starter"), Reply("tuned", "the starter, LoRA")]


def over(*texts: str, blind: bool = True) -> Contest:
    contest = begin("Hello?", "", Settings(), REPLIES, blind)
    for place, text in enumerate(texts):
        contest = contest.after(place, Loaded(3.25))
        contest = contest.after(place, Prompted("<s>Hello?", 7, True))
        done = Done(text, "stop", 5, tokens=9, first_seconds=0.5, tokens_per_second=77.0)
        contest = contest.after(place, done)
    return contest


def test_sides_are_drawn_by_lot_where_it_is_blind_and_stay_where_not() -> None:
    firsts = Counter(begin("x", "", Settings(), REPLIES, True).replies[0].model for _ in range(400))
    assert 140 < firsts["base"] < 260  # 200 expected, a standard deviation is 10
    assert all(
        begin("x", "", Settings(), REPLIES, False).replies[0].model == "base" for _ in range(20)
    )


def test_all_get_the_same_seed() -> None:
    drawn = {begin("x", "", Settings(), REPLIES, True).settings.seed for _ in range(20)}
    assert None not in drawn and len(drawn) > 1
    assert begin("x", "", Settings(seed=7), REPLIES, True).settings.seed == 7


def test_nothing_tells_the_models_of_a_blind_contest() -> None:
    contest = over("One.", "Two.")
    hidden = contest_html(contest)
    for word in ("base", "tuned", "starter", "LoRA", "tokens", "0.5", "3.2", "77", "&lt;s&gt;"):
        assert word not in hidden
    assert "One." in hidden and "Two." in hidden
    shown = contest_html(replace(contest, open=False))
    assert "base" in shown and "tuned" in shown and "77" in shown


def test_blind_texts_appear_together() -> None:
    contest = begin("Hello?", "", Settings(), REPLIES, True)
    half = contest.after(0, Done("First!", "stop", 1)).after(1, Text("Sec"))
    drawn = contest_html(half)
    assert "First!" not in drawn and "Sec" not in drawn and "1 of 2 answers are finished" in drawn
    assert "First!" in contest_html(replace(half, blind=False))


@pytest.mark.parametrize(
    ("last", "words"),
    [
        (Done("One.", "stop", 1), "are the same"),
        (Done(" One.\n", "stop", 1), "are the same"),
        (Done("Tw", "stopped", 1), "were stopped"),
        (Failed("crash", "it died"), "is missing"),
        (Done("Two.", "stop", 1), ""),
    ],
)
def test_what_cannot_be_voted_on_says_why(last: Event, words: str) -> None:
    contest = begin("Hello?", "", Settings(), REPLIES, True)
    contest = contest.after(0, Done("One.", "stop", 1)).after(1, last)
    assert contest.is_over
    assert words in contest.hindrance and bool(contest.hindrance) == bool(words)


def test_a_vote_holds_all_that_it_was_cast_on() -> None:
    models = {
        name: ModelSummary(lineage=[SourceStep(name="x")], engine="hf", key=f"key-{name}")
        for name in ("base", "tuned")
    }
    contest = over("One. \ud800", "Two.", blind=False)
    vote = contest.vote(1, "0123456789abcdef", models)
    assert [(a.model, a.key, a.text) for a in vote.answers] == [
        ("base", "key-base", "One. ?"),
        ("tuned", "key-tuned", "Two."),
    ]
    assert vote.preferred == "tuned" and not vote.blind and vote.time.endswith("+00:00")
    assert vote.settings["seed"] == contest.settings.seed and "labels" not in vote.settings
    assert type(vote).model_validate_json(vote.model_dump_json()) == vote


class Scripted:
    """An answer that waits for a word before each event."""

    def __init__(self, *events: Event) -> None:
        self.events, self.go = events, threading.Semaphore(0)
        self.stopped = threading.Event()

    def __iter__(self) -> Iterator[Event]:
        for event in self.events:
            self.go.acquire(timeout=10)
            if self.stopped.is_set():
                return
            yield event

    def stop(self) -> None:
        self.stopped.set()
        self.go.release()


def test_events_come_as_they_happen_whoever_is_first() -> None:
    slow = Scripted(Text("a"), Done("a", "stop", 1))
    fast = Scripted(Text("b"), Done("b", "stop", 1))
    heard = together(cast(list[Answer], [slow, fast]))
    for of in (fast, fast, slow, slow):
        of.go.release()
        place, _ = next(heard)
        assert place == (0 if of is slow else 1)
    assert next(heard, None) is None


def test_who_leaves_stops_all_answers() -> None:
    answers: list[Any] = [Scripted(Text("a"), Text("b")) for _ in range(2)]
    heard = together(answers)
    assert isinstance(heard, Iterator)
    answers[0].go.release()
    next(heard)
    heard.close()  # type: ignore[attr-defined]
    assert all(answer.stopped.is_set() for answer in answers)
