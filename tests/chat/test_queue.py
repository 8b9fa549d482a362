"""Who is answered when, and who is unloaded for whom, with processes that do as they are told."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.chat.models import ChatModel
from harness.chat.opening import Opening
from harness.chat.records import Conversation, Done, Event, Failed, Loading, Settings, Text, Waiting
from harness.chat.room import Answer, ChatRoom
from harness.errors import InputError
from harness.estimate.machine import Free
from harness.estimate.need import Memory, need

HELLO, SETTINGS = Conversation.of("Hello"), Settings(seed=1)
SIZE = 100
"""Bytes that each model needs."""


class Scripted:
    """Says a piece, then waits until it is told to go on."""

    def __init__(self, model: ChatModel, log: Path) -> None:
        self.model = model
        self.is_loaded, self.is_running, self.used, self.pid = True, True, 0, 7
        self.answering: int | None = None
        self.go_on = threading.Event()
        self.began = threading.Event()

    def ask(self, asked: int, conversation: Conversation, settings: Settings) -> Iterator[Event]:
        self.began.set()
        yield Text("Hel")
        self.go_on.wait(20)
        yield Done("Hello", "stop", 1)

    def stop(self, asked: int) -> None:
        self.go_on.set()

    def close(self) -> None:
        self.is_running = False


class Setting:
    """A room of models a, b, c and one that is missing, and room in memory for some of them."""

    def __init__(self, home: Path, fitting: int) -> None:
        self.started: list[Scripted] = []
        memory = Memory(need({"weights": SIZE}))
        models = [ChatModel(name, name, Opening(), memory) for name in "abc"]
        models.append(ChatModel("d", "d", None, missing="harness run s.yaml --only d"))
        self.total = fitting * SIZE / 0.8
        self.room = ChatRoom(models, home, self.free, self.start)

    def free(self) -> Free:
        held = sum(SIZE for process in self.started if process.is_running)
        return Free(0, int(self.total) - held)

    def start(self, model: ChatModel, log: Path) -> Any:
        self.started.append(Scripted(model, log))
        return self.started[-1]

    def process(self, name: str) -> Scripted:
        return next(p for p in reversed(self.started) if p.model.name == name)

    def ask(self, name: str) -> Heard:
        return Heard(self.room.ask(name, HELLO, SETTINGS))


class Heard:
    """An answer that is read by a thread of its own."""

    def __init__(self, answer: Answer) -> None:
        self.answer, self.events = answer, list[Event]()
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        for event in self.answer:
            with self._changed:
                self.events.append(event)
                self._changed.notify_all()

    def until(self, holds: Callable[[Event], bool]) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: any(map(holds, self.events)), 20), self.events

    def all(self) -> list[Event]:
        self._thread.join(20)
        assert not self._thread.is_alive()
        return self.events


def is_piece(event: Event) -> bool:
    return isinstance(event, Text)


def finish(setting: Setting, name: str) -> list[Event]:
    heard = setting.ask(name)
    heard.until(is_piece)
    setting.process(name).go_on.set()
    return heard.all()


def test_one_is_answered_after_the_other_and_told_how_many_are_ahead(tmp_path: Path) -> None:
    setting = Setting(tmp_path, fitting=3)
    first = setting.ask("a")
    first.until(is_piece)
    second = setting.ask("a")
    second.until(lambda event: event == Waiting(1))
    third = setting.ask("a")
    third.until(lambda event: event == Waiting(2))
    assert not any(map(is_piece, second.events))
    setting.process("a").go_on.set()
    assert first.all() == [Loading(), Text("Hel"), Done("Hello", "stop", 1)]
    assert second.all() == [Waiting(1), Text("Hel"), Done("Hello", "stop", 1)]
    assert third.all()[0] == Waiting(2) and third.events[-1] == Done("Hello", "stop", 1)
    assert len(setting.started) == 1


def test_different_models_answer_side_by_side(tmp_path: Path) -> None:
    setting = Setting(tmp_path, fitting=3)
    both = [setting.ask("a"), setting.ask("b")]
    for heard in both:
        heard.until(is_piece)
    for name in "ab":
        setting.process(name).go_on.set()
    assert [heard.all()[-1] for heard in both] == [Done("Hello", "stop", 1)] * 2


def test_the_one_that_was_not_asked_for_longest_makes_room(tmp_path: Path) -> None:
    setting = Setting(tmp_path, fitting=2)
    for name in "aba":
        finish(setting, name)
    assert setting.room.loaded == ("a", "b")
    assert finish(setting, "c")[0] == Loading(("b",))
    assert set(setting.room.loaded) == {"a", "c"}


def test_nobody_who_is_answering_is_unloaded_and_the_next_waits_for_the_memory(
    tmp_path: Path,
) -> None:
    setting = Setting(tmp_path, fitting=1)
    first = setting.ask("a")
    first.until(is_piece)
    second = setting.ask("b")
    assert not setting.room.unload("a")
    setting.process("a").go_on.set()
    assert first.all()[-1] == Done("Hello", "stop", 1)
    second.until(is_piece)
    assert setting.room.loaded == ("b",)
    second.answer.stop()
    assert second.all()[0] == Loading(("a",))


def test_a_model_that_fits_in_no_way_is_refused_with_both_figures(tmp_path: Path) -> None:
    setting = Setting(tmp_path, fitting=0)
    (failed,) = setting.ask("a").all()
    assert isinstance(failed, Failed) and failed.kind == "out-of-memory"
    assert "`a` needs 100 B" in failed.message and "0 B are free" in failed.message
    assert failed.hint


def test_who_waits_can_give_up_and_delays_nobody(tmp_path: Path) -> None:
    setting = Setting(tmp_path, fitting=1)
    first = setting.ask("a")
    first.until(is_piece)
    second, third = setting.ask("a"), setting.ask("b")
    second.until(lambda event: event == Waiting(1))
    for heard in (second, third):
        heard.answer.stop()
        assert heard.all()[-1] == Done("", "stopped", 1)
    assert first.events[-1] == Text("Hel")
    first.answer.stop()
    assert first.all()[-1] == Done("Hello", "stop", 1)


def test_an_answer_that_is_dropped_is_stopped_and_the_next_is_answered(tmp_path: Path) -> None:
    setting = Setting(tmp_path, fitting=1)
    events = iter(setting.room.ask("a", HELLO, SETTINGS))
    assert [next(events), next(events)] == [Loading(), Text("Hel")]
    events.close()  # type: ignore[attr-defined]
    assert setting.process("a").go_on.is_set()
    assert finish(setting, "a")[-1] == Done("Hello", "stop", 1)


def test_a_model_that_is_not_there_says_what_makes_it(tmp_path: Path) -> None:
    room = Setting(tmp_path, fitting=1).room
    with pytest.raises(InputError, match="not been made") as caught:
        room.ask("d", HELLO, SETTINGS)
    assert caught.value.hint == "harness run s.yaml --only d makes it."
    with pytest.raises(InputError, match="no model `x`"):
        room.ask("x", HELLO, SETTINGS)
