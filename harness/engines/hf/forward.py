"""One forward pass that sends only wanted positions through the output head.

The head is the larger part of a small model's work, and a sequence × vocabulary matrix the larger
part of any model's memory. Here the model's own forward is run, and a hook in front of the head
picks the rows, so whatever a model does to its logits (soft capping, scaling, an adapter on the
head, tied embeddings) is done to the picked rows just the same.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch

from harness.engines.hf.linear import linear
from harness.engines.hf.sizes import HEAD_PART
from harness.engines.hf.spread import computing, first_device, replaced_forward
from harness.errors import BadModelError


class Forward:
    """Runs a causal language model and gives logits of picked positions."""

    def __init__(self, model: Any) -> None:
        """Raises BadModelError if the model has no output head."""
        self.model = model
        causal = model.get_base_model() if hasattr(model, "get_base_model") else model
        self._head = causal.get_output_embeddings()
        if self._head is None:
            raise BadModelError(
                f"{type(causal).__name__} has no output head to score tokens with.",
                "Use a causal language model.",
            )
        self._accepts = inspect.signature(causal.forward).parameters
        self.config = causal.config
        self.device = first_device(causal)
        self.devices = computing(causal)
        """All that compute, where the model is spread over several."""
        floats = (p for p in model.parameters() if p.is_floating_point())
        self.itemsize = int(next(floats).element_size())
        """Bytes of a value while computing."""

    def __call__(
        self,
        ids: Any,
        rows: Any,
        columns: Any,
        *,
        positions: Any = None,
        past: Any = None,
        use_cache: bool = False,
        wide: bool = False,
    ) -> tuple[Any, Any]:
        """Logits of picked positions.

        Args:
            ids: (batch, length).
            rows, columns: (picked,) each: which positions of `ids`.
            positions: (batch, length), for models that take them.
            past: the cache of what came before, which is added to.
            use_cache: whether to give a cache.
            wide: compute the head in float32 also where the model is kept in fewer bits. Logits of
                bfloat16 are multiples of 1/16 or coarser, so that labels tie and sums are off.

        Returns:
            Logits of shape (picked, vocabulary), float32, and the cache.
        """
        extra = {"position_ids": positions} if "position_ids" in self._accepts else {}
        with torch.inference_mode(), self._picking(rows, columns), self._widened(wide):
            output = self.model(
                input_ids=ids,
                attention_mask=None,
                past_key_values=past,
                use_cache=use_cache,
                **extra,
            )
            return output.logits[0].float(), getattr(output, "past_key_values", None)

    @contextmanager
    def _picking(self, rows: Any, columns: Any) -> Iterator[None]:
        hook = self._head.register_forward_pre_hook(
            lambda _, inputs: (_picked(inputs[0], rows, columns).unsqueeze(0), *inputs[1:])
        )
        try:
            yield
        finally:
            hook.remove()

    @contextmanager
    def _widened(self, wide: bool) -> Iterator[None]:
        """Plain linear heads in fewer bits compute in float32 meanwhile; others as they are."""
        head = self._head
        if not wide or type(head) is not torch.nn.Linear or head.weight.dtype == torch.float32:
            yield
            return
        wide_one = partial(_wide, head)
        with replaced_forward(head, wide_one):
            yield


def _wide(head: Any, hidden: Any) -> Any:
    return wide_linear(hidden, head.weight, head.bias)


def _picked(hidden: Any, rows: Any, columns: Any) -> Any:
    """Rows of the last layer's output, where that is: with a spread model not where the ids are."""
    return hidden[rows.to(hidden.device), columns.to(hidden.device)]


def wide_linear(hidden: Any, weight: Any, bias: Any) -> Any:
    """A linear layer in float32 with weights of fewer bits, widened part by part.

    Args:
        hidden: (…, inputs).
        weight: (outputs, inputs); bias: (outputs,) or None.

    Returns:
        (…, outputs), float32.
    """
    hidden, step = hidden.float(), max(1, HEAD_PART // weight.shape[1])
    out = hidden.new_empty((*hidden.shape[:-1], weight.shape[0]))
    for start in range(0, weight.shape[0], step):
        part = slice(start, start + step)
        out[..., part] = linear(hidden, weight[part].float())
    return out if bias is None else out + bias.float()
