"""Speed: how fast a prompt is read (prefill) and an answer is written (decode).

One run at full shape to warm up, then the measured ones, one prompt at a time. The time to the
first token is the prefill's; decode counts the tokens after the first over the time after the
first, so neither includes the other, nor tokenization, which does not happen here: the prompts
are random ids.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from harness.engines.protocol import Limits
from harness.records import Sample
from harness.suite.schema import SpeedTask
from harness.tasks.asking import Asking


def ask(task: SpeedTask, asking: Asking) -> Iterator[Sample]:
    """A sample per measured repetition. An interrupted measurement starts again from the first."""
    generator = np.random.default_rng(asking.seed)
    vocabulary = asking.engine.info.vocab_size
    limits = Limits(max_new_tokens=task.new_tokens)
    for repetition in range(-1, task.repetitions):
        prompt = generator.integers(vocabulary // 10, vocabulary, task.prompt_tokens).tolist()
        ((_, generation),) = asking.engine.generate([prompt], limits)
        times = generation.token_seconds
        if repetition < 0:
            continue
        yield Sample(
            key=asking.key,
            index=repetition,
            id=f"repetition-{repetition}",
            data={
                "prefill_tokens_per_second": task.prompt_tokens / times[0],
                "decode_tokens_per_second": (len(times) - 1) / (times[-1] - times[0]),
                "ttft_seconds": times[0],
            },
        )
