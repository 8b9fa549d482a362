"""The harness's engines, opened once and asked often, as a worker process does it.

python -m tests.benchmarks.our_server
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from statistics import median
from typing import Any

from harness.engines import open_engine
from harness.engines.protocol import ChoiceQuestion, Engine, EngineSpec, Limits
from harness.engines.timing import Phase, SpeedShape
from harness.engines.tokenizer import Tokenizer, open_tokenizer
from harness.tasks.prompts import PromptSet
from tests.benchmarks.lines import serve
from tests.benchmarks.questions import Work, ask
from tests.benchmarks.whole_cells import cell, memory

Answer = dict[str, Any]


class Server:
    """One engine, asked through the public protocol."""

    def __init__(self) -> None:
        self._engine: Engine | None = None

    def load(self, **spec: Any) -> Answer:
        """Opens the engine of an `EngineSpec`."""
        self._engine = open_engine(EngineSpec(**spec))
        return {"seconds": self._engine.load_seconds, **asdict(self._engine.info)}

    def run(
        self,
        work: dict[str, Any],
        weights: str,
        prompts: str,
        limit: int | None,
        new_tokens: int,
        prompting: bool,
    ) -> Answer:
        """Answers the first `limit` prompts of a set.

        With `prompting`, `seconds` includes drawing, phrasing and encoding all of the work's
        prompts, which lm-evaluation-harness does in its evaluation phase and the harness in a step
        of its own.

        Raises:
            AssertionError: the prompts differ from those of the set, or an answer's length does.
        """
        assert self._engine is not None, "nothing was loaded"
        asked = PromptSet.read(Path(prompts))
        tokenizer = tokenizer_of(weights)
        started = time.perf_counter()
        made = ask(Work(**work), tokenizer) if prompting else asked
        prompting_seconds = time.perf_counter() - started
        assert made.sha256() == asked.sha256(), "these are not the prompts that the peers read"
        chosen = asked.prompts[:limit]
        before = computed(self._engine)
        started = time.perf_counter()
        if asked.labels:
            questions = [ChoiceQuestion(prompt.ids, prompt.choices) for prompt in chosen]
            scores = dict(self._engine.choose(questions))
        else:
            limits = Limits(new_tokens, asked.stop_ids)
            answers = dict(self._engine.generate([prompt.ids for prompt in chosen], limits))
        seconds = time.perf_counter() - started
        found: Answer = {"new_tokens": 0}
        if asked.labels:
            best = [max(range(len(s)), key=s.__getitem__) for _, s in sorted(scores.items())]
            right = sum(asked.labels[b] == p.target for b, p in zip(best, chosen, strict=True))
            found["accuracy"] = right / len(chosen)
        else:
            found["new_tokens"] = sum(len(answer.ids) for answer in answers.values())
            assert found["new_tokens"] == new_tokens * len(chosen), "answers ended early"
        ran = computed(self._engine) - before - (0 if asked.labels else len(chosen))
        prompt_tokens = sum(len(prompt.ids) for prompt in chosen)
        return {
            "seconds": seconds + prompting_seconds,
            "prompting_seconds": prompting_seconds,
            "examples": len(chosen),
            "prompt_tokens": prompt_tokens,
            **found,
            "tokens_per_second": (prompt_tokens + found["new_tokens"]) / seconds,
            "computed_tokens": ran,
            "computed_tokens_per_second": ran / seconds,
        }

    def time(self, phase: Phase, tokens: int, depth: int, repetitions: int) -> Answer:
        """Times a shape as the `speed` task does; a lap is the median of its repetitions."""
        assert self._engine is not None, "nothing was loaded"
        stopwatch = self._engine.stopwatch()
        shape = SpeedShape(phase, tokens, depth=depth)
        timings = stopwatch.time(shape, repetitions)
        seconds = median(sum(timing.forward_seconds) for timing in timings)
        rate = tokens / seconds
        found: Answer = {"seconds": seconds, "tokens": tokens, "tokens_per_second": rate}
        if phase == "decode":
            bandwidth = stopwatch.memory().bytes_per_second
            found["bytes_per_second"] = bandwidth
            found["weight_bytes"] = stopwatch.weight_bytes(1)
            found["roof_share"] = rate * found["weight_bytes"] / bandwidth
        return found


@lru_cache
def tokenizer_of(weights: str) -> Tokenizer:
    """The tokenizer of a folder, opened once."""
    return open_tokenizer(Path(weights))


def computed(engine: Engine) -> int:
    """Tokens of prompts and answers that the engine has dealt with so far.

    The last token of an answer is written but not run, which the caller takes off.
    """
    return engine.work.tokens


if __name__ == "__main__":
    server = Server()
    operations: dict[str, Callable[..., Answer]] = {"cell": cell, "memory": memory}
    serve({"load": server.load, "run": server.run, "time": server.time, **operations})
