"""Fine-tuning methods, one row a method: what a suite may name, and all that depends on which it is.

Everyone reads this table: the suite's format what there is, the plan what comes out (and so what follows),
the trainer how to load and what to train, the estimate what a weight takes, the report what to call it. So
it imports nothing. A method that differs in nothing but its columns is added by a row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

ADAPTER_SETTINGS = ("rank", "alpha", "dropout", "target_modules")
"""Settings of a fine-tuning that belong to an adapter."""

UNPACKED_LIMIT_BYTES = 1 << 30
"""Up to this size, frozen weights that stand for NF4 are dequantized once instead of in each step."""


@dataclass(frozen=True)
class Method:
    """A way to fine-tune.

    Attributes:
        name: in suites.
        label: for people.
        description: one sentence for the suite's format.
        base: what the base's linear layers are while it trains: rounded to the precision of the matrix
            `products`, the values that `nf4` stands for, or all of `float32`.
        trains: adapters beside the base's frozen weights, or all of its weights.
        makes: what comes out: an adapter, which is merged before conversion, or whole weights.
        optimizer_bytes: bytes of optimizer state per trained weight; AdamW keeps two float32 moments.
        learning_rate: the default learning rate, to that of LoRA.
    """

    name: str
    label: str
    description: str
    base: Literal["products", "nf4", "float32"]
    trains: Literal["adapters", "all weights"]
    makes: Literal["adapter", "weights"]
    optimizer_bytes: int = 8
    learning_rate: float = 1.0


_ROWS = (
    Method(
        name="lora",
        label="LoRA",
        description="adapters on the weights as they are (arXiv 2106.09685).",
        base="products",
        trains="adapters",
        makes="adapter",
    ),
    Method(
        name="qlora",
        label="QLoRA",
        description="adapters on weights in NF4 with double quantization (arXiv 2305.14314).",
        base="nf4",
        trains="adapters",
        makes="adapter",
    ),
    Method(
        name="full",
        label="full fine-tuning",
        description="all weights, in float32; they come out whole, and nothing is merged.",
        base="float32",
        trains="all weights",
        makes="weights",
        learning_rate=0.1,
    ),
)
METHODS: Mapping[str, Method] = {row.name: row for row in _ROWS}
LEANEST = METHODS["qlora"]
"""What is advised where memory is short."""
