"""What was really paid for a suite's models, from its ledger."""

from __future__ import annotations

from pathlib import Path

from harness.engines.endpoint.ledger import accounts_in
from harness.engines.endpoint.places import ledger_file
from harness.plan.spending import account_of
from harness.records import Spent
from harness.suite.reader import Suite


def spent_on(suite: Suite, home: Path) -> list[Spent]:
    """By model and currency; of models that the suite no longer has, too, since its limit counts them."""
    return [
        Spent(
            model=of.model,
            currency=of.currency,
            paid=of.paid,
            unsure=of.unsure,
            open=of.open,
            requests=of.requests,
        )
        for of in accounts_in(ledger_file(home, account_of(suite)))
    ]
