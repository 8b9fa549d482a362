"""What a run will cost at most, in the words of `harness plan`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from decimal import Decimal

from harness.estimate.costs import CellCost
from harness.money import money
from harness.records import Spent
from harness.suite.schema import SuiteSpec


def cost_lines(found: Sequence[CellCost], spec: SuiteSpec, spent: Sequence[Spent]) -> Iterator[str]:
    """By model and currency, beside what the suite allows; nothing where no model has prices."""
    if not found:
        return
    yield "What it costs at most, if every answer is as long as it may be and none is remembered"
    totals: defaultdict[str, Decimal] = defaultdict(Decimal)
    for model in dict.fromkeys(of.model for of in found):
        cells = [of for of in found if of.model == model]
        known = [of.most for of in cells if of.most is not None]
        unknown = [of.task for of in cells if of.most is None]
        currency = cells[0].currency
        if not currency:
            yield f"{model}: not stated; the suite gives no `prices` for it"
            continue
        totals[currency] += (amount := sum(known, Decimal(0)))
        more = f", and what {', '.join(unknown)} costs, which cannot be told" if unknown else ""
        yield f"{model}: {money(amount, currency)}{more}"
        own = spec.models[model].endpoint
        if own is not None and own.spending is not None:
            yield from _left(f"of {model}", own.spending.limit, currency, amount, spent, model)
    if len(totals) > 1 or len({of.model for of in found}) > 1:
        yield "Together: " + " and ".join(money(of, currency) for currency, of in totals.items())
    currency = (spec.spending.currency or spec.currency or "") if spec.spending else ""
    if spec.spending is not None and currency:
        amount = totals.get(currency, Decimal(0))
        yield from _left("of the suite", spec.spending.limit, currency, amount, spent)
    yield ""


def _left(
    whose: str,
    limit: Decimal,
    currency: str,
    amount: Decimal,
    spent: Sequence[Spent],
    model: str = "",
) -> Iterator[str]:
    """What a limit leaves of itself."""
    gone = sum(
        (of.paid + of.open for of in spent if of.currency == currency and model in ("", of.model)),
        Decimal(0),
    )
    left = max(Decimal(0), limit - gone)
    said = (
        f"The limit {whose} is {money(limit, currency)}, of which {money(left, currency)} are left"
    )
    warning = "  ⚠ " if amount > left else "  "
    more = ": the run may stop before its end, and goes on when it is raised" * (amount > left)
    yield f"{warning}{said}{more}."
