"""Attention of short rows in float32, where a processor's bfloat16 is slow.

torch's fused attention copies every block of bfloat16 that it goes back through: on a core with AVX512-BF16,
torch 2.13, going back through 10 rows of 48 tokens with 4 heads of 64 took 7 ms in bfloat16 and 1.3 in float32;
forward and back 2 rows of 256 tokens 5.7 and 5.3, one of 512 tokens 7.1 and 8.8.
"""

from __future__ import annotations

from typing import Any

import torch
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

from harness.finetuning import SHORT_ROW

NAME = "harness-training"


def attend_exactly(model: Any) -> None:
    """Has a model on a processor attend in float32 where its rows are short; one whose attention is its own stays as it is."""
    if model.config._attn_implementation == "sdpa" and model.device.type == "cpu":
        model.set_attn_implementation(NAME)


def attend(
    module: Any,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    *given: Any,
    **named: Any,
) -> tuple[torch.Tensor, None]:
    """What Transformers' `sdpa` gives, (rows, tokens, heads, head size) in the values' precision."""
    if query.shape[2] > SHORT_ROW or not torch.is_autocast_enabled("cpu"):
        found, _ = sdpa_attention_forward(module, query, key, value, *given, **named)
        return found, None
    with torch.autocast("cpu", enabled=False):
        exact = (tensor.float() for tensor in (query, key, value))
        found, _ = sdpa_attention_forward(module, *exact, *given, **named)
    return found.to(value.dtype), None


AttentionInterface.register(NAME, attend)
AttentionMaskInterface.register(NAME, sdpa_mask)
