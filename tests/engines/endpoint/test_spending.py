"""A spending limit is never passed: not side by side, not by retries, not after a kill; sums are exact."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import threading
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.engines.endpoint.answerer import EndpointAnswerer
from harness.engines.endpoint.ledger import Account, Ledger, OverError, accounts_in
from harness.engines.endpoint.replies import Reply
from harness.engines.endpoint.requests import Requests
from harness.engines.endpoint.spending import Purse, Spending, most_tokens
from harness.engines.endpoint.transport import Transport
from harness.engines.protocol import Limits
from harness.errors import SpendingLimitError
from harness.money import Prices, Tokens
from tests.engines.endpoint.standin import StandIn, standing_in
from tests.engines.endpoint.test_conformance import prompts
from tests.engines.endpoint.test_transport import Time
from tests.engines.endpoint.toy import tokens_of

PRICES = Prices(Decimal("0.15"), Decimal("0.6"), "USD", Decimal("0.075"))
ASKED = {"prompt": "The bank"}


def purse(file: Path, limit: str = "", own: str = "", prices: Prices = PRICES) -> Purse:
    limits = {"": limit, "toy": own}
    return Purse(prices, "toy", file, {whose: Decimal(of) for whose, of in limits.items() if of})


def account(file: Path) -> Account:
    (found,) = accounts_in(file)
    return found


def asking(server: StandIn, of: Purse, **more: Any) -> Requests:
    time = Time()
    return Requests(Transport(server.spec(purse=of, **more), time.sleep, time.clock))


def test_what_was_paid_is_what_a_second_computation_finds(tmp_path: Path) -> None:
    file = tmp_path / "ledger"
    with standing_in() as server:
        answerer = EndpointAnswerer(server.spec(purse=purse(file)))
        assert len(list(answerer.generate(prompts(False), Limits(7)))) == 5
        answerer.close()
        expected = Fraction(0)
        for _, body in server.asked:
            read, written = len(tokens_of(body["prompt"])), body["max_tokens"]
            expected += (Fraction(15, 100) * read + Fraction(6, 10) * written) / 10**6
        found = account(file)
        assert Fraction(found.paid) == expected
        assert found.requests == server.texts_asked and not found.open and not found.unsure


def test_cached_input_costs_less_and_reasoning_is_output() -> None:
    reply = Reply()
    usage = {
        "prompt_tokens": 1000,
        "completion_tokens": 50,
        "total_tokens": 1350,
        "prompt_tokens_details": {"cached_tokens": 600},
        "completion_tokens_details": {"reasoning_tokens": 300},
    }
    reply.take({"usage": usage}, 0.0)
    assert reply.billed == Tokens(1000, 350, 600) and reply.reasoning_tokens == 300
    assert PRICES.of(Tokens(1000, 350, 600)) == Decimal("0.000315")
    dear = Prices(Decimal(1), Decimal(1), "USD")
    assert dear.of(Tokens(10, 0, 10)) == Decimal("0.00001")


def test_a_limit_stops_before_it_is_passed_and_a_higher_one_goes_on(tmp_path: Path) -> None:
    file = tmp_path / "ledger"
    with standing_in() as server:
        asking(server, purse(tmp_path / "without a limit")).write(ASKED, 3)
        most = PRICES.most(most_tokens(server.asked.pop()[1]))
        each = PRICES.of(Tokens(2, 3))
        limited = asking(server, purse(file, limit=str(most + 4 * each)))
        with pytest.raises(
            SpendingLimitError, match=r"limit of the suite is .*was not sent"
        ) as stop:
            for _ in range(20):
                limited.write(ASKED, 3)
        assert (server.texts_asked, account(file).paid) == (5, 5 * each)
        assert "Raise `limit`" in stop.value.hint
        asking(server, purse(file, limit=str(most + 5 * each))).write(ASKED, 3)
        assert server.texts_asked == 6
        with pytest.raises(SpendingLimitError, match="limit of `toy`"):
            asking(server, purse(file, own=str(most))).write(ASKED, 3)


@settings(max_examples=10)
@given(seed=st.integers(0, 2**32), limit=st.integers(1, 400), threads=st.integers(1, 8))
def test_threads_with_random_usage_never_pass_the_limit(
    seed: int, limit: int, threads: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = tmp_path_factory.mktemp("ledger") / "l"
    allowed = Decimal(limit) / 1_000_000
    spending = Spending(purse(file, limit=str(allowed)))
    stopped, costs = list[int](), list[Decimal]()
    lock = threading.Lock()

    def ask(number: int) -> None:
        chance = random.Random(seed + number)
        for _ in range(8):
            body = {"prompt": "x" * chance.randrange(200), "max_tokens": chance.randrange(1, 60)}
            most = most_tokens(body)
            used = Tokens(chance.randrange(most.input + 1), chance.randrange(most.output + 1))
            used = Tokens(used.input, used.output, chance.randrange(used.input + 1))
            try:
                with spending.billing(body) as bill:
                    bill.came(
                        Reply(
                            prompt_tokens=used.input,
                            new_tokens=used.output,
                            cached_tokens=used.cached,
                        )
                    )
            except SpendingLimitError:
                stopped.append(number)
                return
            with lock:
                costs.append(PRICES.of(used))

    running = [threading.Thread(target=ask, args=(number,)) for number in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    spending.close()
    if not costs:
        assert len(stopped) == threads
        return
    found = account(file)
    assert found.paid == sum(costs) <= allowed and found.open == 0


HAMMER = """
import sys
from decimal import Decimal
from pathlib import Path
from harness.engines.endpoint.ledger import Ledger, OverError
ledger = Ledger(Path(sys.argv[1]))
for turn in range(60):
    try:
        number = ledger.reserve("toy", "USD", Decimal("0.003"), {"": Decimal("0.1")})
    except OverError:
        break
    ledger.settle(number, Decimal("0.002"))
print("ended")
"""


def test_processes_share_one_ledger(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HAMMER, str(tmp_path / "ledger")]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(3)]
    assert [process.communicate()[0] for process in running] == [b"ended\n"] * 3
    found = account(tmp_path / "ledger")
    assert Decimal("0.096") <= found.paid <= Decimal("0.1")
    assert found.paid == found.requests * Decimal("0.002") and found.open == 0


DIE = """
import os, signal, sys
from decimal import Decimal
from pathlib import Path
from harness.engines.endpoint.ledger import Ledger
ledger = Ledger(Path(sys.argv[1]))
ledger.settle(ledger.reserve("toy", "USD", Decimal("0.01"), {}), Decimal("0.004"))
ledger.reserve("toy", "USD", Decimal("0.01"), {})
ledger.reserve("toy", "USD", Decimal("0.01"), {})
print("sent", flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_process_had_sent_counts_at_the_most(tmp_path: Path) -> None:
    file = tmp_path / "ledger"
    died = subprocess.run([sys.executable, "-c", DIE, str(file)], capture_output=True, check=False)
    assert died.returncode == -signal.SIGKILL and died.stdout == b"sent\n"
    found = account(file)
    assert (found.paid, found.open, found.unknown) == (Decimal("0.004"), Decimal("0.02"), 2)
    ledger = Ledger(file)
    ledger.reserve("toy", "USD", Decimal("0.006"), {"": Decimal("0.03")})
    with pytest.raises(OverError) as over:
        ledger.reserve("toy", "USD", Decimal("0.000001"), {"": Decimal("0.03")})
    assert over.value.spent == Decimal("0.03")
    ledger.reserve("toy", "EUR", Decimal("0.03"), {"": Decimal("0.03")})


@pytest.mark.parametrize(
    ("fails", "billed", "unsure"), [(429, 1, 0), (503, 1, 0), (500, 1, 0), (0, 3, 2)]
)
def test_a_refusal_is_not_billed_and_an_answer_that_broke_off_counts_at_the_most(
    fails: int, billed: int, unsure: int, tmp_path: Path
) -> None:
    with standing_in(fails=[(fails, {})] * 2) as server:
        asking(server, purse(tmp_path / "ledger"), retries=3).write(ASKED, 3)
        found = account(tmp_path / "ledger")
        (_, body), *_ = server.asked
        assert server.texts_asked == 3 and found.requests == billed and found.open == 0
        assert found.unsure == unsure * PRICES.most(most_tokens(body))
        assert found.paid == found.unsure + PRICES.of(Tokens(2, 3))


def test_a_server_that_does_not_count_is_taken_to_bill_the_most(tmp_path: Path) -> None:
    with standing_in(None, "no-usage") as server:
        asking(server, purse(tmp_path / "ledger")).write(ASKED, 3)
        found = account(tmp_path / "ledger")
        assert found.paid == found.unsure == PRICES.most(most_tokens(server.asked[0][1]))


def test_what_nobody_foresaw_is_foreseen_from_then_on(tmp_path: Path) -> None:
    spending = Spending(purse(tmp_path / "ledger", limit="0.001"))
    body = {"prompt": "x", "max_tokens": 1}
    with spending.billing(body) as bill:
        bill.came(Reply(prompt_tokens=3000, new_tokens=1))
    assert account(tmp_path / "ledger").paid == PRICES.of(Tokens(3000, 1))
    with spending.billing(body) as bill:
        bill.came(Reply(prompt_tokens=3000, new_tokens=1))
    with pytest.raises(SpendingLimitError), spending.billing(body):
        raise AssertionError("it was sent")
    assert account(tmp_path / "ledger").paid == 2 * PRICES.of(Tokens(3000, 1)) < Decimal("0.001")


def test_answers_side_by_side_wait_for_what_is_set_aside(tmp_path: Path) -> None:
    """All that is answered before the stop is given on, and no more is sent than the limit allows."""
    with standing_in() as server:
        answerer = EndpointAnswerer(
            server.spec("chat", purse=purse(tmp_path / "probe"), concurrency=4)
        )
        answerer.close()
        probed = account(tmp_path / "probe").paid
        limit = probed + 4 * PRICES.most(
            most_tokens({"messages": [{"content": "x" * 40}], "max_tokens": 9})
        )
        answerer = EndpointAnswerer(
            server.spec("chat", purse=purse(tmp_path / "ledger", limit=str(limit)), concurrency=4)
        )
        found: list[int] = []
        with pytest.raises(SpendingLimitError):
            found.extend(place for place, _ in answerer.generate(prompts(True) * 40, Limits(9)))
        answerer.close()
        assert 0 < len(found) < 200
        assert account(tmp_path / "ledger").paid <= limit
        assert account(tmp_path / "ledger").open == 0
