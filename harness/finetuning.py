"""Fine-tuning methods, one row a method: what a suite may name, and all that depends on which it is.

Everyone reads this table: the suite's format what there is, the plan what comes out (and so what follows),
the trainer how to load and what to train, the estimate what a weight takes, the report what to call it. So
it imports nothing. A method that differs in nothing but its columns is added by a row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

ADAPTER_SETTINGS = (
    "rank", "alpha", "dropout", "target_modules", "initialization", "modules_to_save", "rank_pattern",
    "alpha_pattern",
)  # fmt: skip
"""Settings of a fine-tuning that belong to an adapter."""

INITIALIZATIONS: Mapping[str, tuple[bool | str, bool]] = {
    "default": (True, False),
    "gaussian": ("gaussian", False),
    "orthogonal": ("orthogonal", False),
    "pissa": ("pissa", True),
    "pissa-fast": ("pissa_niter_16", True),
    "olora": ("olora", True),
}
"""What adapters begin with, by the name in suites: PEFT's `init_lora_weights`, and whether it takes the
adapter's beginning out of the base. default: A uniform (Kaiming), B zero; gaussian: A normal; orthogonal: both
orthogonal in pairs. pissa: the largest singular values and vectors of each weight (arXiv 2404.02948), fast by 16 rounds of
a randomized decomposition; olora: from its QR decomposition (arXiv 2406.01775)."""

NOT_OFFERED: Mapping[str, str] = {
    "loftq": "begins so that adapter and quantized base together are near the unquantized weights, which PEFT works out "
    "on a GPU alone; take `method: qlora` with default, gaussian or orthogonal",
    "eva": "looks at what the layers are given for train examples before the first step; take orthogonal, which needs no "
    "examples, or pissa",
    "corda": "looks at what the layers are given for sample texts before the first step; take pissa, which needs none",
    "lora_ga": "looks at gradients of train examples before the first step; take pissa, which needs none",
    "mica": "keeps one half of each adapter as it began, which is another method than LoRA; take olora or pissa",
    "pissa_niter_16": "is called pissa-fast here; take that",
}
"""What PEFT begins adapters with besides, by its own name: why it is not offered, and what to take for it."""

UNPACKED_LIMIT_BYTES = 1 << 30
"""Up to this size, frozen weights that stand for NF4 are dequantized once instead of in each step."""

SHORT_ROW = 256
"""Tokens of a row up to which a processor attends in float32 as fast as in bfloat16, or faster."""


@dataclass(frozen=True)
class Method:
    """A way to fine-tune.

    Attributes:
        name: in suites.
        label: for people.
        description: one sentence for the suite's format.
        base: what the base's linear layers are while it trains: rounded to the precision of the matrix
            `products`, the values that `nf4` stands for, bitsandbytes' `int8` layers, or all of `float32`.
        trains: adapters beside the base's frozen weights, or all of its weights.
        makes: what comes out: an adapter, which is merged before conversion, or whole weights.
        optimizer_bytes: bytes of optimizer state per trained weight; AdamW keeps two float32 moments.
        learning_rate: the default learning rate, to that of LoRA.
        config: what PEFT's `LoraConfig` is told besides.
    """

    name: str
    label: str
    description: str
    base: Literal["products", "nf4", "int8", "float32"]
    trains: Literal["adapters", "all weights"]
    makes: Literal["adapter", "weights"]
    optimizer_bytes: int = 8
    learning_rate: float = 1.0
    config: Mapping[str, bool] = field(default_factory=dict)

    @property
    def quantized(self) -> Literal["nf4", "int8"] | None:
        """What bitsandbytes makes of the base, where it does."""
        return self.base if self.base in ("nf4", "int8") else None


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
        name="lora-8bit",
        label="LoRA on 8 bits",
        description="adapters on weights in 8 bits (LLM.int8, arXiv 2208.07339).",
        base="int8",
        trains="adapters",
        makes="adapter",
    ),
    Method(
        name="dora",
        label="DoRA",
        description="LoRA that learns the length of each weight's columns apart from their direction "
        "(arXiv 2402.09353).",
        base="products",
        trains="adapters",
        makes="adapter",
        config={"use_dora": True},
    ),
    Method(
        name="rslora",
        label="rsLoRA",
        description="LoRA whose update is scaled by alpha / sqrt(rank), for high ranks (arXiv 2312.03732).",
        base="products",
        trains="adapters",
        makes="adapter",
        config={"use_rslora": True},
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
