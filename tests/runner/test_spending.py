"""Suites that cost something, from the file to the stopped cell that goes on: a server that stands in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from harness.engines.endpoint.ledger import Account, accounts_in
from harness.engines.endpoint.places import ledger_file
from harness.engines.endpoint.spending import most_tokens
from harness.money import Prices, Tokens
from harness.plan.cell_params import CellParams
from harness.plan.spending import account_of
from harness.runner.run import Options, prepare
from tests.engines.endpoint.standin import StandIn, standing_in
from tests.runner.test_endpoints import Place, only, place

__all__ = ["place"]
PRICES = ", prices: {input: 10, output: 20.5, currency: USD}"
RATES = Prices(Decimal(10), Decimal("20.5"), "USD")


def account(of: Place) -> Account:
    prepared = prepare(of.folder / "suite.yaml", of.options)
    (found,) = accounts_in(ledger_file(of.folder / "home", account_of(prepared.suite)))
    return found


def cost(server: StandIn, body: Mapping[str, Any]) -> Decimal:
    """What a request costs, by the tokens that the server counts itself."""
    answer = server.answer(body)["usage"]
    return RATES.of(Tokens(answer["prompt_tokens"], answer["completion_tokens"]))


def recomputed(server: StandIn) -> Decimal:
    """What all requests cost."""
    return sum((cost(server, body) for _, body in server.asked), Decimal(0))


def test_a_limit_leaves_a_stopped_cell_and_a_higher_one_goes_on(
    place: Place, tmp_path: Path
) -> None:
    (tmp_path / "before").mkdir()
    before = Place(tmp_path / "before")
    with standing_in() as server:
        before.write(server.url, "chat", PRICES)
        assert not before.run().failures
        whole, (_, last) = recomputed(server), server.asked[-1]
        assert account(before).paid == whole
    with standing_in() as server:
        room = RATES.most(most_tokens(last)) - 4 * cost(server, last)
        place.write(server.url, "chat", PRICES, f"spending: {{limit: {whole + room:.6f}}}\n")
        outcome = place.run()
        ((step, failure),) = outcome.failures
        assert (step.model, failure.kind) == ("toy", "spending-limit")
        kept = {sample["index"] for sample in samples(place)}
        assert 0 < len(kept) < 12 and only(outcome.summary).n == len(kept)
        assert account(place).paid == recomputed(server) < whole and not account(place).open
        place.write(server.url, "chat", PRICES, "spending: {limit: 1, currency: USD}\n")
        again = place.run()
        assert only(again.summary).status == "ok" and only(again.summary).n == 12
        bodies = [json.dumps(body) for _, body in server.asked if "the bank" in json.dumps(body)]
        assert len(bodies) == len(set(bodies)) >= 12
        assert account(place).paid == recomputed(server)


def samples(of: Place) -> list[dict[str, Any]]:
    file = of.options.results / "served/cells/toy/labels/samples.jsonl"
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_all_runs_of_a_suite_count_against_its_limit(place: Place) -> None:
    with standing_in() as server:
        place.write(server.url, "chat", f"{PRICES}, spending: {{limit: 0.12}}")
        assert not place.run().failures
        options = Options(place.folder / "elsewhere", home=place.folder / "home", limit=4)
        (cell,) = prepare(place.folder / "suite.yaml", options).cells
        spend = cell.given(CellParams).connection
        assert spend is not None and spend.spend is not None
        assert spend.spend.limits == {"toy": "0.12"}
        assert spend.spend.account == account_of(
            prepare(place.folder / "suite.yaml", options).suite
        )


def test_prices_are_in_no_key(place: Place) -> None:
    with standing_in() as server:
        place.write(server.url, "chat")
        first = only(place.run().summary).key
        place.write(server.url, "chat", PRICES, "spending: {limit: 1}\n")
        asked = server.texts_asked
        assert only(place.run().summary).key == first and server.texts_asked == asked


@pytest.mark.parametrize(
    ("more", "limit", "said"),
    [
        ("", "", "nobody says what this model costs"),
        (", spending: {limit: 1}", "", "give it `prices`"),
        (PRICES, ", currency: EUR", "its prices are in USD, and the suite's limit, in EUR"),
        (PRICES.replace("USD", "usd"), "", "three capital letters"),
        (PRICES.replace("20.5", "0.12345678"), "", "6 decimal places"),
        (PRICES.replace("20.5", "-1"), "", "greater than or equal to 0"),
        (f"{PRICES}, spending: {{limit: 1, currency: EUR}}", "", "never added"),
        (PRICES.replace("input", "imput"), "", "Did you mean `input`"),
    ],
)
def test_what_cannot_be_counted_is_refused(more: str, limit: str, said: str, place: Place) -> None:
    from harness.suite.problems import SuiteError

    place.write("http://127.0.0.1:1/v1", "chat", more, f"spending: {{limit: 5{limit}}}\n")
    with pytest.raises(SuiteError) as caught:
        prepare(place.folder / "suite.yaml", place.options)
    assert said in caught.value.message
