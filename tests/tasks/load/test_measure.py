"""Requests over real HTTP to a server that stands in: what is sent, counted, named, and kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from harness.engines.endpoint.ledger import accounts_in
from harness.engines.endpoint.spending import Purse
from harness.errors import EndpointError, SpendingLimitError
from harness.metrics.requests import FACTS, requests_of
from harness.money import Prices
from harness.records import Sample
from harness.suite.schema import LoadTask
from harness.tasks.load.measure import Open, measure
from harness.tasks.load.ready import Ready
from tests.tasks.load.server import Fault, Served, serving

WARM_UP = 1


def task(**more: Any) -> LoadTask:
    settings = {"concurrency": [2], "requests": 12, "prompt_tokens": 16, "new_tokens": 4}
    return LoadTask.model_validate({"type": "load", "warm_up": WARM_UP, **settings, **more})


def sent(of: LoadTask, server: Served, left: Open | None = None, **spec: Any) -> list[Sample]:
    ready = Ready(of, server.spec(**spec), 0)
    try:
        everything = Open("key", tuple(range(len(of.levels))))
        return list(measure(of, ready, left or everything))
    finally:
        ready.close()


def facts(samples: list[Sample]) -> list[dict[str, Any]]:
    return [of.data[FACTS] for of in samples if FACTS in of.data]


def after_warm_up(faults: Callable[[int], Fault]) -> Callable[[int], Fault]:
    return lambda number: faults(number - WARM_UP) if number >= WARM_UP else ""


def test_every_request_of_every_level_is_a_sample_and_so_is_each_level() -> None:
    with serving(Served()) as server:
        found = sent(task(concurrency=[1, 3], rates=[500]), server)
    assert [of.index for of in found] == list(range(3 * 13))
    requests = requests_of(found)
    assert Counter(of.level for of in requests) == {0: 12, 1: 12, 2: 12}
    assert len(server.streamed) == 36 + WARM_UP
    for of in requests:
        assert (of.error, of.new_tokens, len(of.pieces), of.prompt_tokens) == ("", 4, 4, 16)
        assert 0 < of.pieces[0] <= of.pieces[-1] <= of.ended - of.sent and of.due <= of.sent
    assert [of["stopped"] for of in facts(found)] == ["", "", ""]


def test_prompts_are_of_the_length_that_was_asked_and_no_two_begin_alike() -> None:
    with serving(Served()) as server:
        sent(task(requests=30), server)
    assert {len(prompt.split()) for prompt in server.prompts} == {16}
    assert len({prompt[:12] for prompt in server.prompts}) == len(server.prompts)


def test_connections_are_kept_open() -> None:
    with serving(Served()) as server:
        sent(task(concurrency=[3], requests=60), server)
    # three users, and one connection for what is looked up before
    assert server.connections <= 4


def test_answers_are_asked_for_greedily_at_their_full_length_with_usage() -> None:
    with serving(Served()) as server:
        sent(task(), server)
    for body in server.streamed:
        assert body["max_tokens"] == body["min_tokens"] == 4 and body["ignore_eos"] is True
        assert body["temperature"] == 0 and body["stream_options"] == {"include_usage": True}


def test_settings_that_a_server_does_not_take_are_found_out_before_anything_is_timed() -> None:
    with serving(Served(refuses=("ignore_eos", "min_tokens", "repeat_penalty"))) as server:
        found = sent(task(), server)
    assert facts(found)[0]["refused"] == ["ignore_eos", "min_tokens", "repeat_penalty"]
    assert all(not of.error for of in requests_of(found))


def test_where_answers_are_short_prompts_end_in_what_goes_on_and_on() -> None:
    with serving(Served(short=2)) as server:
        found = sent(task(prompt_tokens=32), server)
    assert facts(found)[0]["repeating"] and server.prompts[-1].endswith(" north, south, north,")
    assert {len(prompt.split()) for prompt in server.prompts[2 * WARM_UP :]} == {32}
    with serving(Served()) as server:
        assert not facts(sent(task(), server))[0]["repeating"]


def test_without_usage_pieces_are_counted() -> None:
    with serving(Served(counts=False)) as server:
        (first, *_) = sent(task(), server)
    assert (first.data["counted"], first.data["new_tokens"]) == ("pieces", 4)
    assert first.data["prompt_tokens"] is None


FAULTS: tuple[tuple[Fault, str], ...] = (
    ("429", "HTTP 429"),
    ("500", "HTTP 500"),
    ("reset", "broke off"),
    ("half", "half an answer"),
    ("another", "another model"),
    ("hang", "timeout"),
)


@pytest.mark.parametrize(("fault", "name"), FAULTS)
def test_what_goes_wrong_is_counted_by_name_and_sent_once(fault: Fault, name: str) -> None:
    with serving(Served(fault=after_warm_up(lambda n: fault if n in (2, 5) else ""))) as server:
        found = sent(task(max_errors=0.5), server, timeout=0.3)
    assert Counter(of.error for of in requests_of(found)) == {"": 10, name: 2}
    assert len(server.streamed) == 12 + WARM_UP
    said = [of.data["said"] for of in found if of.data.get("error")]
    assert len(said) == 2 and all(said)


def test_an_empty_answer_is_no_error_and_has_no_first_token() -> None:
    with serving(Served(fault=after_warm_up(lambda n: "empty" if n == 3 else ""))) as server:
        requests = requests_of(sent(task(), server))
    empty = [of for of in requests if of.ttft is None]
    assert len(empty) == 1 and not empty[0].error and empty[0].tpot is None


def test_an_answer_in_one_piece_is_told_from_a_stream() -> None:
    with serving(Served(fault=lambda n: "whole")) as server:
        found = sent(task(), server)
    assert not any(of.data["streamed"] for of in found if FACTS not in of.data)
    assert all(of.ttft == pytest.approx(of.latency, abs=1e-3) for of in requests_of(found))


def test_a_loop_with_too_many_errors_ends_and_goes_no_higher_while_the_other_does() -> None:
    with serving(
        Served(fault=after_warm_up(lambda n: "429" if 12 <= n < 24 and n % 2 else ""))
    ) as server:
        found = sent(task(concurrency=[1, 2, 3], rates=[500]), server)
    assert [of.get("not_run") for of in facts(found)] == [None, None, "errors", None]
    assert facts(found)[1]["stopped"] == "errors"
    assert Counter(of.level for of in requests_of(found))[3] == 12


def test_a_server_that_answers_nothing_fails_the_cell_with_its_words() -> None:
    with (
        serving(Served(fault=after_warm_up(lambda n: "429"))) as server,
        pytest.raises(EndpointError, match=r"Not one of \d+ requests .* 429: too many of you"),
    ):
        sent(task(), server)


def test_a_server_that_is_not_there_fails_before_anything_is_sent() -> None:
    with serving(Served()) as server:
        pass
    with pytest.raises(EndpointError, match="cannot be reached"):
        sent(task(), server)


def test_no_more_tokens_are_sent_for_than_the_budget_has() -> None:
    with serving(Served()) as server:
        # of 20 tokens each: 12 requests, and 3 more, too few for 4 users
        found = sent(task(concurrency=[1, 4], rates=[500], token_budget=15 * 20), server)
    assert Counter(of.level for of in requests_of(found)) == {0: 12, 2: 3}
    assert [of.get("not_run") for of in facts(found)] == [None, "budget", None]


def test_levels_that_are_there_are_not_measured_again() -> None:
    of = task(concurrency=[1, 2])
    with serving(Served()) as server:
        found = sent(of, server, Open("key", (1,), first_index=13, sent=12))
    assert {one.data["level"] for one in found} == {1}
    assert [one.index for one in found] == list(range(13, 26))


def purse(folder: Path, limit: str) -> Purse:
    prices = Prices(Decimal(1_000_000), Decimal(1_000_000), "USD", None)
    return Purse(prices, "toy", folder / "ledger.db", {"toy": Decimal(limit)})


def test_what_is_sent_is_billed_by_what_the_server_counts(tmp_path: Path) -> None:
    of = purse(tmp_path, "1000000")
    fault = after_warm_up(lambda n: "429" if n == 3 else "")
    with serving(Served(fault=fault)) as server:
        found = sent(task(), server, purse=of)
    (account,) = accounts_in(of.ledger)
    answered = sum(not one.error for one in requests_of(found))
    trials = account.requests - answered - WARM_UP
    assert answered == 11 and trials >= 1 and account.unsure == 0
    assert account.paid >= Decimal((answered + WARM_UP) * (16 + 4))


def test_a_level_that_may_cost_more_than_is_left_is_not_sent(tmp_path: Path) -> None:
    of = purse(tmp_path, "2000")
    with serving(Served()) as server, pytest.raises(SpendingLimitError):
        sent(task(), server, purse=of)
    assert len(server.streamed) == WARM_UP
    (account,) = accounts_in(of.ledger)
    assert account.unknown == 0 and account.paid < 200
