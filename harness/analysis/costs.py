"""What 1,000 examples cost: from the tokens of each answer and the suite's prices, or from this machine's hours."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal

from harness.analysis.intervals import student_t
from harness.money import SMALLEST, Prices, Tokens, of_time
from harness.records import SERVED, USAGE, Cell, Cost, Sample, ServedDetails, ServedUsage
from harness.suite.schema import SuiteSpec, type_of

THOUSAND = 1000


def cost_of(
    cell: Cell, suite: SuiteSpec, samples: Callable[[], Sequence[Sample]], confidence: float = 0.95
) -> Cost | None:
    """What 1,000 examples of a cell cost; None of what is timed, and of what was not answered.

    Args:
        cell: of a model and a task.
        suite: says the prices.
        samples: the answers of the cell.
        confidence: of the interval.
    """
    if cell.status != "ok" or not cell.n or type_of(suite.tasks[cell.task]).timed:
        return None
    made = Cost(model=cell.model, task=cell.task, seconds=_seconds(cell))
    endpoint = suite.models[cell.model].endpoint
    if endpoint is not None:
        return (
            made
            if endpoint.prices is None
            else _of_tokens(made, endpoint.prices.rates, samples(), confidence)
        )
    if suite.machine is None or made.seconds is None:
        return made
    amount = of_time(suite.machine.price_per_hour, made.seconds)
    how = {"amount": _rounded(amount), "currency": suite.machine.currency, "of": "hours"}
    return made.model_copy(update=how)


def _seconds(cell: Cell) -> float | None:
    """Of 1,000 examples, by those that were answered in the cell's seconds."""
    if SERVED in cell.details and ServedDetails.model_validate(cell.details[SERVED]).remembered:
        return None
    answered = cell.n if cell.answered is None else cell.answered
    return THOUSAND * cell.seconds / answered if answered and cell.seconds > 0 else None


def _of_tokens(made: Cost, prices: Prices, samples: Sequence[Sample], confidence: float) -> Cost:
    used = [ServedUsage.model_validate(one.data[USAGE]) for one in samples if USAGE in one.data]
    if not used or len(used) < len(samples):
        return made
    each = [prices.of(Tokens(of.input, of.output, of.cached)) for of in used]
    found = student_t([float(amount) * THOUSAND for amount in each], confidence)
    ends = {
        name: _rounded(Decimal(repr(max(0.0, end))))
        for name, end in (("low", found.low), ("high", found.high))
        if end is not None
    }
    return made.model_copy(
        update={
            "amount": _rounded(sum(each, Decimal(0)) * THOUSAND / len(each)),
            "currency": prices.currency,
            "of": "tokens",
            "reckoned": any(of.reckoned for of in used),
            **ends,
        }
    )


def _rounded(amount: Decimal) -> Decimal:
    return amount.quantize(SMALLEST).normalize()
