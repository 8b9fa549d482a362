"""One forward pass that sends only wanted positions through the output head.

The head is the larger part of a small model's work, and a sequence × vocabulary matrix the larger
part of any model's memory. Here the model's own forward is run, and a hook in front of the head
picks the rows, so whatever a model does to its logits (soft capping, scaling, an adapter on the
head, tied embeddings) is done to the picked rows just the same.
"""

from __future__ import annotations

import inspect
from typing import Any

from harness.errors import BadModelError


class Forward:
    """Runs a causal language model and gives logits of picked positions."""

    def __init__(self, model: Any) -> None:
        """Raises BadModelError if the model has no output head."""
        self._model = model
        causal = model.get_base_model() if hasattr(model, "get_base_model") else model
        self._head = causal.get_output_embeddings()
        if self._head is None:
            raise BadModelError(
                f"{type(causal).__name__} has no output head to score tokens with.",
                "Use a causal language model.",
            )
        self._accepts = inspect.signature(causal.forward).parameters
        self.device = next(model.parameters()).device

    def __call__(
        self,
        ids: Any,
        rows: Any,
        columns: Any,
        *,
        past: Any = None,
        mask: Any = None,
        positions: Any = None,
        use_cache: bool = False,
    ) -> tuple[Any, Any]:
        """Logits of picked positions.

        Args:
            ids: (batch, length), right-padded unless there is a mask.
            rows, columns: (picked,) each: which positions of `ids`.
            past: the cache of what came before, which is added to.
            mask: (batch, past + length), 1 for tokens and 0 for padding.
            positions: (batch, length), for models that take them.

        Returns:
            Logits of shape (picked, vocabulary), float32, and the cache.
        """
        extra = {"position_ids": positions} if "position_ids" in self._accepts else {}
        hook = self._head.register_forward_pre_hook(
            lambda _, inputs: (inputs[0][rows, columns].unsqueeze(0), *inputs[1:])
        )
        try:
            output = self._model(
                input_ids=ids,
                attention_mask=mask,
                past_key_values=past,
                use_cache=use_cache,
                **extra,
            )
        finally:
            hook.remove()
        return output.logits[0].float(), getattr(output, "past_key_values", None)
