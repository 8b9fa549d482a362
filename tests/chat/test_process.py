"""The starter in its own process: asked, stopped, killed, asked again."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.chat.models import models_of, one_model
from harness.chat.records import (
    Conversation,
    Done,
    Event,
    Failed,
    Loaded,
    Loading,
    Prompted,
    Settings,
    Text,
    Turn,
)
from harness.chat.room import ChatRoom
from harness.engines import open_engine
from harness.engines.on_ids import OnIds
from harness.engines.protocol import EngineSpec, Limits
from harness.engines.tokenizer import open_tokenizer
from harness.errors import InputError
from harness.runner.begin import make
from harness.runner.run import Options, prepare
from harness.runner.walk import Quiet
from harness.starter import MODEL_FOLDER
from harness.tasks.prompting import prompts_to_write

GREEDY = Settings(temperature=0, max_new_tokens=24, seed=0)
TEXT = "Profit of the company rose to EUR"
LONG = Settings(temperature=1.5, top_p=1, top_k=0, max_new_tokens=1500, seed=3)


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChatRoom]:
    home = tmp_path_factory.mktemp("home")
    opened = ChatRoom(models_of(one_model("starter", home), "harness run"), home)
    yield opened
    opened.close()


def said(room: ChatRoom, conversation: Conversation, settings: Settings = GREEDY) -> list[Event]:
    return list(room.ask("starter", conversation, settings))


def whole(events: list[Event]) -> Done:
    assert isinstance(events[-1], Done), events[-1]
    return events[-1]


def test_at_temperature_0_it_says_what_a_run_writes(room: ChatRoom) -> None:
    tokenizer = open_tokenizer(MODEL_FOLDER)
    asked = prompts_to_write(tokenizer, {"it": TEXT}, 1)
    spec = EngineSpec(weights=str(MODEL_FOLDER), threads=1)
    answerer = OnIds(open_engine(spec), lambda: tokenizer)
    ((_, run),) = answerer.generate(asked.prompts, Limits(24, asked.stop_ids))
    answerer.close()
    events = said(room, Conversation.of(TEXT))
    assert [type(event) for event in events[:3]] == [Loading, Loaded, Prompted]
    assert events[2] == Prompted(asked.prompts[0].text, len(asked.prompts[0].ids), template=True)
    done = whole(events)
    assert (done.text, done.tokens, done.finish) == (run.text, run.tokens, run.finish_reason)
    assert "".join(event.text for event in events if isinstance(event, Text)) == done.text
    assert done.first_seconds and done.resident_bytes and done.resident_bytes > 50e6


def test_a_completion_reads_the_text_as_it_is(room: ChatRoom) -> None:
    events = said(room, Conversation.of(f"{TEXT} ", system="Be brief.", raw=True))
    prompted = next(event for event in events if isinstance(event, Prompted))
    assert (prompted.prompt, prompted.template) == (f"{TEXT} ", False)


def test_history_and_system_prompt_stand_in_what_is_read(room: ChatRoom) -> None:
    turns = (Turn("user", "One?"), Turn("assistant", "Two."), Turn("user", "Three?"))
    events = said(room, Conversation(turns, system="Be brief."))
    prompt = next(event for event in events if isinstance(event, Prompted)).prompt
    places = [prompt.index(text) for text in ("Be brief.", "One?", "Two.", "Three?")]
    assert places == sorted(places)


def test_a_seed_repeats_an_answer_and_one_that_was_drawn_is_told(room: ChatRoom) -> None:
    first = whole(said(room, Conversation.of(TEXT), Settings(1.0, max_new_tokens=16)))
    again = whole(
        said(room, Conversation.of(TEXT), Settings(1.0, max_new_tokens=16, seed=first.seed))
    )
    assert (first.text, first.seed) == (again.text, again.seed)


def test_a_full_context_and_one_that_is_overfull_are_told(room: ChatRoom) -> None:
    done = whole(said(room, Conversation.of("word " * 700, raw=True), LONG))
    assert done.finish in ("context", "stop") and done.tokens < 1500
    failed = said(room, Conversation.of("word " * 3000))[-1]
    assert isinstance(failed, Failed) and failed.kind == "prompt-too-long"
    assert "new conversation" in failed.hint
    assert whole(said(room, Conversation.of(TEXT))).text


def test_an_answer_can_be_stopped_and_keeps_what_was_written(room: ChatRoom) -> None:
    answer = room.ask("starter", Conversation.of(TEXT, raw=True), LONG)
    events: list[Event] = []
    for event in answer:
        events.append(event)
        if isinstance(event, Text):
            answer.stop()
    done = whole(events)
    assert done.finish == "stopped" and 0 < done.tokens < 1000
    pieces = "".join(event.text for event in events if isinstance(event, Text))
    assert pieces == done.text


def test_a_killed_process_is_an_error_and_the_next_question_starts_another(room: ChatRoom) -> None:
    before, events = room.pid("starter"), list[Event]()
    assert before is not None
    for event in room.ask("starter", Conversation.of(TEXT, raw=True), LONG):
        if isinstance(event, Text) and not any(isinstance(e, Text) for e in events):
            os.kill(before, signal.SIGSEGV)
        events.append(event)
    assert isinstance(events[-1], Failed)
    assert events[-1].kind == "crash" and "SIGSEGV" in events[-1].message
    assert room.loaded == ()
    after = said(room, Conversation.of(TEXT))
    assert isinstance(after[0], Loading) and whole(after).text
    assert room.pid("starter") not in (None, before)


def test_an_unloaded_model_leaves_no_process(room: ChatRoom) -> None:
    said(room, Conversation.of(TEXT))
    pid = room.pid("starter")
    assert pid is not None and room.unload("starter")
    with pytest.raises(ProcessLookupError):
        os.kill(pid, signal.SIG_DFL)
    assert not room.unload("starter")


def test_a_model_that_cannot_be_opened_says_why(tmp_path: Path) -> None:
    shutil.copytree(MODEL_FOLDER, tmp_path / "model")
    room = ChatRoom(models_of(one_model(str(tmp_path / "model"), tmp_path), ""), tmp_path)
    (tmp_path / "model" / "model.safetensors").write_bytes(b"no weights")  # after it was looked at
    (failed,) = (
        e for e in room.ask("model", Conversation.of("Hi"), GREEDY) if isinstance(e, Failed)
    )
    assert failed.kind == "bad-model" and str(tmp_path) in failed.message
    room.close()


def test_a_model_that_is_damaged_is_refused_before_a_process_starts(tmp_path: Path) -> None:
    shutil.copytree(MODEL_FOLDER, tmp_path / "model")
    (tmp_path / "model" / "model.safetensors").write_bytes(b"no weights")
    with pytest.raises(InputError, match="is damaged: it has 10 bytes"):
        one_model(str(tmp_path / "model"), tmp_path)


def flip(file: Path) -> None:
    """Turns a bit in the middle of a file over; its size and time stay."""
    state, content = file.stat(), bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.chmod(0o644)
    file.write_bytes(content)
    os.utime(file, ns=(state.st_atime_ns, state.st_mtime_ns))


@pytest.mark.slow
def test_an_artifact_is_held_against_its_hashes_before_it_is_opened(tmp_path: Path) -> None:
    suite = tmp_path / "talk.yaml"
    suite.write_text(
        "name: talk\nforgetting: false\n"
        "models: {f16: {from: base, gguf: F16}, base: {source: starter}}\n"
        "tasks: {texts: {type: write, prompts: [The bank], max_new_tokens: 1}}\n"
    )
    options = Options(home=tmp_path / "home", provisional=True)
    prepared = prepare(suite, options)
    step = prepared.plan.steps[prepared.plan.models["f16"].parts["gguf"]]
    assert make(prepared, options, Quiet(), [step.key]) == ()
    (opening,) = (of.opening for of in models_of(prepare(suite, options), "") if of.name == "f16")
    assert opening and opening.made == (str(prepared.artifacts.folder(step).absolute()),)

    def asked() -> list[Event]:
        talking = ChatRoom(models_of(prepare(suite, options), ""), tmp_path / "home")
        events = list(talking.ask("f16", Conversation.of("Hi"), Settings(max_new_tokens=1)))
        talking.close()
        return events

    assert isinstance(asked()[-1], Done)
    file = prepared.artifacts.file(step)
    flip(file)
    failed = asked()[-1]
    assert isinstance(failed, Failed) and failed.kind == "bad-model"
    assert str(file) in failed.message and "made again" in failed.hint
