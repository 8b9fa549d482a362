"""What `harness plan` says a run will cost: an upper bound, told before anything is sent."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from harness.cli.costs import cost_lines
from harness.estimate.costs import CellCost, costs
from harness.records import Spent
from harness.runner.run import Prepared, prepare
from harness.suite.schema import SuiteSpec
from tests.engines.endpoint.standin import standing_in
from tests.runner.test_endpoints import Place, place
from tests.runner.test_spending import PRICES, account

__all__ = ["place"]


def planned(of: Place) -> Prepared:
    return prepare(of.folder / "suite.yaml", replace(of.options, provisional=True))


@pytest.mark.parametrize("api", ["chat", "completions"])
def test_a_run_costs_no_more_than_was_told_before_anything_was_sent(api: str, place: Place) -> None:
    with standing_in() as server:
        place.write(server.url, api, PRICES)
        (told,) = costs(planned(place))
        assert server.texts_asked == 0 and (told.model, told.task) == ("toy", "labels")
        assert told.most is not None
        place.run()
        paid = account(place).paid
        assert paid <= told.most <= 12 * paid
        assert costs(planned(place)) == []


def test_what_has_no_price_is_not_stated(place: Place) -> None:
    place.write("http://127.0.0.1:1/v1", "chat")
    assert costs(planned(place)) == []


def spec(limit: str = "") -> SuiteSpec:
    def endpoint(currency: str) -> dict[str, object]:
        prices = {"input": 1, "output": 1, "currency": currency}
        return {"endpoint": {"url": "http://h/v1", "model": "m", "prices": prices}}

    own = {"endpoint": {"url": "http://h/v1", "model": "m"}}
    models = {"a": endpoint("USD"), "b": endpoint("EUR"), "c": own}
    more = {"spending": {"limit": limit, "currency": "USD"}} if limit else {}
    task = {"type": "classify", "dataset": "phrasebank-sample"}
    return SuiteSpec.model_validate({"name": "s", "models": models, "tasks": {"t": task}, **more})


def test_currencies_stand_apart_and_a_limit_that_may_stop_the_run_is_warned_of() -> None:
    found = [
        CellCost("a", "t", "USD", Decimal("0.5")),
        CellCost("a", "load", "USD", None),
        CellCost("b", "t", "EUR", Decimal("0.25")),
        CellCost("c", "t", "", None),
    ]
    spent = [
        Spent(
            model=model,
            currency=of,
            paid=Decimal(1),
            unsure=Decimal(0),
            open=Decimal(0),
            requests=1,
        )
        for model, of in (("a", "USD"), ("gone", "USD"), ("b", "EUR"))
    ]
    lines = list(cost_lines(found, spec("2.4"), spent))
    assert lines[1] == "a: 0.5 USD, and what load costs, which cannot be told"
    assert lines[3] == "c: not stated; the suite gives no `prices` for it"
    assert lines[4] == "Together: 0.5 USD and 0.25 EUR"
    assert (
        "⚠ The limit of the suite is 2.4 USD, of which 0.4 USD are left: the run may stop"
        in lines[5]
    )
    assert "⚠" not in "".join(cost_lines(found, spec("2.6"), spent))
    assert list(cost_lines([], spec("2"), [])) == []
