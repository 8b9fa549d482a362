"""Made-up cells, as the tasks write them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from harness.records import Sample


def example_id(index: int) -> str:
    return f"example-{index:04}"


def classified(targets: Sequence[str], answers: Sequence[str | None]) -> list[Sample]:
    return [
        Sample(
            key="k",
            index=index,
            id=example_id(index),
            target=target,
            answer=answer,
            scores={"accuracy": float(answer == target), "unparsed": float(answer is None)},
            data={"text": f"raw answer {index}"},
        )
        for index, (target, answer) in enumerate(zip(targets, answers, strict=True))
    ]


def summarized(scores: Sequence[float], truncated: Sequence[bool] | None = None) -> list[Sample]:
    """Every ROUGE is the given score."""
    cut = truncated or [False] * len(scores)
    return [
        Sample(
            key="k",
            index=index,
            id=example_id(index),
            target=f"reference {index}",
            answer=f"answer {index}",
            scores={
                **dict.fromkeys(("rouge1", "rouge2", "rougeL", "rougeLsum"), score),
                "truncated": float(cut[index]),
            },
            data={"tokens": 5},
        )
        for index, score in enumerate(scores)
    ]


def diverged(rng: np.random.Generator, documents: int, scale: float = 0.1) -> list[Sample]:
    """Documents of different lengths with exponential KL divergences."""
    samples = []
    for index in range(documents):
        tokens = int(rng.integers(5, 40))
        samples.append(
            Sample(
                key="k",
                index=index,
                id=example_id(index),
                data={
                    "kl": rng.exponential(scale, tokens).tolist(),
                    "tokens": tokens,
                    "same_top1": int(rng.binomial(tokens, 0.9)),
                    "nll": float(rng.gamma(tokens, 2.0)),
                    "reference_nll": float(tokens * 2.0),
                    "bytes": tokens * 4,
                },
            )
        )
    return samples


def timed(decode: Sequence[float]) -> list[Sample]:
    return [
        Sample(
            key="k",
            index=index,
            id=str(index),
            data={
                "decode_tokens_per_second": speed,
                "prefill_tokens_per_second": 10 * speed,
                "ttft_seconds": 1 / speed,
            },
        )
        for index, speed in enumerate(decode)
    ]
