"""What a report says of models that a server ran."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from harness.doubts import DOUBTS
from harness.engines.endpoint.echoed import Fault
from harness.engines.endpoint.first_token import TopFault
from harness.records import ASKED, SERVED, Cell, ServedDetails, ServedStep
from harness.reporting.blocks import Bullets
from harness.reporting.lineage import step_words
from harness.reporting.served import served_blocks
from harness.reporting.served_table import beside_table
from tests.reporting.fixture import quickstart


def said(**told: Any) -> str:
    summary = quickstart()
    model = next(iter(summary.models))
    details = ServedDetails(host="127.0.0.1:8080", model="toy", **told)
    cell = Cell(key="k", model=model, task="t", status="ok", details={SERVED: details.model_dump()})
    *_, bullets = served_blocks(summary.model_copy(update={"cells": [*summary.cells, cell]}))
    assert isinstance(bullets, Bullets)
    (line,) = bullets.lines
    return "".join(line)


def test_models_that_were_run_here_have_no_section() -> None:
    assert served_blocks(quickstart()) == []


def test_it_says_how_labels_were_told_and_why() -> None:
    scored = said(
        api="completions",
        choosing=True,
        ways={"loglikelihood": 5},
        greedy=True,
        counts_prompts=True,
    )
    assert "labels were told by the server's log-probabilities" in scored
    assert "without a template" in scored and "cannot be seen" not in scored
    over = {"loglikelihood": "chat-api", "first_token": "outside", "constrained": "not-held-to"}
    written = said(api="chat", choosing=True, ways={"parsed": 5}, passed_over=over)
    assert "written and read, since a chat gives no log-probabilities" in written
    assert "given answers; no choice is among the likeliest tokens; the server" in written
    assert "holds to no constraint" in written
    assert "the server's own template" in written and "cannot be seen" in written
    mixed = said(api="completions", choosing=True, ways={"loglikelihood": 2, "parsed": 3})
    assert "2 told by the server's log-probabilities and 3 written and read" in mixed


def test_it_says_what_a_server_that_was_started_here_reads() -> None:
    alike = said(
        api="completions", started="llama-cpp", rendered=True, tokens_here=47, tokens_there=47,
        without_begin=True,
    )  # fmt: skip
    assert (
        "put through its template here" in alike and "47 tokens for the server, as it is" in alike
    )
    assert "marker that begins a text was left out" in alike
    other = said(api="chat", started="vllm", tokens_here=47, tokens_there=52)
    assert "52 tokens for the server and 47 in process: it does not read the same" in other
    assert "not known here" not in other


def test_it_says_what_first_tokens_and_constraints_leave_open() -> None:
    over = {"loglikelihood": "echo-ignored"}
    first = said(
        api="completions",
        choosing=True,
        ways={"first_token": 9},
        passed_over=over,
        top=5,
        undecided={"shared": 2, "outside": 1},
    )
    assert "by the log-probability of the token that an answer begins with of the 5" in first
    assert "since the server does not give the text back" in first
    assert "2 began with what several labels begin with and 1 had no label among" in first
    shared = {" ne": ["negative", "neutral"]}
    over |= {"first_token": "shared-beginning"}
    held = said(
        api="chat",
        choosing=True,
        ways={"constrained": 9},
        passed_over=over,
        constraint="grammar",
        shared=shared,
    )
    assert "written where nothing else may be written (a grammar), since" in held
    assert '("ne" begins negative and neutral)' in held
    demanded = said(api="chat", choosing=True, ways={"parsed": 9}, scoring="parsed")
    assert "written and read, as `scoring: parsed` demands" in demanded


def test_a_table_holds_served_models_beside_those_that_ran_here() -> None:
    texts = {"sha256": "a" * 64, "tokens": 90, "longest_tokens": 20}
    served = ServedDetails(host="h", model="toy", api="chat", choosing=True, ways={"parsed": 4})
    here = Cell(
        key="k",
        model="here",
        task="t",
        status="ok",
        n=4,
        seconds=2.0,
        tokens=100,
        details={ASKED: texts, "scored_by": {"sum": 4}},
    )
    there = here.model_copy(
        update={
            "model": "there",
            "details": {
                ASKED: {**texts, "sha256": "b" * 64, "longest_tokens": None},
                SERVED: served.model_dump(),
            },
        }
    )
    cells = [*quickstart().cells, here, there]
    found = beside_table(quickstart().model_copy(update={"cells": cells}))
    assert found is not None
    rows = [[field.text for field in row.fields] for row in found.rows]
    assert rows == [
        ["t", "here", "token ids, made here", "A", "20", "log-probabilities", "500.0", "50"],
        ["t", "there", "messages", "B", "–", "written and read", "500.0", "50"],
    ]
    assert beside_table(quickstart()) is None


def test_results_of_an_earlier_version_are_read() -> None:
    old = {"host": "h", "model": "m", "api": "chat", "scored": 0, "written": 7}
    assert ServedDetails.model_validate(old).ways == {"parsed": 7}


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"greedy": False}, "not what it finds likeliest"),
        ({"repeats": False}, "answered otherwise the second time"),
        ({"refused": ["seed"]}, "does not take the setting seed"),
        ({"counts_prompts": False}, "does not count what it reads"),
        ({"listed": False}, "taken on trust"),
        ({"retries": 2}, "2 requests failed"),
        ({"request_seconds": 0.5, "first_seconds": 0.1}, "0.50 s a request, 0.10 s to its first"),
    ],
)
def test_what_nobody_here_decided_is_said(told: dict[str, Any], words: str) -> None:
    assert words in said(api="chat", **told)
    assert words not in said(api="chat", counts_prompts=True, greedy=True)


def test_every_fault_that_the_probe_knows_has_words() -> None:
    assert {*get_args(Fault), *get_args(TopFault)} <= set(DOUBTS)


def test_a_lineage_names_who_serves_the_model() -> None:
    assert step_words(ServedStep(name="toy", host="a.b:80")) == "toy, served by a.b:80"
