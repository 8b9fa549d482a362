"""LoRA layers with one pass over their outputs: `x W' + s (x A') B'`, and its gradients, written out.

PEFT makes the update as a matrix of the output's size, scales it, and adds it to another one; going back
it does so once more, and once for the input. On a processor those passes over memory are a sixth of a small
model's training. Here the two skinny products are added into the base's product where it lies. The
arithmetic is the same, but for the order in which three numbers are added.

Where a row of the gradient is zero, nothing is multiplied: in the last layer of a model that learns answers
alone, these are the rows of the prompt.
"""

from __future__ import annotations

import re
from typing import Any

import torch
from torch.autograd.function import once_differentiable

LAYER = re.compile(r"^(.*?)\.(\d+)\.")
"""The name of a module inside a numbered layer."""
SPARSE = 0.5
"""Share of rows with a gradient, up to which the others are left out."""


def fuse_lora(model: Any) -> int:
    """Lets the plain LoRA layers of a PEFT model compute this way, and gives their number.

    Layers that do more stay as they are: dropout, DoRA, biases of their own, packed weights.
    """
    from peft.tuners.lora.layer import Linear

    last = _last_layers(model)
    fused = 0
    for name, module in model.named_modules():
        if type(module) is Linear and _is_plain(module):
            found = LAYER.match(name)
            is_last = found is not None and last[found[1]] == int(found[2])
            module.forward = _forward_of(module, is_last)
            fused += 1
    return fused


def _last_layers(model: Any) -> dict[str, int]:
    last: dict[str, int] = {}
    for name, _ in model.named_modules():
        if found := LAYER.match(name):
            last[found[1]] = max(last.get(found[1], 0), int(found[2]))
    return last


def _is_plain(module: Any) -> bool:
    """Whether it is a linear layer with one LoRA beside it, and nothing else."""
    if len(module.active_adapters) != 1 or module.merged or module.disable_adapters:
        return False
    (adapter,) = module.active_adapters
    return (
        type(module.base_layer) is torch.nn.Linear
        and adapter in module.lora_A
        and not module.lora_variant
        and isinstance(module.lora_dropout[adapter], torch.nn.Identity)
        and module.lora_A[adapter].bias is None
        and module.lora_B[adapter].bias is None
        and not module.base_layer.weight.requires_grad
    )


def _forward_of(module: Any, is_last: bool) -> Any:
    (adapter,) = module.active_adapters
    base, scale = module.base_layer, float(module.scaling[adapter])
    down, up = module.lora_A[adapter], module.lora_B[adapter]

    def forward(rows: Any) -> Any:
        dtype = base.weight.dtype
        with torch.autocast(rows.device.type, enabled=False):
            parts = (
                rows.to(dtype),
                base.weight,
                None if base.bias is None else base.bias.to(dtype),
                down.weight.to(dtype),
                up.weight.to(dtype),
            )
            return FusedLora.apply(*parts, scale, is_last)

    return forward


class FusedLora(torch.autograd.Function):  # type: ignore[misc, unused-ignore]
    """A frozen linear layer and the low-rank update beside it."""

    @staticmethod
    def forward(
        ctx: Any, rows: Any, weight: Any, bias: Any, down: Any, up: Any, scale: float, sparse: bool
    ) -> Any:
        """Of rows (…, inputs): (…, outputs).

        Args:
            weight: (outputs, inputs), frozen; bias: (outputs,) or None.
            down: (rank, inputs); up: (outputs, rank).
            scale: of the update.
            sparse: whether it is worth looking for rows without a gradient.
        """
        flat = rows.reshape(-1, rows.shape[-1])
        low = flat @ down.T
        out = torch.nn.functional.linear(flat, weight, bias)
        out.addmm_(low, up.T, alpha=scale)
        ctx.save_for_backward(flat, weight, down, up, low)
        ctx.scale, ctx.sparse, ctx.shape = scale, sparse, rows.shape
        return out.view(*rows.shape[:-1], -1)

    @staticmethod
    @once_differentiable  # type: ignore[untyped-decorator, unused-ignore]
    def backward(ctx: Any, given: Any) -> Any:
        """Of (…, outputs): those of the rows, of `down` and of `up`."""
        flat, weight, down, up, low = ctx.saved_tensors
        gradient = given.reshape(-1, given.shape[-1])
        kept = _rows_with_gradient(gradient) if ctx.sparse else None
        if kept is not None:
            gradient, flat, low = gradient[kept], flat[kept], low[kept]
        back = (gradient @ up).mul_(ctx.scale)
        for_down = back.T @ flat
        for_up = (gradient.T @ low).mul_(ctx.scale)
        for_rows = None
        if ctx.needs_input_grad[0]:
            for_rows = (gradient @ weight).addmm_(back, down)
            if kept is not None:
                whole = for_rows.new_zeros((given.numel() // given.shape[-1], weight.shape[1]))
                for_rows = whole.index_copy_(0, kept, for_rows)
            for_rows = for_rows.view(ctx.shape)
        return for_rows, None, None, for_down, for_up, None, None


def _rows_with_gradient(gradient: Any) -> Any:
    """Indices of the rows that are not all zero; None where they are most of them."""
    kept = gradient.count_nonzero(1).nonzero().squeeze(1)
    return kept if len(kept) <= SPARSE * len(gradient) else None
