"""What models cost: amounts are decimal numbers, each in its currency."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from harness.records.base import Record


class Cost(Record):
    """What 1,000 examples of a task cost with a model, as if nothing of them was remembered."""

    model: str
    task: str
    seconds: float | None = None
    """That 1,000 examples take as they were asked (of a server several at a time, over the network); None
    where the answer to any was remembered."""
    amount: Decimal | None = None
    """None where nobody says what the model, or this machine, costs."""
    low: Decimal | None = None
    high: Decimal | None = None
    """Interval of the mean over examples; None of what is reckoned from seconds."""
    currency: str = ""
    of: Literal["tokens", "hours", ""] = ""
    """What is paid for: tokens by the provider's prices, or the hours of this machine."""
    reckoned: bool = False
    """Whether tokens of any answer were not told by the server."""


class Spent(Record):
    """What was really paid for a model, over all runs of the suite on this machine."""

    model: str
    currency: str
    paid: Decimal
    """Looks at the server, retries and answers that were never kept included."""
    unsure: Decimal
    """The part of it that is the most that requests may have cost whose tokens nobody told."""
    open: Decimal
    """Beside it, the most that requests may have cost whose end is not known."""
    requests: int
