"""What a report says of costs: beside quality, in their own currency, and never where nobody states them."""

from __future__ import annotations

from decimal import Decimal

from harness.records import Cost, Spent, Summary
from harness.reporting.compare import compare_table
from harness.reporting.costs import NOT_STATED, cost_heads, paid_lines
from harness.reporting.html import html
from harness.reporting.markdown import markdown
from harness.reporting.sections import document
from harness.reporting.short import short_document
from harness.reporting.tradeoffs import tradeoff_blocks
from tests.reporting.fixture import quickstart


def costing(amounts: dict[str, tuple[str, str]], seconds: float | None = 90.0) -> Summary:
    """The quickstart, where models cost so much."""
    summary = quickstart()
    task = next(cell.task for cell in summary.cells if "accuracy" in cell.metrics)
    costs = [
        Cost(model=model, task=task, seconds=seconds)
        if model not in amounts
        else Cost(
            model=model,
            task=task,
            amount=Decimal(amounts[model][0]),
            low=Decimal(amounts[model][0]) / 2,
            high=Decimal(amounts[model][0]) * 2,
            currency=amounts[model][1],
            of="tokens",
        )
        for model in summary.models
    ]
    return summary.model_copy(update={"costs": costs})


def test_a_report_without_prices_says_nothing_of_costs() -> None:
    assert cost_heads(quickstart()) == []
    assert "Cost of 1,000" not in markdown(document(quickstart()))


def test_costs_stand_beside_quality_and_what_is_not_stated_says_so() -> None:
    first, second, *_ = quickstart().models
    summary = costing({first: ("0.0123", "USD"), second: ("2.5", "USD")})
    made = compare_table(summary)
    places = [column.label for column in made.columns].index("Cost of 1,000 examples")
    rows = {row.fields[0].text: row.fields[places] for row in made.rows}
    assert (rows[first].text, rows[first].detail) == ("0.0123 USD", "[0.00615, 0.0246]")
    assert rows[second].text == "2.5 USD" and rows[second].sort == 2.5
    others = [rows[model] for model in list(summary.models)[2:] if model in rows]
    assert others and all(field == NOT_STATED for field in others)
    assert "not stated" in markdown(short_document(summary)) and "2.5 USD" in html(
        document(summary)
    )


def test_two_currencies_share_no_chart_and_no_sum() -> None:
    first, second, third, *_ = quickstart().models
    alike = costing({first: ("1", "USD"), second: ("2", "USD"), third: ("5", "EUR")})
    said = str(tradeoff_blocks(alike))
    assert "quality-against-cost-1" in said and "cost of 1,000 examples (USD)" in said
    chart = said[said.index("quality-against-cost-1") :]
    assert f"for {first}, {second}. The tables" in chart[:3000].replace("\\n", " ")
    apart = costing({first: ("1", "USD"), second: ("5", "EUR")})
    assert "quality-against-cost" not in str(tradeoff_blocks(apart))
    assert "several currencies" in markdown(document(apart))


def test_what_was_paid_is_said_with_what_is_not_sure() -> None:
    spent = Spent(
        model="m",
        currency="USD",
        paid=Decimal("1.25"),
        unsure=Decimal("0.25"),
        open=Decimal("0.01"),
        requests=1200,
    )
    summary = quickstart().model_copy(update={"spent": [spent]})
    (line,) = paid_lines(summary, "m")
    assert "1.25 USD for 1,200 requests" in line and "0.25 USD of it is the most" in line
    assert "at most 0.01 USD more" in line and not list(paid_lines(summary, "other"))
