"""The examples of a demo, and questions in the words of the suite."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from harness.chat.demo.asking import Asker, Question, Unaskable
from harness.chat.demo.recorded import Group, Pair, Recorded, RecordedAnswer, shares
from harness.chat.demo.suites import suite_of_results
from harness.chat.models import models_of
from harness.chat.records import Conversation, Done, Labels, Prompted, Settings
from harness.chat.room import ChatRoom
from harness.cli.view import up_to_date
from harness.results.store import ResultsStore, read_summary
from harness.results.votes import cast
from harness.runner.run import Options, has_nothing_to_do, prepare, run
from harness.runner.walk import Quiet
from tests.chat.suite import Ran
from tests.results.made import write_results
from tests.results.votes_made import vote

PAIR = Pair("base", "tuned")


def recorded(folder: Path, base: list[bool], tuned: list[bool]) -> Recorded:
    return Recorded.read(write_results(folder / "suite", {"base": base, "tuned": tuned}), folder)


def by_key(groups: list[Group]) -> dict[str, Group]:
    return {group.key: group for group in groups}


def test_examples_are_grouped_by_how_they_changed(tmp_path: Path) -> None:
    found = recorded(tmp_path, [True, True, False, False, False], [True, False, True, True, False])
    groups = by_key(found.groups("sentiment", PAIR))
    assert {key: group.ids for key, group in groups.items()} == {
        "all": ("e0000", "e0001", "e0002", "e0003", "e0004"),
        "right": ("e0000",),
        "broke": ("e0001",),
        "fixed": ("e0002", "e0003"),
        "wrong": ("e0004",),
    }
    assert groups["fixed"].share == 0.4


def test_draws_are_by_lot_and_every_example_is_as_likely() -> None:
    group = Group("all", tuple(f"e{place}" for place in range(10)), 10)
    assert group.drawn(3, seed=1) == group.drawn(3, seed=1)
    assert group.drawn(20, seed=1) == list(group.ids)
    times = Counter(id for seed in range(2_000) for id in group.drawn(3, seed))
    # 600 expected of each; a standard deviation is 20
    assert len(times) == 10 and all(500 < count < 700 for count in times.values())


def test_an_example_shows_what_each_model_answered(tmp_path: Path) -> None:
    found = recorded(tmp_path, [True, True], [True, False])
    example = found.example("sentiment", "e0001", ["base", "tuned", "absent"])
    assert example.reference == "neutral"
    assert [(a.model, a.text, a.right) for a in example.answers] == [
        ("base", "neutral", True),
        ("tuned", "positive", False),
    ]


def test_results_of_one_model_have_no_pair(tmp_path: Path) -> None:
    alone = Recorded.read(write_results(tmp_path / "suite", {"base": [True, False]}), tmp_path)
    assert alone.tasks == ["sentiment"] and alone.pairs("sentiment") == []


def test_shares_are_a_softmax_with_ends_where_they_count() -> None:
    assert shares({}) == {}
    assert shares({"a": -1000.0, "b": -1000.0}) == {"a": 0.5, "b": 0.5}
    found = shares({"not": -0.1, "not hate": -0.3}, {"not": -3.0, "not hate": -0.2})
    assert found["not hate"] > found["not"] and sum(found.values()) == pytest.approx(1.0)


@pytest.fixture(scope="module")
def asker(ran: Ran) -> Asker:
    prepared = prepare(ran.suite, Options(results=ran.results.parent, home=ran.home))
    return Asker(prepared, Recorded.read(ran.results, ran.home))


@pytest.fixture(scope="module")
def room(ran: Ran, asker: Asker) -> Iterator[ChatRoom]:
    opened = ChatRoom(models_of(asker.prepared, "harness run"), ran.home)
    yield opened
    opened.close()


def answered(
    asker: Asker, room: ChatRoom, task: str, text: str, reference: str = ""
) -> RecordedAnswer:
    question = asker.question(task, "fine", text)
    assert isinstance(question, Question)
    *_, done = room.ask("fine", question.conversation, question.settings)
    assert isinstance(done, Done), done
    return asker.answer(task, "fine", question, done, reference)


@pytest.mark.parametrize("task", ["sentiment", "dialogue"])
def test_a_text_of_ones_own_is_asked_as_the_suite_asked_its_examples(
    asker: Asker, room: ChatRoom, task: str
) -> None:
    of = asker.recorded
    for id in of.groups(task, Pair("base", "fine"))[0].ids[:3]:
        example = of.example(task, id, ["fine"])
        before, now = (
            example.answers[0],
            answered(asker, room, task, example.text, example.reference),
        )
        assert (now.text, now.label, now.right) == (before.text, before.label, before.right)
        assert now.shares == pytest.approx(before.shares, abs=1e-3)
        if task == "dialogue":
            assert now.scores["rougeL"] == pytest.approx(before.scores["rougeL"])


def test_without_a_reference_nothing_is_graded(asker: Asker, room: ChatRoom) -> None:
    said = answered(asker, room, "dialogue", "Ann: hi\nBob: hello, see you at noon")
    assert said.text and not said.scores
    chosen = answered(asker, room, "sentiment", "Profit rose.")
    assert chosen.right is None and sum(chosen.shares.values()) == pytest.approx(1.0)


def test_what_cannot_be_asked_says_why(asker: Asker) -> None:
    def reason(task: str, model: str) -> str:
        found = asker.question(task, model, "x")
        assert isinstance(found, Unaskable)
        return found.reason

    assert "no longer" in reason("sentiment", "stranger")
    texts = dict.fromkeys(asker.recorded.answered.texts["sentiment"], "e")  # stands many times
    vague = replace(asker.recorded.answered, texts={"sentiment": texts})
    asker = Asker(asker.prepared, replace(asker.recorded, answered=vague))
    assert "differ" in reason("sentiment", "fine")


def test_labels_travel_to_the_process_and_back() -> None:
    settings = Settings(labels=Labels((" a", " b"), "end", (2, 7)))
    import json
    from dataclasses import asdict

    assert Settings.read(json.loads(json.dumps(asdict(settings)))) == settings
    assert Settings.read(json.loads(json.dumps(asdict(Settings())))) == Settings()


def test_a_label_is_chosen_and_nothing_is_written(room: ChatRoom) -> None:
    settings = Settings(labels=Labels(("yes", "no"), "sum"))
    events = list(room.ask("fine", Conversation.of("Is it?", raw=True), settings))
    assert isinstance(events[-2], Prompted)
    done = events[-1]
    assert isinstance(done, Done) and done.chosen == max((0, 1), key=done.logprobs.__getitem__)


def test_a_run_after_votes_writes_them_into_the_summary(ran: Ran, tmp_path: Path) -> None:
    folder = tmp_path / "small"
    shutil.copytree(ran.results, folder)
    options = Options(results=tmp_path, home=ran.home)
    assert has_nothing_to_do(prepare(ran.suite, options))
    models = read_summary(folder).models
    keys = [models["base"].key, models["fine"].key]
    cast(folder, vote(["base", "fine"], 0, keys=keys), models)
    prepared = prepare(ran.suite, options)
    assert not has_nothing_to_do(prepared)
    run(prepared, options, Quiet(), [])
    written = ResultsStore(folder).summary()
    assert written is not None and written.votes is not None and written.votes.sets[0].votes == 1
    assert has_nothing_to_do(prepare(ran.suite, options))


def test_a_page_is_written_anew_when_somebody_voted(tmp_path: Path) -> None:
    results = write_results(tmp_path / "suite", {"base": [True], "tuned": [False]})
    page = up_to_date(results, tmp_path / "reports")
    assert 'id="preferences"' not in page.read_text()
    cast(results, vote(["base", "tuned"], 1), read_summary(results).models)
    os.utime(page, ns=(0, 0))
    os.utime(results / "summary.json", ns=(0, 0))  # the votes alone are newer
    assert 'id="preferences"' in up_to_date(results, tmp_path / "reports").read_text()


def test_the_suite_of_results_is_found_where_their_command_names_it(
    ran: Ran, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    summary = read_summary(ran.results)
    monkeypatch.chdir(tmp_path)
    assert "--suite" in suite_of_results(summary, ran.results, ran.home).without
    monkeypatch.chdir(ran.suite.parent)
    assert suite_of_results(summary, ran.results, ran.home).prepared is not None
    monkeypatch.chdir(tmp_path)
    (tmp_path / ran.suite.name).write_text(ran.suite.read_text() + "# another\n")
    assert "has changed" in suite_of_results(summary, ran.results, ran.home).without
