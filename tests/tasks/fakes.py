"""A tokenizer of characters and an engine that knows its answers, to test tasks by."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from harness.engines.on_ids import OnIds
from harness.engines.portion import WHOLE, Portion
from harness.engines.protocol import (
    ChoiceQuestion,
    EngineInfo,
    Footprint,
    Generation,
    Limits,
    LogProbs,
    Sampling,
    Work,
)
from harness.engines.templated import Tokenizer
from harness.engines.timing import MemorySpeed, SpeedShape, Timing

BOS, END, EOS = 1, 2, 3
MARKS = {"<s>": BOS, "<end>": END, "</s>": EOS}
FIRST = 10


class CharTokenizer(Tokenizer):
    """One id a character; `<s>`, `<end>` and `</s>` are ids of their own."""

    def __init__(self, chat: bool = True, merges: Mapping[str, int] | None = None) -> None:
        super().__init__("as `render` has it" if chat else None, None)
        self.bos_id = self.bos_marker = BOS
        self.eos_id = EOS
        self.merges = dict(merges or {})

    def _encode(self, text: str) -> list[int]:
        ids = []
        words = {**MARKS, **self.merges}
        while text:
            word = next((w for w in words if text.startswith(w)), text[0])
            ids.append(words.get(word, FIRST + ord(word[0])))
            text = text[len(word) :]
        return ids

    def _ends(self) -> list[int]:
        return [END, EOS]

    def _is_marker(self, token: int) -> bool:
        return token in MARKS.values()

    def _special_tokens(self) -> dict[str, str]:
        return {"bos_token": "<s>"}

    def decode(self, ids: Sequence[int], keep_special: bool = False) -> str:
        return "".join(chr(token - FIRST) for token in ids if token >= FIRST)

    def render(
        self, messages: list[dict[str, Any]], generation_prompt: bool, tools: Sequence[Any] = ()
    ) -> str:
        turns = "".join(f"{m['role']}: {m['content']}<end>\n" for m in messages)
        return f"<s>{turns}" + "assistant: " * generation_prompt


def answerer(engine: FakeEngine, tokenizer: Tokenizer | None = None) -> OnIds:
    """An answerer of a fake engine, by default with the tokenizer of characters."""
    return OnIds(engine, lambda: tokenizer or CharTokenizer())


class FakeStopwatch:
    """Every pass takes half a second, every sampling a quarter; notes what it was asked to time."""

    def __init__(self, timed: list[tuple[SpeedShape, int]]) -> None:
        self.settings: dict[str, object] = {"cache": "F16"}
        self._timed = timed

    def time(self, shape: SpeedShape, repetitions: int, seed: int = 0) -> Iterator[Timing]:
        self._timed.append((shape, repetitions))
        passes = shape.tokens if shape.phase == "decode" else 1
        for _ in range(repetitions):
            yield Timing((0.5,) * passes, (0.25,) * passes, 100 * shape.batch_size * shape.length)

    def weight_bytes(self, batch_size: int) -> int:
        return 10_000

    def memory(self) -> MemorySpeed:
        return MemorySpeed(1e6, 5_000)


class FakeEngine:
    """Answers from tables: `scores` by choice ids, `texts` by prompt ids."""

    info = EngineInfo("hf", "0", "float32", "cpu", 1, 300, 1000, 1)
    load_seconds = 0.5
    work = Work()

    def __init__(
        self,
        scores: Mapping[tuple[int, ...], Sequence[float]] | None = None,
        texts: Mapping[tuple[int, ...], Generation] | None = None,
        rows: LogProbs | None = None,
    ) -> None:
        self.scores, self.texts, self.rows = scores or {}, texts or {}, rows
        self.asked: list[tuple[int, ...]] = []
        self.timed: list[tuple[SpeedShape, int]] = []

    def encode(self, text: str) -> list[int]:
        return CharTokenizer().encode(text)

    def choose(
        self, questions: Sequence[ChoiceQuestion], portion: Portion = WHOLE
    ) -> Iterator[tuple[int, list[float]]]:
        for index in filter(portion.has, reversed(range(len(questions)))):
            self.asked.append(questions[index].prompt)
            yield index, list(self.scores[questions[index].prompt])

    def generate(
        self, prompts: Sequence[Sequence[int]], limits: Limits, portion: Portion = WHOLE
    ) -> Iterator[tuple[int, Generation]]:
        for index in filter(portion.has, reversed(range(len(prompts)))):
            self.asked.append(tuple(prompts[index]))
            known = self.texts.get(tuple(prompts[index]))
            times = tuple(0.5 + 0.25 * token for token in range(limits.max_new_tokens))
            yield index, known or Generation((FIRST,) * len(times), "length", times)

    def sample(self, prompt: Sequence[int], limits: Limits, sampling: Sampling) -> Iterator[int]:
        return iter(self.texts[tuple(prompt)].ids)

    def distributions(self, ids: Sequence[int], rows: int = 256) -> Iterator[LogProbs]:
        assert self.rows is not None
        table = self.rows[: len(ids)]
        for start in range(0, len(table), rows):
            yield table[start : start + rows].astype(np.float32)

    def stopwatch(self) -> FakeStopwatch:
        return FakeStopwatch(self.timed)

    def footprint(self) -> Footprint:
        return Footprint(1, 2, 0)

    def close(self) -> None:
        pass
