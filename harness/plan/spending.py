"""Which ledger what is paid stands in, and which limits it is held against."""

from __future__ import annotations

import hashlib

from harness.plan.cell_params import Spend
from harness.suite.reader import Suite


def account_of(suite: Suite) -> str:
    """The name of a suite's ledger: its own on this machine, for every limit and all results of it."""
    place = hashlib.sha256(str(suite.file.absolute()).encode()).hexdigest()[:12]
    return f"{suite.spec.name}-{place}"


def spend_of(suite: Suite, name: str) -> Spend | None:
    """What a served model costs; None of one that is run here, and where nobody says."""
    endpoint = suite.spec.models[name].endpoint
    if endpoint is None or endpoint.prices is None:
        return None
    prices, limits = endpoint.prices, dict[str, str]()
    whole = suite.spec.spending
    if whole is not None and (whole.currency or suite.spec.currency) == prices.currency:
        limits[""] = str(whole.limit)
    if endpoint.spending is not None:
        limits[name] = str(endpoint.spending.limit)
    return Spend(
        account=account_of(suite),
        model=name,
        currency=prices.currency,
        input=str(prices.input),
        output=str(prices.output),
        cached_input=None if prices.cached_input is None else str(prices.cached_input),
        limits=limits,
    )
