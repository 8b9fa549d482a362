"""Made-up cells, as the tasks write them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from harness.metrics.metric import Metric
from harness.metrics.registry import metrics_of
from harness.metrics.writing import repetition as seq_rep_4
from harness.records import MetricDescriptor, Sample


def of_type(task_type: str) -> dict[str, Metric]:
    """The metrics of a type of task by name."""
    return {metric.name: metric for metric in metrics_of(task_type)}


def descriptors(task_type: str) -> dict[str, MetricDescriptor]:
    """What a summary says of them."""
    return {name: metric.descriptor for name, metric in of_type(task_type).items()}


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


def written(texts: list[list[int]], cut: bool = False) -> list[Sample]:
    """Free writing: texts as token ids, which are their own words."""
    return [
        Sample(
            key="k",
            index=index,
            id=f"prompt-{index}",
            answer=" ".join(map(str, text)),
            scores={
                "repetition": seq_rep_4(text),
                "truncated": float(cut),
                "empty": float(not text),
            },
            data={"tokens": len(text), "ids": text},
        )
        for index, text in enumerate(texts)
    ]


def diverged(rng: np.random.Generator, documents: int, scale: float = 0.1) -> list[Sample]:
    """Documents of different lengths with exponential KL divergences.

    How much more probable the right tokens became is uniform between -0.3 and 0.2.
    """
    samples = []
    for index in range(documents):
        tokens = int(rng.integers(5, 40))
        change = np.random.default_rng(index).uniform(-0.3, 0.2, tokens)
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
                    "delta_p": float(change.sum()),
                    "delta_p_squared": float(np.square(change).sum()),
                    "bytes": tokens * 4,
                },
            )
        )
    return samples


def repetition(
    index: int, phase: str, round: int, forward: Sequence[float], tokens: int, **changes: object
) -> Sample:
    """A repetition of a headline shape; sampling takes a tenth of a pass."""
    data = {
        "round": round,
        "headline": True,
        "phase": phase,
        "tokens": tokens,
        "batch_size": 1,
        "depth": 0,
        "forward_seconds": list(forward),
        "sampling_seconds": [seconds / 10 for seconds in forward],
        **({"step_bytes": 1000} if phase == "decode" else {}),
        **changes,
    }
    return Sample(key="k", index=index, id=f"{phase} {index}", data=data)


def timed(*rounds: Sequence[float]) -> list[Sample]:
    """Rounds of decode speeds, in tokens per second, of 4 tokens each; prefill is ten times so."""
    samples: list[Sample] = []
    for number, speeds in enumerate(rounds, start=1):
        for speed in speeds:
            steps = [1 / speed] * 4
            samples.append(repetition(len(samples), "prefill", number, [4 / (10 * speed)], 4))
            samples.append(repetition(len(samples), "decode", number, steps, 4))
    return samples
