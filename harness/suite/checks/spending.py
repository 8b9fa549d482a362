"""Mistakes in what may be spent: a limit that nothing counts against, or that two currencies would."""

from __future__ import annotations

from collections.abc import Iterator

from harness.suite.checks.found import Found
from harness.suite.schema import SuiteSpec


def check_spending(spec: SuiteSpec) -> Iterator[Found]:
    """Every served model under a limit of the suite needs prices, in the limit's currency."""
    if spec.spending is None:
        return
    served = {name: of.endpoint for name, of in spec.models.items() if of.endpoint is not None}
    if not served:
        yield (
            ("spending",),
            "no model of this suite is served, so nothing is spent",
            "Leave it out.",
        )
        return
    wanted = spec.spending.currency or spec.currency
    if wanted is None and any(of.prices is not None for of in served.values()):
        hint = (
            "Name one with `currency`, and limit the models of others by `spending` of their own."
        )
        yield ("spending",), "the prices are in several currencies, which are never added", hint
        return
    for name, endpoint in served.items():
        at = ("models", name, "endpoint")
        if endpoint.prices is None:
            hint = "Give it `prices`; where it is free, `{input: 0, output: 0, currency: USD}`."
            yield at, "the suite limits what is spent, and nobody says what this model costs", hint
        elif endpoint.prices.currency != wanted and endpoint.spending is None:
            message = (
                f"its prices are in {endpoint.prices.currency}, and the suite's limit, in {wanted}, "
                "cannot count them"
            )
            yield (*at, "prices", "currency"), message, "Give it a `spending` of its own."
