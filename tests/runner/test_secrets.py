"""No secret appears in a result, a report, a log, a process title or an error: planted ones are looked for everywhere."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from harness.concealed import without
from harness.engines.endpoint.spec import withheld
from tests.engines.endpoint.standin import StandIn, standing_in
from tests.engines.endpoint.toy import Body
from tests.hub.stand_in import HubStandIn
from tests.pipeline.in_process import run_here
from tests.runner.planted import PASSWORD, PLANTED, Watched, leaks, leaks_below, spellings
from tests.runner.test_endpoints import Place

SUITE = """
name: planted
defaults: {{limit: 2, timeout: 900}}
models:
  telling: {{endpoint: {{url: "{telling}", model: toy, api: chat, key: OWN_KEY, retries: 0, patience: 0}}}}
  refused: {{endpoint: {{url: "{refused}", model: toy, api: chat, key: OPENAI_API_KEY, retries: 0, patience: 0}}}}
  starter: {{source: starter}}
tasks:
  labels:
    type: classify
    dataset: {{train: train.csv, test: test.csv, prompt: "{{{{ text }}}}", target: "{{{{ label }}}}"}}
    models: [telling, refused]
  texts: {{type: write, prompts: [The bank], max_new_tokens: 4, models: [telling, refused]}}
  broken:
    type: summarize
    dataset: {{train: train.csv, test: test.csv, prompt: "{{{{ text }}}}", target: "{{{{ label }}}}"}}
    max_new_tokens: 4
    metrics: [{{python: "own.py:fails"}}]
    models: [starter]
"""
DIES = """
name: dies
models: {starter: {source: starter}}
tasks:
  broken:
    type: summarize
    dataset: {train: train.csv, test: test.csv, prompt: "{{ text }}", target: "{{ label }}"}
    max_new_tokens: 4
    limit: 2
    metrics: [{python: "dies.py:dies"}]
"""
BOARD = "leaderboard results --out board"
NATIVE = """
import ctypes, os, sys

def dies(prediction, target):
    print(dict(os.environ), file=sys.stderr, flush=True)
    print(*os.environ.values(), flush=True)
    os.write(2, os.environ["OWN_KEY"].encode())
    ctypes.string_at(0)
"""
HUB = "name: hub\nmodels: {base: {source: org/closed}}\ntasks: {speed: {type: speed}}\n"
ADDRESS = """
name: address
models: {{toy: {{endpoint: {{url: "https://me:{password}@api.example/v1", model: toy}}}}}}
tasks: {{speed: {{type: speed}}}}
"""


class Telling(StandIn):
    """A server that answers with what it was opened by."""

    def answer(self, body: Body) -> dict[str, Any]:
        found = super().answer(body)
        for choice in found["choices"]:
            if "message" in choice:
                choice["message"]["content"] += f" {self.keys[-1]}"
        return {**found, "system_fingerprint": self.keys[-1]}


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """A folder in which much has gone well and much has failed."""
    folder = tmp_path_factory.mktemp("planted")
    for part in ("train", "test"):
        rows = "".join(f"the bank {part} {n},{'good' if n % 2 else 'bad'}\n" for n in range(8))
        (folder / f"{part}.csv").write_text(f"text,label\n{rows}")
    (folder / "own.py").write_text(
        "def fails(prediction, target):\n    raise ValueError('no score')\n"
    )
    telling = Telling(frozenset())
    with HubStandIn() as hub, standing_in(telling), standing_in(None, "repeats-key") as refusing:
        suite = SUITE.format(telling=telling.url, refused=refusing.url)
        (folder / "suite.yaml").write_text(suite)
        (folder / "hub.yaml").write_text(HUB)
        (folder / "dies.yaml").write_text(DIES)
        (folder / "dies.py").write_text(NATIVE)
        (folder / "address.yaml").write_text(ADDRESS.format(password=PASSWORD))
        watched = Watched(folder, {"HF_ENDPOINT": hub.endpoint, "HF_HUB_DISABLE_XET": "1"})
        assert watched.run("run", "suite.yaml") == 1
        watched.run("plan", "hub.yaml")
        watched.run("run", "address.yaml")
        for words in (
            "report results/planted --samples all",
            "report results/planted --markdown",
            "export results/planted --to jsonl --samples",
            BOARD,
            "models export suite.yaml starter --out exported",
            "run dies.yaml",
            "report results/dies",
            "publish results/planted --to me/x --as dataset --dry-run --anyway",
            "publish results/planted --to ./published --as dataset --anyway",
            "cache list",
            "doctor",
        ):
            watched.run(*words.split())
        keys = {*telling.keys, *refusing.keys}
    assert {f"Bearer {PLANTED[name]}" for name in ("OWN_KEY", "OPENAI_API_KEY")} <= keys
    yield watched


@pytest.mark.slow
def test_commands_print_none(watched: Watched) -> None:
    told = "; ".join(watched.said).encode()
    assert b"HTTP 401" in watched.said["run suite.yaml"] and told
    assert [one for words, said in watched.said.items() for one in leaks(said, words)] == []


@pytest.mark.slow
def test_a_password_in_an_address_is_not_repeated(watched: Watched) -> None:
    said = watched.said["run address.yaml"]
    assert b"holds no user, password" in said and PASSWORD.encode() not in said


@pytest.mark.slow
def test_no_file_holds_one(watched: Watched) -> None:
    written = [file.name for file in watched.folder.rglob("*") if file.is_file()]
    assert {"summary.json", "samples.jsonl", "index.html", "report.md", "run.jsonl"} <= {*written}
    (samples,) = watched.folder.glob("results/planted/cells/telling/texts/samples.jsonl")
    assert "(key)" in samples.read_text(), "the server's answer came, and the key was taken out"
    assert {"Modelfile.F16", "weights"} <= {file.name for file in watched.folder.glob("exported/*")}
    assert (watched.folder / "board" / "leaderboard.csv").is_file(), watched.said[BOARD]
    assert b"SIGSEGV" in watched.said["run dies.yaml"]
    logs = [f for f in watched.folder.rglob("*.log") if b"MAIL_PASSWORD" in f.read_bytes()]
    assert logs, "the worker that died had printed its environment"
    assert leaks_below(watched.folder) == []


@pytest.mark.slow
def test_no_process_shows_one(watched: Watched) -> None:
    assert any(b"harness.runner.worker" in title for title in watched.titles)
    assert [one for title in watched.titles for one in leaks(title, repr(title))] == []


def test_the_search_finds_each_spelling() -> None:
    for secret in PLANTED.values():
        for spelling in spellings(secret).values():
            assert leaks(b"before " + spelling + b" behind", "here", {"it": secret})


def test_a_key_is_taken_out_of_answers_and_a_word_is_not() -> None:
    key = PLANTED["OWN_KEY"]
    for said in (key, json.dumps(key), quote(key, safe=""), b64encode(key.encode()).decode()):
        assert not leaks(without(key, f"a {said} b").encode(), "here", {"it": key})
    answer = {"choices": [{"text": f"it is {key}", "logprobs": None}], "created": 1.5}
    hidden = {"choices": [{"text": "it is (key)", "logprobs": None}], "created": 1.5}
    assert withheld(key, answer) == hidden
    assert withheld("none", {"text": "none of them"}) == {"text": "none of them"}


def test_a_server_that_answers_with_the_key_brings_it_into_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_here(monkeypatch)
    for variable, secret in PLANTED.items():
        monkeypatch.setenv(variable, secret)
    telling, place = Telling(frozenset()), Place(tmp_path)
    with standing_in(telling):
        place.write(
            telling.url, "chat", ", key: OWN_KEY", "  texts: {type: write, prompts: [The bank]}\n"
        )
        outcome = place.run()
    assert all(cell.status == "ok" for cell in outcome.summary.cells)
    assert f"Bearer {PLANTED['OWN_KEY']}" in telling.keys
    assert any(b"(key)" in file.read_bytes() for file in place.files)
    assert leaks_below(tmp_path) == []
