"""Attention of a training's rows: joined examples one by one, and short ones in float32 on a processor.

Where examples share a row, Transformers makes a mask of all tokens by all tokens, with which no fused kernel computes
the half that is causal. Here the mask's place is taken by where each example lies (`JoinedRow`): on a processor each
attends by itself, on a GPU all at once on a grid of (examples, longest), with few launches. Either computes nothing
between examples. The row reaches each layer as its mask does, so a layer that is computed again has it, too.

torch's fused attention copies every block of bfloat16 that it goes back through: on a core with AVX512-BF16,
torch 2.13, going back through 10 rows of 48 tokens with 4 heads of 64 took 7 ms in bfloat16 and 1.3 in float32;
forward and back 2 rows of 256 tokens 5.7 and 5.3, one of 512 tokens 7.1 and 8.8.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

from harness.finetuning import SHORT_ROW

NAME = "harness-training"


class UnsupportedRowError(Exception):
    """A model asks for attention over joined examples in a way that is not theirs alone."""


@dataclass(frozen=True)
class JoinedRow:
    """Where the examples of a row lie, and what of its own example each token sees.

    Attributes:
        lengths: tokens of each example, in order.
        masks: (1, 1, tokens, tokens) of each, True where it is seen; None where that is all before it.
        grid: (examples * longest,) the token at each place, and (tokens,) the place of each; None on a processor.
    """

    lengths: tuple[int, ...]
    masks: tuple[torch.Tensor | None, ...]
    grid: tuple[torch.Tensor, torch.Tensor] | None

    def spread(self, heads: torch.Tensor) -> torch.Tensor:
        """From (1, heads, tokens, size) to (examples, heads, longest, size)."""
        assert self.grid is not None
        rows = heads[0].transpose(0, 1).index_select(0, self.grid[0])
        return rows.unflatten(0, (len(self.lengths), -1)).transpose(1, 2)

    def collect(self, rows: torch.Tensor) -> torch.Tensor:
        """From (examples, longest, heads, size) to (1, tokens, heads, size)."""
        assert self.grid is not None
        return rows.flatten(0, 1).index_select(0, self.grid[1])[None]

    def grid_mask(self) -> torch.Tensor | None:
        """(examples, 1, longest, longest): what is seen on the grid, where no token stands anything before it."""
        if all(mask is None for mask in self.masks):
            return None
        longest, device = max(self.lengths), next(m.device for m in self.masks if m is not None)
        causal = torch.ones(longest, longest, dtype=torch.bool, device=device).tril()
        found = causal.repeat(len(self.lengths), 1, 1, 1)
        for row, (length, mask) in enumerate(zip(self.lengths, self.masks, strict=True)):
            if mask is not None:
                found[row, :, :length, :length] = mask[0]
        return found


_lengths: tuple[int, ...] | None = None


@contextmanager
def joined(lengths: Sequence[int] | None) -> Iterator[None]:
    """While this is open, a row holds examples of these lengths; None: each row is an example."""
    global _lengths
    before, _lengths = _lengths, None if lengths is None else tuple(lengths)
    try:
        yield
    finally:
        _lengths = before


def make_mask(**named: Any) -> Any:
    """What Transformers' `sdpa` takes for a mask; of a joined row a `JoinedRow`."""
    if _lengths is None:
        return sdpa_mask(**named)
    if named["batch_size"] != 1 or not named["q_length"] == named["kv_length"] == sum(_lengths):
        raise UnsupportedRowError
    device = torch.device(named["device"])
    masks: list[torch.Tensor | None] = []
    begins = 0
    for length in _lengths:
        block = {"q_length": length, "kv_length": length, "q_offset": begins, "kv_offset": begins}
        mask = sdpa_mask(**named | block | {"allow_is_causal_skip": False})
        causal = torch.ones(length, length, dtype=torch.bool, device=device).tril()
        masks.append(None if bool((mask == causal).all()) else mask)
        begins += length
    grid = _grid(_lengths, device) if on_grid(device) else None
    return JoinedRow(_lengths, tuple(masks), grid)


def on_grid(device: torch.device) -> bool:
    """Whether examples attend all at once: launches cost a GPU more than padding, and a processor next to nothing."""
    return str(device.type) != "cpu"


def _grid(lengths: Sequence[int], device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    """Which token stands at each place of (examples, longest), row by row, 0 where none does; and the place of each token."""
    each = torch.tensor(lengths)
    columns = torch.arange(int(each.max()))
    taken = columns[None] < each[:, None]
    gather = torch.zeros(taken.shape, dtype=torch.long)
    gather[taken] = torch.arange(int(each.sum()))
    return gather.ravel().to(device), taken.ravel().nonzero().squeeze(1).to(device)


def attend(
    module: Any,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    mask: JoinedRow | torch.Tensor | None,
    **named: Any,
) -> tuple[torch.Tensor, None]:
    """What Transformers' `sdpa` gives, (rows, tokens, heads, head size) in the values' precision.

    Raises:
        UnsupportedRowError: the row is joined, and the layer was not told of it.
    """
    if not isinstance(mask, JoinedRow):
        if _lengths is not None:
            raise UnsupportedRowError(type(module).__name__)
        return _attend_rows(module, (query, key, value), mask, named), None
    if named.get("position_bias") is not None:
        raise UnsupportedRowError(type(module).__name__)
    if mask.grid is not None:
        rows = [mask.spread(heads) for heads in (query, key, value)]
        return mask.collect(_attend_rows(module, rows, mask.grid_mask(), named)), None
    lengths = list(mask.lengths)
    parts = zip(*(heads.split(lengths, dim=2) for heads in (query, key, value)), strict=True)
    found = [
        _attend_rows(module, part, seen, named)
        for part, seen in zip(parts, mask.masks, strict=True)
    ]
    return torch.cat(found, dim=1), None


def _attend_rows(
    module: Any, heads: Sequence[torch.Tensor], mask: torch.Tensor | None, named: dict[str, Any]
) -> torch.Tensor:
    """Of query, key and value (rows, heads, tokens, size): (rows, tokens, heads, size)."""
    query, key, value = heads
    short = query.device.type == "cpu" and query.shape[2] <= SHORT_ROW
    if not short or not torch.is_autocast_enabled("cpu"):
        found, _ = sdpa_attention_forward(module, query, key, value, mask, **named)
        return found
    with torch.autocast("cpu", enabled=False):
        exact = (tensor.float() for tensor in (query, key, value))
        found, _ = sdpa_attention_forward(module, *exact, mask, **named)
    return found.to(value.dtype)


AttentionInterface.register(NAME, attend)
AttentionMaskInterface.register(NAME, make_mask)
