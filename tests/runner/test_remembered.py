"""Answers that are remembered by what was asked: a rerun sends nothing, and what it may not stand for."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.engines.endpoint.remembered import Remembering
from harness.engines.endpoint.requests import Requests
from harness.engines.endpoint.transport import Transport
from harness.engines.protocol import Sampling
from harness.records import Cell
from harness.runner.run import Outcome, prepare, run
from harness.runner.walk import Quiet
from tests.engines.endpoint.standin import StandIn, standing_in
from tests.runner.test_endpoints import Place, only, place
from tests.runner.test_spending import PRICES, account, samples

__all__ = ["place"]
APIS = ["completions", "chat"]


def ask(of: Place, **options: Any) -> Outcome:
    given = replace(of.options, **options)
    return run(prepare(of.folder / "suite.yaml", given), given, Quiet(), [])


def told(cell: Cell) -> dict[str, Any]:
    found: dict[str, Any] = cell.details["served"]
    return found


def answers(of: Place) -> list[tuple[Any, ...]]:
    return sorted((one["id"], one["answer"], one["scores"]) for one in samples(of))


@pytest.mark.parametrize("api", APIS)
def test_a_rerun_without_the_results_sends_nothing_and_is_not_paid(api: str, place: Place) -> None:
    with standing_in() as server:
        place.write(server.url, api, PRICES)
        first, before = only(place.run().summary), answers(place)
        assert told(first)["remembered"] == 0 and told(first)["usage"]["requests"] >= 12
        asked, paid = server.texts_asked, account(place)
        shutil.rmtree(place.options.results)
        again = only(place.run().summary)
        assert server.texts_asked == asked and account(place) == paid
        assert answers(place) == before and told(again)["remembered"] == 12
        counts = {key: told(first)["usage"][key] for key in ("requests", "input", "output")}
        assert {key: told(again)["usage"][key] for key in counts} == counts
    shutil.rmtree(place.options.results)
    gone = only(place.run().summary)
    assert gone.status == "ok" and answers(place) == before, "the server is no longer there"


@pytest.mark.parametrize("api", APIS)
def test_another_suite_pays_only_for_what_it_asks_besides(api: str, place: Place) -> None:
    with standing_in() as server:
        place.write(server.url, api)
        ask(place, limit=6)
        text = (place.folder / "suite.yaml").read_text()
        (place.folder / "suite.yaml").write_text(text.replace("name: served", "name: other"))
        bodies = {json.dumps(body) for _, body in server.asked}
        sent = server.texts_asked
        cell = only(place.run().summary)
        assert (cell.n, told(cell)["remembered"]) == (12, 6)
        new = [json.dumps(body) for _, body in server.asked[sent:]]
        of_the_task = [body for body in new if "the bank" in body]
        assert of_the_task and not bodies & set(of_the_task)
        assert bodies & set(new), "what the server does is looked at before it is asked more"


@pytest.mark.parametrize("how", [{"again": "toy"}, {"fresh": True}])
def test_what_is_asked_anew_is_asked_really(how: dict[str, Any], place: Place) -> None:
    with standing_in() as server:
        place.write(server.url, "chat")
        ask(place)
        if "fresh" in how:
            shutil.rmtree(place.options.results)
        sent = server.texts_asked
        cell = only(ask(place, **how).summary)
        assert server.texts_asked - sent == sent and told(cell)["remembered"] == 0


def test_answers_of_another_fingerprint_stand_for_nothing(place: Place) -> None:
    with standing_in(fingerprint="fp-1") as server:
        place.write(server.url, "chat")
        first = only(ask(place, limit=6).summary)
        assert told(first)["fingerprints"] == ["fp-1"]
        server.fingerprint = "fp-2"
        text = (place.folder / "suite.yaml").read_text()
        (place.folder / "suite.yaml").write_text(text.replace("name: served", "name: other"))
        cell = only(place.run().summary)
        assert told(cell)["fingerprints"] == ["fp-2"] and told(cell)["remembered"] == 0


def test_a_server_that_does_something_else_than_is_remembered_is_not_mixed(place: Place) -> None:
    with standing_in() as server:
        place.write(server.url)
        ask(place, limit=6)
        server.does = frozenset({"shifts"})
        shutil.rmtree(place.options.results)
        outcome = place.run()
        ((_, failure),) = outcome.failures
        assert "unscored was '' and is 'disagrees'" in failure.message
        assert "--fresh" in failure.hint and only(outcome.summary).n == 0
        assert not ask(place, fresh=True).failures


def damage(file: Path) -> None:
    text = file.read_text()
    file.write_text(text.replace('"text": "', '"text": "x'))
    assert file.read_text() != text


def test_what_is_damaged_is_asked_again(place: Place) -> None:
    """All of it is: the look for cut prompts alone is not taken again where nothing else has to be sent."""
    with standing_in() as server:
        place.write(server.url, "chat")
        place.run()
        before, sent = answers(place), server.texts_asked
        files = list((place.folder / "home/answers").rglob("*.json"))
        for file in files:
            damage(file)
        shutil.rmtree(place.options.results)
        assert told(only(place.run().summary))["remembered"] == 0
        assert server.texts_asked == 2 * sent and answers(place) == before
        assert not any('"text": "x' in file.read_text() for file in files)


def requests(server: StandIn, folder: Path, says: str = "") -> Requests:
    return Requests(Transport(server.spec(memory=Remembering(folder, says))))


def test_what_was_drawn_is_not_remembered_and_another_model_is_another(tmp_path: Path) -> None:
    asked = {"prompt": "The bank"}
    with standing_in() as server:
        for _ in range(2):
            drawn = requests(server, tmp_path).sample(asked, 3, Sampling(0.7), lambda reply: False)
            assert not drawn.remembered
        assert not requests(server, tmp_path).write(asked, 3).remembered
        assert requests(server, tmp_path).write(asked, 3).remembered
        assert not requests(server, tmp_path, "another").write(asked, 3).remembered
        assert not requests(server, tmp_path).write(asked, 4).remembered
        assert not requests(server, tmp_path).write(asked, 3, stops=["\n"]).remembered
        assert server.texts_asked == 6


def test_of_many_answers_only_the_damaged_one_is_asked_again(tmp_path: Path) -> None:
    with standing_in() as server:
        asked = [{"prompt": f"The bank {number}"} for number in range(3)]
        replies = [requests(server, tmp_path).write(one, 3) for one in asked]
        for file in sorted(tmp_path.rglob("*.json")):
            damage(file)
            again = [requests(server, tmp_path).write(one, 3) for one in asked]
            assert sorted(reply.remembered for reply in again) == [False, True, True]
            assert [reply.text for reply in again] == [reply.text for reply in replies]
        assert server.texts_asked == 6


DIE = """
import os, signal, sys
from pathlib import Path
from harness.engines.endpoint.remembered import Remembering
from harness.engines.endpoint.requests import Requests
from harness.engines.endpoint.spec import EndpointSpec
from harness.engines.endpoint.transport import Transport
memory = Remembering(Path(sys.argv[2]), "")
requests = Requests(Transport(EndpointSpec(sys.argv[1], "toy", memory=memory)))
for number in range(5):
    requests.write({"prompt": f"The bank {number}"}, 3)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_process_leaves_its_answers_behind(tmp_path: Path) -> None:
    with standing_in() as server:
        command = [sys.executable, "-c", DIE, server.url, str(tmp_path)]
        assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
        found = requests(server, tmp_path)
        replies = [found.write({"prompt": f"The bank {number}"}, 3) for number in range(7)]
        assert [reply.remembered for reply in replies] == [True] * 5 + [False] * 2
        assert server.texts_asked == 7
