"""Attention for passes that hold many sequences in one row, behind a prefix that was run once.

Transformers lets a model's attention be replaced by name. This one takes the tokens of a pass
packed one after the other, without padding, so that all other layers compute nothing twice and
nothing for nothing; keys of a shared prefix are read where they lie and not copied for each
sequence (the idea of Hydragen: Juravsky et al. 2024, arXiv 2402.05099, §3; here with one softmax
over both parts, instead of two that are merged).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from typing import Any

import torch
from transformers import AttentionInterface

from harness.engines.hf.slots import Slots

NAME = "harness-packed"
PART_SCORES = {"cpu": 1 << 20, "cuda": 1 << 25}
"""Most attention scores computed at a time: few enough to stay in a core's cache; on a GPU few launches (some 256 MiB)."""

PLACES = {"position_ids", "cache_position"}
"""What models hand through to their attention that it need not look at: rotary embeddings are applied before."""


class UnsupportedAttentionError(Exception):
    """A model asks its attention for something that this one does not do."""


@dataclass
class Layout:
    """Where the tokens of a pass stand, and what each may look at.

    Attention runs on a grid of (sequences, width) places; all else on packed tokens.
    """

    gather: Any
    """(sequences * width,): which token stands at each place; None if place n is token n."""
    scatter: Any
    """(tokens,): the place of each token; None as above."""
    sequences: int
    width: int
    positions: Any
    """(sequences, width): positions of the places' tokens."""
    visible: Any
    """(sequences, width, keys): which of a sequence's own keys a place may look at."""
    key_positions: Any
    """(sequences or 1, keys): positions of these keys."""
    prefix: Slots | None = None
    prefix_length: int = 0
    store: Slots | None = None
    slots: Any = None
    """(tokens,): the slot of each token in `store`."""
    offsets: Any = None
    """(tokens,): its place in the slot."""
    from_store: bool = False
    """Whether a sequence's own keys are those of its slot, or those of this pass."""
    _hidden: dict[tuple[int | None, bool], Any] = field(default_factory=dict)
    _elsewhere: dict[Any, Layout] = field(default_factory=dict)
    _copy_of: Layout | None = None

    def on(self, device: Any) -> Layout:
        """The same on another device, for layers of a spread model that are there; copied once a pass."""
        if device == self.positions.device:
            return self
        if device not in self._elsewhere:
            tensors = {
                one.name: getattr(self, one.name).to(device)
                for one in fields(self)
                if torch.is_tensor(getattr(self, one.name))
            }
            self._elsewhere[device] = replace(
                self, **tensors, _hidden={}, _elsewhere={}, _copy_of=self
            )
        return self._elsewhere[device]

    def hidden(self, window: int | None, behind_prefix: bool) -> Any:
        """(sequences, 1, 1, width, keys): what must not be looked at; None if nothing.

        Args:
            window: how far back a token sees, itself included (a sliding window); None: all.
            behind_prefix: whether the prefix's keys come before the sequence's own.
        """
        if (window, behind_prefix) not in self._hidden and self._copy_of is not None:
            found = self._copy_of.hidden(window, behind_prefix)
            moved = None if found is None else found.to(self.positions.device)
            self._hidden[window, behind_prefix] = moved
        if (window, behind_prefix) not in self._hidden:
            masked = ~self.visible
            if window is not None:
                far = self.positions[:, :, None] - self.key_positions[:, None, :] >= window
                masked = masked | far
            if behind_prefix:
                before = torch.zeros(
                    (*masked.shape[:2], self.prefix_length), dtype=torch.bool, device=masked.device
                )
                if window is not None:
                    places = torch.arange(self.prefix_length, device=masked.device)
                    before = self.positions[:, :, None] - places >= window
                masked = torch.cat([before, masked], dim=-1)
            self._hidden[window, behind_prefix] = (
                masked[:, None, None] if bool(masked.any()) else None
            )
        return self._hidden[window, behind_prefix]

    def spread(self, packed: Any) -> Any:
        """From (heads, tokens, size) to (sequences, heads, width, size)."""
        heads, _, size = packed.shape
        rows = packed.transpose(0, 1)
        if self.gather is not None:
            rows = rows.index_select(0, self.gather)
        return rows.reshape(self.sequences, self.width, heads, size).transpose(1, 2)

    def collect(self, grid: Any) -> Any:
        """From (sequences, heads, width, size) to (tokens, heads, size)."""
        rows = grid.transpose(1, 2).reshape(-1, grid.shape[1], grid.shape[3])
        return rows if self.scatter is None else rows.index_select(0, self.scatter)


_current: Layout | None = None


@contextmanager
def laid_out(layout: Layout) -> Iterator[None]:
    """While this is open, models that use this attention run by `layout`."""
    global _current
    _current = layout
    try:
        yield
    finally:
        _current = None


def attend(
    module: Any,
    query: Any,
    key: Any,
    value: Any,
    attention_mask: Any,
    scaling: float | None = None,
    sliding_window: int | None = None,
    softcap: float | None = None,
    **others: Any,
) -> tuple[Any, None]:
    """The attention that Transformers calls for each layer.

    Args:
        module: the layer; says its index.
        query: (1, query heads, tokens, size); key, value: (1, heads, tokens, size).
        attention_mask: not used: the layout says what is visible.
        scaling: factor on the scores; default 1 / sqrt(size).
        sliding_window: how far back a token sees; None: all.
        softcap: scores become softcap * tanh(scores / softcap) (Gemma 2).

    Returns:
        (1, tokens, query heads, value size), and no weights.

    Raises:
        UnsupportedAttentionError: more is asked for (sinks, biases, chosen keys, sight of what comes after), the model
            does not say how far a layer sees, or no layout is set.
    """
    layout, layer = _current, getattr(module, "layer_idx", None)
    if layout is None or layer is None or _asks_for_more(others) or query.shape[0] != 1:
        raise UnsupportedAttentionError(type(module).__name__)
    if sliding_window is None and _slides(getattr(module, "config", None), layer):
        raise UnsupportedAttentionError(type(module).__name__)
    layout = layout.on(query.device)
    if layout.store is not None:
        layout.store.write(layer, layout.slots, layout.offsets, key[0], value[0])
    if layout.store is not None and layout.from_store:
        keys, values = layout.store.read(layer, layout.sequences)
    else:
        keys, values = layout.spread(key[0]), layout.spread(value[0])
    scaling = query.shape[-1] ** -0.5 if scaling is None else scaling
    before = None
    if layout.prefix is not None:
        before = tuple(part[0] for part in layout.prefix.read(layer, 1))  # (heads, prefix, size)
    grid = layout.spread(query[0] * scaling)
    hidden = layout.hidden(sliding_window, before is not None)
    heads, most = keys.shape[1], PART_SCORES.get(query.device.type, PART_SCORES["cpu"])
    out = grid.new_empty((*grid.shape[:3], values.shape[-1]))
    for rows, columns in _parts(grid.shape, keys.shape[2] + layout.prefix_length, most):
        asked = grid[rows, :, columns]
        asked = asked.unflatten(1, (heads, -1))  # (rows, heads, queries of a head, columns, size)
        mask = None if hidden is None else hidden[rows, :, :, columns]
        found = _attend(asked, keys[rows], values[rows], before, mask, softcap)
        out[rows, :, columns] = found.flatten(1, 2)
    return layout.collect(out).unsqueeze(0), None


def _asks_for_more(others: dict[str, Any]) -> bool:
    """Whether a model hands its attention something that weighs or hides: a tensor that is no mere place."""
    return others.get("is_causal") is False or any(
        torch.is_tensor(value) for name, value in others.items() if name not in PLACES
    )


def _slides(config: Any, layer: int) -> bool:
    """Whether a layer sees a window only; its model then has to say so with each call."""
    types = getattr(config, "layer_types", None)
    if types is not None:
        return bool(types[layer] == "sliding_attention")
    used = getattr(config, "use_sliding_window", True)
    return used and getattr(config, "sliding_window", None) is not None


def _parts(shape: Any, keys: int, most: int) -> Iterator[tuple[slice, slice]]:
    """Cuts a grid (sequences, heads, width, …) so that no part has too many scores."""
    sequences, heads, width = shape[:3]
    rows = max(1, most // (heads * width * keys))
    columns = width if rows > 1 else max(1, most // (heads * keys))
    for row in range(0, sequences, rows):
        for column in range(0, width, columns):
            yield slice(row, row + rows), slice(column, column + columns)


def _attend(query: Any, keys: Any, values: Any, before: Any, mask: Any, softcap: Any) -> Any:
    """Scaled queries (rows, heads, group, columns, size) over own keys and those before."""
    rows, heads, group, columns, size = query.shape
    own = keys.shape[2]
    asked = query.reshape(rows * heads, group * columns, size)
    scores = torch.bmm(asked, keys.reshape(rows * heads, own, size).transpose(1, 2))
    scores = scores.view(rows, heads, group, columns, own)
    if before is not None:
        turned = query.transpose(0, 1).reshape(heads, rows * group * columns, size)
        first = torch.bmm(turned, before[0].transpose(1, 2))
        first = first.view(heads, rows, group, columns, -1).transpose(0, 1)
        scores = torch.cat([first, scores], dim=-1)
    if softcap is not None:
        scores = torch.tanh(scores / softcap) * softcap
    if mask is not None:
        scores = scores.masked_fill(mask, float("-inf"))
    weights = scores.softmax(-1, dtype=torch.float32).to(query.dtype)
    mine = weights[..., -own:].reshape(rows * heads, group * columns, own)
    found = torch.bmm(mine, values.reshape(rows * heads, own, -1))
    found = found.view(rows, heads, group, columns, -1)
    if before is not None:
        theirs = weights[..., :-own].transpose(0, 1).reshape(heads, rows * group * columns, -1)
        added = torch.bmm(theirs, before[1]).view(heads, rows, group, columns, -1)
        found = found + added.transpose(0, 1)
    return found


AttentionInterface.register(NAME, attend)
