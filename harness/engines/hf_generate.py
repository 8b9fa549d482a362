"""Greedy generation of one batch with a KV cache; finished rows leave it."""

from __future__ import annotations

import time
from collections.abc import Sequence

import torch

from harness.engines.hf_forward import Forward
from harness.engines.protocol import Generation, Limits


def generate_batch(
    forward: Forward, prompts: Sequence[Sequence[int]], limits: Limits
) -> list[Generation]:
    """The greedy continuation of each prompt; prompts are padded on the left and masked."""
    started = time.perf_counter()
    answers: list[list[int]] = [[] for _ in prompts]
    seconds: list[list[float]] = [[] for _ in prompts]
    reasons: dict[int, bool] = {}
    width = max(map(len, prompts))
    running = list(range(len(prompts)))
    with torch.inference_mode():
        ids = torch.tensor(
            [[0] * (width - len(prompt)) + list(prompt) for prompt in prompts],
            device=forward.device,
        )
        mask = torch.tensor(
            [[0] * (width - len(prompt)) + [1] * len(prompt) for prompt in prompts],
            device=forward.device,
        )
        positions = (mask.cumsum(-1) - 1).clamp(min=0)
        cache = None
        while running:
            rows = torch.arange(len(running), device=forward.device)
            logits, cache = forward(
                ids,
                rows,
                torch.full_like(rows, ids.shape[1] - 1),
                past=cache,
                mask=mask,
                positions=positions,
                use_cache=True,
            )
            best = logits.argmax(-1)
            now = time.perf_counter() - started
            staying = []
            for row, (prompt, token) in enumerate(zip(running, best.tolist(), strict=True)):
                if token in limits.stop_ids:
                    reasons[prompt] = True
                    continue
                answers[prompt].append(token)
                seconds[prompt].append(now)
                if len(answers[prompt]) < limits.max_new_tokens:
                    staying.append(row)
            keep = torch.tensor(staying, dtype=torch.long, device=forward.device)
            if len(staying) < len(running):
                running = [running[row] for row in staying]
                if running:
                    cache.batch_select_indices(keep)
            ids = best[keep].unsqueeze(1)
            mask = torch.cat([mask[keep], torch.ones_like(ids)], dim=1)
            positions = positions[keep, -1:] + 1
    return [
        Generation(tuple(ids_), "stop" if number in reasons else "length", tuple(seconds[number]))
        for number, ids_ in enumerate(answers)
    ]
