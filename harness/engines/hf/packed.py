"""Runs many sequences as one packed row: what they share once, and nothing for padding.

Works for models whose attention Transformers lets be replaced and that keep no other state than
keys and values; `fits` finds out, by holding one small pass against the model's own way.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from harness.engines.hf.attention import NAME, Layout, UnsupportedAttentionError, laid_out
from harness.engines.hf.forward import Forward
from harness.engines.hf.slots import Slots
from harness.engines.trees import Node

logger = logging.getLogger(__name__)
Ints = npt.NDArray[np.int64]
LAYER_TYPES = {"full_attention", "sliding_attention"}
LENGTH_DEPENDENT = {"longrope", "dynamic"}
"""Rotary embeddings whose angles follow the longest sequence of a pass."""
TRIAL = 24
"""Tokens of the trial pass."""
EXACT, ROUNDED = 1e-3, 0.15
"""Root mean square difference of a token's logits, as a share of their spread, that rounding can explain: in float32, where
it comes to 1e-6, and in fewer bits (bfloat16 0.02 in 32 narrow layers and 0.034 in 24 wide ones, int8 0.06). A wrong mask or
scale shows in float32 (from 0.007 on), and in fewer bits only where a model heeds its context by more than that."""


@dataclass(frozen=True)
class Prefix:
    """What all sequences begin with: its keys and values, computed once."""

    length: int = 0
    slots: Slots | None = None


@dataclass(frozen=True)
class Segment:
    """The new tokens of one sequence, or of one tree of sequences, in a pass.

    A token sees the tokens before it in the segment that belong to its sequence: those whose range
    `first` to `last` holds its own `first` and whose position is not later.
    """

    ids: Sequence[int]
    positions: Sequence[int]
    first: Sequence[int]
    last: Sequence[int]
    slot: int = 0

    @classmethod
    def chain(cls, ids: Sequence[int], start: int, slot: int = 0) -> Segment:
        """One sequence, whose first token here has position `start`."""
        nothing = [0] * len(ids)
        return cls(ids, range(start, start + len(ids)), nothing, nothing, slot)

    @classmethod
    def of_tree(cls, nodes: Sequence[Node]) -> Segment:
        """The sequences of a tree."""
        return cls(
            [node.id for node in nodes],
            [node.position for node in nodes],
            [node.sequences[0] for node in nodes],
            [node.sequences[-1] for node in nodes],
        )


class PackedModel:
    """A model behind packed attention."""

    def __init__(self, forward: Forward) -> None:
        """`forward` must hold a model that was given packed attention (see `open_packed`)."""
        self._forward = forward
        self.device, self.devices = forward.device, forward.devices

    def prefix(self, ids: Sequence[int]) -> Prefix:
        """Runs what all sequences begin with."""
        if not ids:
            return Prefix()
        slots = Slots(1, len(ids))
        self.run([Segment.chain(ids, 0)], [], store=slots)
        return Prefix(len(ids), slots)

    def run(
        self,
        segments: Sequence[Segment],
        wanted: Sequence[int],
        prefix: Prefix = Prefix(),
        store: Slots | None = None,
        from_store: bool = False,
        wide: bool = False,
    ) -> Any:
        """One pass.

        Args:
            segments: the new tokens; with `from_store`, of slots 0, 1, … in this order.
            wanted: places, counted through all segments, whose logits are given.
            prefix: what the segments come after; positions count it.
            store: keeps the keys and values, at position - prefix length of each one's slot.
            from_store: look at all that the slots hold, not only at this pass's tokens.
            wide: see `Forward`.

        Returns:
            Logits, (wanted, vocabulary), float32.
        """
        if store is not None:
            store.fit(max(segment.positions[-1] for segment in segments) + 1 - prefix.length)
        layout = lay_out(segments, prefix, store, from_store, self.device)
        ids = np.concatenate([np.asarray(segment.ids, np.int64) for segment in segments])
        positions = np.concatenate([np.asarray(s.positions, np.int64) for s in segments])
        columns = self._tensor(np.asarray(wanted, np.int64))
        with torch.inference_mode(), laid_out(layout):
            logits, _ = self._forward(
                self._tensor(ids[None]),
                torch.zeros_like(columns),
                columns,
                positions=self._tensor(positions[None]),
                wide=wide,
            )
        return logits

    def _tensor(self, array: Ints) -> Any:
        return torch.from_numpy(array).to(self.device)


def lay_out(
    segments: Sequence[Segment],
    prefix: Prefix,
    store: Slots | None,
    from_store: bool,
    device: Any,
) -> Layout:
    """The layout of a pass; see `PackedModel.run`."""
    lengths = np.array([len(segment.ids) for segment in segments])
    count, width = len(segments), int(lengths.max())
    rows = np.repeat(np.arange(count), lengths)
    columns = np.concatenate([np.arange(length) for length in lengths])
    full = bool((lengths == width).all())

    def grid(name: str, outside: int) -> Ints:
        """(sequences, width) values of the segments, `outside` where there is no token."""
        values = np.full((count, width), outside, np.int64)
        values[rows, columns] = np.concatenate(
            [np.asarray(getattr(segment, name), np.int64) for segment in segments]
        )
        return values

    positions = grid("positions", 0)
    if store is not None and from_store:
        keys = (np.arange(store.capacity) + prefix.length)[None]
        visible = keys[:, None, :] <= positions[:, :, None]
    else:
        keys, first, last = positions, grid("first", -1), grid("last", -1)
        visible = (
            (first[:, None, :] <= first[:, :, None])
            & (first[:, :, None] <= last[:, None, :])
            & (positions[:, None, :] <= positions[:, :, None])
        )

    def tensor(array: Any) -> Any:
        return torch.from_numpy(array).to(device)

    gather = np.zeros((count, width), np.int64)
    gather[rows, columns] = np.arange(len(rows))
    slots = np.array([segment.slot for segment in segments])[rows]
    return Layout(
        gather=None if full else tensor(gather.ravel()),
        scatter=None if full else tensor(rows * width + columns),
        sequences=count,
        width=width,
        positions=tensor(positions),
        visible=tensor(visible),
        key_positions=tensor(keys),
        prefix=prefix.slots,
        prefix_length=prefix.length,
        store=store,
        slots=tensor(slots) if store is not None else None,
        offsets=tensor(positions[rows, columns] - prefix.length) if store is not None else None,
        from_store=from_store,
    )


def open_packed(forward: Forward) -> PackedModel | None:
    """The model behind packed attention, or None where it does not fit, the model left as it was; the log says why."""
    if not _may_fit(forward.config):
        _tell("its configuration asks for more than full and sliding attention")
        return None
    causal = forward.model
    causal = causal.get_base_model() if hasattr(causal, "get_base_model") else causal
    before = causal.config._attn_implementation
    expected = _trial_plain(forward)
    try:
        causal.set_attn_implementation(NAME)
        if causal.config._attn_implementation != NAME:
            _tell("it does not let its attention be replaced")
            return None
        packed = PackedModel(forward)
        apart, most = _apart(expected, _trial(packed)), _most_apart(forward)
        if apart <= most:
            return packed
        why = f"its logits part by {apart:.3g} of their spread from its own way (at most {most:g})"
    except (UnsupportedAttentionError, ValueError, KeyError) as error:
        why = f"{type(error).__name__}: {error}"
    causal.set_attn_implementation(before)
    _tell(why)
    return None


def _tell(why: str) -> None:
    logger.warning("This model is run one sequence at a time, which is slow: %s.", why)


def _may_fit(config: Any) -> bool:
    """Whether a model's configuration speaks of nothing but full and sliding attention."""
    text = config.get_text_config()
    types = set(getattr(text, "layer_types", None) or ())
    rope = getattr(text, "rope_parameters", None) or getattr(text, "rope_scaling", None) or {}
    kinds = [rope, *(value for value in rope.values() if isinstance(value, dict))]
    return (
        types <= LAYER_TYPES
        and not getattr(text, "attention_chunk_size", None)
        and not any(kind.get("rope_type") in LENGTH_DEPENDENT for kind in kinds)
    )


def _trial_ids(vocabulary: int) -> list[int]:
    return [(7 * n + 3) % vocabulary for n in range(TRIAL)]


def _trial_plain(forward: Forward) -> Any:
    """Logits after each token of the trial, the model's own way."""
    ids = _trial_ids(int(forward.config.get_text_config().vocab_size))
    columns = torch.arange(TRIAL, device=forward.device)
    logits, _ = forward(
        torch.tensor([ids], device=forward.device), torch.zeros_like(columns), columns
    )
    return logits


def _trial(packed: PackedModel) -> Any:
    """The same logits out of a prefix, beside another sequence, and from a store."""
    ids = _trial_ids(int(packed._forward.config.get_text_config().vocab_size))
    third = TRIAL // 3
    prefix = packed.prefix(ids[:third])
    store = Slots(2, TRIAL - third)
    both = [
        Segment.chain(ids[third : 2 * third], third, 0),
        Segment.chain(ids[: third // 2], third, 1),
    ]
    middle = packed.run(both, range(third), prefix, store)
    rest = [Segment.chain(ids[2 * third :], 2 * third, 0)]
    end = packed.run(rest, range(TRIAL - 2 * third), prefix, store, from_store=True)
    return torch.cat([middle, end])


def _most_apart(forward: Forward) -> float:
    """What rounding can explain: activations are rounded to 8 bits by int8 layers, whatever comes out."""
    in_eight = any(hasattr(weight, "SCB") for weight in forward.model.parameters())
    return EXACT if forward.itemsize >= 4 and not in_eight else ROUNDED


def _apart(expected: Any, found: Any) -> float:
    """The largest root mean square difference of a token's logits, as a share of their spread; NaN where any is not finite.

    Not the largest difference of a logit, which grows with the vocabulary: among 128,000 of bfloat16 one is always far off.
    """
    expected = expected[-len(found) :]
    each = (expected - found).square().mean(-1).sqrt() / expected.std(-1)
    return float(each.max())
