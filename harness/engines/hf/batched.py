"""Fills a packed model's passes: as much as memory has room for, and less where it ran out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import torch

from harness.engines.contexts import WORTHWHILE, Context, Scored, of_questions, shared_length
from harness.engines.hf.generate import generate_all
from harness.engines.hf.packed import PackedModel, Prefix, Segment
from harness.engines.hf.passes import Passes
from harness.engines.hf.score import Budget, ScoredPart, batches, parts, score, shared_ids
from harness.engines.hf.sizes import MOST_ROWS, MOST_SLOTS, MOST_TOKENS
from harness.engines.hf.slots import Slots
from harness.engines.memory import SHARE, free_device_bytes
from harness.engines.oom import memory_errors, out_of_memory, reports_out_of_memory
from harness.engines.portion import WHOLE, Portion, together
from harness.engines.protocol import Generation, Limits, Work

Item = TypeVar("Item")
Result = TypeVar("Result")


class PackedPasses:
    """See `Passes`."""

    def __init__(self, model: PackedModel) -> None:
        self._model, self._length = model, 0
        self._store = Slots(1, 0)

    def read(self, rows: Sequence[Sequence[int]]) -> Any:
        """See `Passes.read`."""
        if self._length == 0:
            self._store = Slots(len(rows), len(rows[0]))
        segments = [Segment.chain(ids, self._length, slot) for slot, ids in enumerate(rows)]
        ends = [(row + 1) * len(rows[0]) - 1 for row in range(len(rows))]
        logits = self._model.run(segments, ends, store=self._store, from_store=self._length > 0)
        self._length += len(rows[0])
        return logits

    def repeated(self, count: int) -> PackedPasses:
        """See `Passes.repeated`."""
        new = PackedPasses(self._model)
        new._length, new._store = self._length, self._store.repeated(count)
        return new

    @property
    def cache_bytes(self) -> int:
        """See `Passes.cache_bytes`."""
        return self._store.token_bytes * self._store.count * self._length


class BatchedRunner:
    """Answers many prompts in each pass. `batch` says how many, as it came to be."""

    def __init__(
        self, model: PackedModel, config: Any, itemsize: int, work: Work, halvings: int = 0
    ) -> None:
        """Args:
        config: the model's configuration.
        itemsize: bytes of a value while computing.
        halvings: how often batches are halved before the first.
        """
        self._model, self._work = model, work
        self._text, self._itemsize = config.get_text_config(), itemsize
        room = SHARE * self._free_bytes()
        kind = model.device.type
        tokens = room / 2 / self._token_bytes()
        rows = room / 2 / (3 * 4 * int(self._text.vocab_size))
        most = {
            "tokens": min(MOST_TOKENS.get(kind, MOST_TOKENS["cpu"]), tokens),
            "rows": min(MOST_ROWS, rows),
            "sequences": MOST_SLOTS.get(kind, MOST_SLOTS["cpu"]),
        }
        self.batch = {name: max(1, int(size) >> halvings) for name, size in most.items()}

    def score(self, contexts: Sequence[Context], portion: Portion = WHOLE) -> Iterator[Scored]:
        """Log-probability (nats) of each target of a portion's questions, some at a time.

        Passes are laid out for all contexts; one that memory had no room for lately is run in pieces.
        """
        shared = shared_ids(contexts)
        laid_out = list(batches(parts(contexts, len(shared)), self._budget()))
        asking = [{number for part in batch for number in part.questions} for batch in laid_out]
        wanted = portion.of(asking)
        if not wanted:
            return
        with memory_errors("running what all prompts begin with"):
            prefix = self._prefix(shared)

        def run(batch: Sequence[ScoredPart]) -> Scored:
            found = score(self._model, prefix, batch, wide=True)
            self._work.prompt_tokens += sum(len(part.nodes) for part in batch)
            return found

        for batch, questions in zip(laid_out, asking, strict=True):
            if not wanted.isdisjoint(questions):
                for piece in batches(batch, self._budget()):
                    for found in self._halving(run, piece, "scoring prompts"):
                        yield of_questions(found, wanted)

    def generate(
        self, prompts: Sequence[Sequence[int]], limits: Limits, portion: Portion = WHOLE
    ) -> Iterator[tuple[int, Generation]]:
        """The greedy continuation of each prompt of a portion; with fewer at a time where memory runs out."""
        blocks = together(list(map(len, prompts)), self._model.device.type)
        wanted = portion.of(blocks)
        if not wanted:
            return
        with memory_errors("running what all prompts begin with"):
            length = shared_length(prompts)
            prefix = self._prefix(prompts[0][:length] if length >= WORTHWHILE else ())
        for block in blocks:
            asked = {number: prompts[number] for number in block if number in wanted}
            yield from self._write(asked, prefix, limits)

    def _write(
        self, open_ones: dict[int, Sequence[int]], prefix: Prefix, limits: Limits
    ) -> Iterator[tuple[int, Generation]]:
        """The continuations of prompts that are answered together, by their numbers."""
        while open_ones:
            numbers, asked = list(open_ones), list(open_ones.values())
            self.batch["sequences"] = min(self.batch["sequences"], self._slots(asked, limits))
            tokens, slots = self.batch["tokens"], self.batch["sequences"]
            answers = generate_all(self._model, asked, prefix, limits, slots, tokens, self._work)
            try:
                for place, answer in answers:
                    yield numbers[place], answer
                    del open_ones[numbers[place]]
            except (MemoryError, RuntimeError) as error:
                if slots == 1 and reports_out_of_memory(error):
                    raise out_of_memory("generating") from error
                self._shrink(error, "tokens", "sequences")

    def blocks(self, ids: Sequence[int], rows: int) -> Iterator[Any]:
        """Logits after each id, (at most `rows`, vocabulary) at a time; fewer where memory runs out."""
        store, start = Slots(1, len(ids)), 0
        while start < len(ids):
            part = ids[start : start + min(rows, self.batch["tokens"])]
            try:
                logits = self._model.run(
                    [Segment.chain(part, start)],
                    range(len(part)),
                    store=store,
                    from_store=True,
                    wide=True,
                )
            except (MemoryError, RuntimeError) as error:
                if len(part) == 1 and reports_out_of_memory(error):
                    raise out_of_memory("running a token") from error
                self._shrink(error, "tokens")
                self.batch["tokens"] = min(self.batch["tokens"], len(part) // 2)
                continue
            self._work.prompt_tokens += len(part)
            start += len(part)
            yield logits

    def passes(self) -> Passes:
        """Sequences of equal length that are run step by step, for timing."""
        return PackedPasses(self._model)

    def _budget(self) -> Budget:
        return Budget(self.batch["tokens"], self.batch["rows"])

    def _prefix(self, ids: Sequence[int]) -> Prefix:
        self._work.prompt_tokens += len(ids)
        return self._model.prefix(ids)

    def _token_bytes(self) -> float:
        """Memory of a token in a pass, roughly: the widest layer's inputs and outputs."""
        hidden = int(self._text.hidden_size)
        inner = int(getattr(self._text, "intermediate_size", None) or 4 * hidden)
        return self._itemsize * (8.0 * hidden + 3.0 * inner)

    def _slots(self, prompts: Sequence[Sequence[int]], limits: Limits) -> int:
        """How many of these prompts' keys and values fit into memory together."""
        heads = int(self._text.num_attention_heads)
        size = int(getattr(self._text, "head_dim", None) or self._text.hidden_size // heads)
        kept = int(getattr(self._text, "num_key_value_heads", None) or heads)
        token = 2 * int(self._text.num_hidden_layers) * kept * size * self._itemsize
        each = (max(map(len, prompts)) + limits.max_new_tokens) * token
        return max(1, int(SHARE * self._free_bytes() / each))

    def _free_bytes(self) -> int:
        """Of the device with the least, since all layers' tokens pass through each."""
        return min(map(free_device_bytes, self._model.devices))

    def _halving(
        self, run: Callable[[Sequence[Item]], Result], batch: Sequence[Item], doing: str
    ) -> Iterator[Result]:
        """The results of a batch; one that memory has no room for is run in halves."""
        try:
            result = run(batch)
        except (MemoryError, RuntimeError) as error:
            if len(batch) == 1 and reports_out_of_memory(error):
                raise out_of_memory(doing) from error
            self._shrink(error, "tokens")
        else:
            yield result
            return
        half = len(batch) // 2
        yield from self._halving(run, batch[:half], doing)
        yield from self._halving(run, batch[half:], doing)

    def _shrink(self, error: Exception, *sizes: str) -> None:
        """Halves sizes of later batches after memory ran out; raises any other error again."""
        if not reports_out_of_memory(error):
            raise error
        for name in sizes:
            self.batch[name] = max(1, self.batch[name] // 2)
        if self._model.device.type == "cuda":
            torch.cuda.empty_cache()
