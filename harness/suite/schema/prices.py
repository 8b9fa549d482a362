"""What models cost, and how much may be spent: decimal numbers, each in its currency."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator, Field, WithJsonSchema

from harness.money import PLACES
from harness.money import Prices as Rates
from harness.suite.schema.entry import Entry


def _is_currency(text: str) -> str:
    if not (len(text) == 3 and text.isascii() and text.isalpha() and text.isupper()):
        raise ValueError("a currency is three capital letters, such as USD or EUR")
    return text


Currency = Annotated[
    str,
    AfterValidator(_is_currency),
    WithJsonSchema({"type": "string", "pattern": "^[A-Z]{3}$"}),
]
Price = Annotated[Decimal, Field(ge=0, le=1_000_000, decimal_places=PLACES)]


class Prices(Entry):
    """What a provider asks per million tokens."""

    input: Price = Field(description="Per million tokens that are read.")
    output: Price = Field(description="Per million tokens that are written, reasoning included.")
    cached_input: Price | None = Field(
        None,
        description="Per million tokens that are read and that the provider says it had cached; "
        "default: as `input`.",
    )
    currency: Currency = Field(description="By ISO 4217, such as USD or EUR.")

    @property
    def rates(self) -> Rates:
        """The same, to reckon with."""
        return Rates(self.input, self.output, self.currency, self.cached_input)


class Spending(Entry):
    """How much may be spent, over all runs of the suite on this machine."""

    limit: Annotated[Decimal, Field(gt=0, le=1_000_000, decimal_places=PLACES)] = Field(
        description="No request is sent that might pass it."
    )
    currency: Currency | None = Field(
        None, description="Default: that of the prices, where they have one in common."
    )


class Machine(Entry):
    """What the machine costs that models run on here, so that they can be held against hosted ones."""

    price_per_hour: Annotated[Decimal, Field(ge=0, le=1_000_000, decimal_places=PLACES)] = Field(
        description="Of this machine: its rent, or its price and power over the hours that it lasts."
    )
    currency: Currency = Field(description="By ISO 4217, such as USD or EUR.")
