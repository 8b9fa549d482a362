"""Costs of 1,000 examples against a second computation in fractions, and where there is none."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.analysis.costs import cost_of
from harness.money import Prices, Tokens, amount_of, money, parts_of
from harness.records import SERVED, USAGE, Cell, Cost, Sample, ServedDetails, ServedUsage
from harness.suite.schema import SuiteSpec

PRICES = {"input": 0.15, "output": "0.6", "cached_input": 0.075, "currency": "USD"}
TASK = {"type": "classify", "dataset": "phrasebank-sample"}


def suite(prices: dict[str, Any] | None = PRICES, machine: str = "") -> SuiteSpec:
    endpoint = {"url": "http://127.0.0.1:1/v1", "model": "m", "prices": prices}
    models = {"hosted": {"endpoint": endpoint}, "here": {"source": "starter"}}
    more = {"machine": {"price_per_hour": machine, "currency": "EUR"}} if machine else {}
    return SuiteSpec.model_validate({"name": "s", "models": models, "tasks": {"t": TASK}, **more})


def cell(model: str = "hosted", remembered: int = 0, **more: Any) -> Cell:
    served = ServedDetails(host="h", model="m", api="chat", remembered=remembered)
    details = {SERVED: served.model_dump()} if model == "hosted" else {}
    given = {"n": 4, "seconds": 8.0, **more}
    return Cell(key="k", model=model, task="t", status="ok", details=details, **given)


def samples(usages: Sequence[ServedUsage]) -> list[Sample]:
    return [
        Sample(key="k", index=place, id=str(place), data={USAGE: of.model_dump()})
        for place, of in enumerate(usages)
    ]


def found(of: Cell, spec: SuiteSpec, usages: Sequence[ServedUsage] = ()) -> Cost:
    cost = cost_of(of, spec, lambda: samples(usages))
    assert cost is not None
    return cost


COUNT = st.integers(0, 100_000)


@given(st.lists(st.tuples(COUNT, COUNT, COUNT), min_size=1, max_size=9))
def test_a_cost_is_that_of_a_second_computation(counts: list[tuple[int, int, int]]) -> None:
    usages = [ServedUsage(input=a + b, cached=b, output=c) for a, b, c in counts]
    exact = Fraction(0)
    for a, b, c in counts:
        exact += Fraction(15, 100) * a + Fraction(75, 1000) * b + Fraction(6, 10) * c
    per_thousand = exact / 10**6 * 1000 / len(counts)
    amount = found(cell(), suite(), usages).amount
    assert amount is not None and abs(Fraction(amount) - per_thousand) <= Fraction(1, 10**12)


def test_the_interval_is_that_of_the_mean_over_examples() -> None:
    usages = [ServedUsage(output=count) for count in (10, 20, 30, 40)]
    cost = found(cell(), suite(), usages)
    assert (cost.amount, cost.currency, cost.of) == (Decimal("0.015"), "USD", "tokens")
    half = 3.182446305 * 12.90994449 / 2 * 0.6e-3  # Student's t of 3 degrees, s of 10, 20, 30, 40
    assert cost.low is not None and cost.high is not None
    assert float(cost.low) == pytest.approx(0.015 - half, rel=1e-6)
    assert float(cost.high) == pytest.approx(0.015 + half, rel=1e-6)


def test_what_runs_here_costs_the_hours_of_the_machine() -> None:
    cost = found(cell("here"), suite(machine="0.9"))
    assert (cost.seconds, cost.amount, cost.currency) == (2000.0, Decimal("0.5"), "EUR")
    parted = found(cell("here", answered=2), suite(machine="0.9"))
    assert parted.seconds == 4000.0, "only what was answered in these seconds"
    assert found(cell("here"), suite()).amount is None


def test_what_is_not_known_is_not_nothing() -> None:
    assert found(cell(), suite(None)).amount is None
    assert found(cell(), suite(), []).amount is None, "an older version counted no tokens"
    assert found(cell(), suite(), [ServedUsage(reckoned=1)]).reckoned
    assert found(cell(remembered=1), suite(), [ServedUsage()]).seconds is None
    failed = cell().model_copy(update={"status": "failed"})
    assert cost_of(failed, suite(), lambda: []) is None


@given(st.integers(0, 10**15))
def test_amounts_are_whole_numbers_of_the_smallest_part(parts: int) -> None:
    assert parts_of(amount_of(parts)) == parts


def test_amounts_are_shown_with_three_digits_and_never_as_nothing() -> None:
    shown = {"0": "0 USD", "0.000000001234": "0.00000000123 USD", "1234.5": "1,234 USD"}
    shown |= {"0.1": "0.1 USD", "99.95": "100 USD", "12": "12 USD"}
    assert {text: money(Decimal(text), "USD") for text in shown} == shown
    with pytest.raises(ValueError, match="more than 12 decimals"):
        parts_of(Decimal("1e-13"))
    assert Prices(Decimal(1), Decimal(2), "USD", Decimal(3)).most(Tokens(1, 1)) == Decimal("5e-6")
