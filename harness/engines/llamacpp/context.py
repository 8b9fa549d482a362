"""A llama.cpp context: the KV cache of many sequences, and running tokens through the model.

llama.cpp gives a token other numbers depending on what it is run with, unless some rules are kept;
here they are, so that a sequence's numbers are the same to the last bit whatever is beside it:

- Each sequence has a stream of the cache to itself, where its cells stand as in a run alone.
- Products with one row take another routine than those with more, and K-quants a third from eight
  rows on. A call therefore has at least `least` tokens and outputs, and a sequence that is scored
  at least two tokens; dummies behind a sequence's end, which nothing looks back at, fill up.
- K-quants are not repacked (`LlamaModel`), since what a repacked product rounds depends on the
  number of rows.
- Attention is plain: flash attention takes another routine, with sums in F16, for each number of
  queries. The cache is F32, but for the keys of models that are stored in fewer bits: these round
  what goes into every product as it is, and F16 keys take a faster routine.

What this rests on was read in ggml-cpu and measured; docs/performance.md has the figures.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import llama_cpp.llama_cpp as lib
import numpy as np

from harness.engines.llamacpp.model import LlamaModel, last_error, run_batch
from harness.engines.llamacpp.sizes import CELLS
from harness.engines.protocol import LogProbs
from harness.errors import OutOfMemoryError

MAX_STREAMS = 64
"""Most streams that a context is made for (llama.cpp allows 256)."""

Item = TypeVar("Item")


@dataclass(frozen=True)
class BatchRow:
    """Further tokens of one sequence, and at which of them the output is wanted."""

    ids: Sequence[int]
    wanted: tuple[int, ...] = ()


class LlamaContext:
    """A KV cache of `streams` sequences (0, 1, …) of at most `cells` tokens each.

    The cache is full-size for sliding-window models too, as going back in a sequence needs its
    whole past.
    """

    def __init__(
        self,
        model: LlamaModel,
        cells: int,
        streams: int,
        threads: int,
        tokens: int,
    ) -> None:
        """Allocates the cache, and what calls of at most so many `tokens` compute.

        Raises:
            OutOfMemoryError: there is no room for it.
        """
        self.cells = -(-cells // CELLS) * CELLS
        self.streams, self._tokens = streams, tokens
        self.least = model.least_rows
        self._pads = model.forgets
        self.lengths = [0] * streams
        """Tokens that each sequence holds."""
        self._vocab_size = model.vocab_size
        self._batch: Any = None
        self._handle: Any = model.new_context(
            context_params(model, self.cells, streams, threads, tokens)
        )
        if not self._handle:
            raise OutOfMemoryError(
                f"llama.cpp cannot make a context of {streams} times {self.cells} tokens for "
                f"{model.path.name}: {last_error() or 'no reason given'}.",
                "Use a smaller model or quantization, or shorter prompts.",
            )
        self._memory: Any = lib.llama_get_memory(self._handle)
        self._batch = lib.llama_batch_init(tokens, 0, 1)

    def run(self, rows: Sequence[BatchRow]) -> LogProbs:
        """Runs further tokens of sequences 0, 1, … side by side, to be scored.

        Shorter rows are padded, so rows should be of like length.

        Returns:
            Logits, float32, (wanted, vocabulary), row by row, in memory of its own.
        """
        width = max(len(row.ids) for row in rows)
        if self._pads:
            width = max(width, 2, -(-self.least // len(rows)))
        widest = self._tokens // len(rows)
        found: list[list[LogProbs]] = [[] for _ in rows]
        before = list(self.lengths[: len(rows)])
        for columns in slices(range(width), widest):
            part = [_part(row, columns) for row in rows]
            logits = iter(self._decode(part, columns.stop - columns.start))
            for n, row in enumerate(part):
                found[n] += [next(logits).copy() for _ in row.wanted]
        for sequence, row in enumerate(rows):
            self.keep(sequence, before[sequence] + len(row.ids))
        logits_of_all = [each for mine in found for each in mine]
        if not logits_of_all:
            return np.empty((0, self._vocab_size), np.float32)
        return np.stack(logits_of_all)

    def run_one(self, sequence: int, ids: Sequence[int]) -> LogProbs:
        """Runs further tokens of one sequence.

        Returns:
            Logits after the last one, (vocabulary,): a view that the next call overwrites.
        """
        before = self.lengths[sequence]
        padded = [*ids, *[ids[-1]] * (max(2, self.least) - len(ids))] if self._pads else list(ids)
        for part in slices(range(len(padded)), self._tokens):
            wanted = (len(ids) - 1 - part.start,) if len(ids) - 1 in part else ()
            row = BatchRow(padded[part.start : part.stop], wanted)
            logits = self._decode([row], len(row.ids), first=sequence)
            if wanted:
                last: LogProbs = logits[0]
        self.keep(sequence, before + len(ids))
        return last

    def step(self, ids: Sequence[int]) -> LogProbs:
        """Runs one further token of each of sequences 0, 1, …: a step of their decoding.

        Returns:
            Logits, (sequences, vocabulary): a view that the next call overwrites.
        """
        count = len(ids)
        filled = min(max(count, self.least), self.streams) if self._pads else count
        rows = [BatchRow((token,), (0,)) for token in (*ids, *[ids[0]] * (filled - count))]
        for sequence in range(count, filled):
            self.keep(sequence, 0)
        return self._decode(rows, 1)[:count]

    def _decode(self, rows: Sequence[BatchRow], width: int, first: int = 0) -> LogProbs:
        """One call; rows shorter than `width` are filled with dummies.

        Returns:
            Logits of the wanted places, row by row: a view of llama.cpp's buffer.
        """
        batch, place = self._batch, 0
        wanted: list[int] = []
        for number, row in enumerate(rows):
            sequence = first + number
            start = self.lengths[sequence]
            wanted += [place + at for at in row.wanted]
            for offset in range(width):
                batch.token[place] = row.ids[offset] if offset < len(row.ids) else 0
                batch.pos[place] = start + offset
                batch.n_seq_id[place] = 1
                batch.seq_id[place][0] = sequence
                batch.logits[place] = False
                place += 1
            self.lengths[sequence] += width
        batch.n_tokens = place
        computed = _at_least(wanted, self.least, place)
        for at in computed:
            batch.logits[at] = True
        run_batch(self._handle, batch)
        if not wanted:
            return np.empty((0, self._vocab_size), np.float32)
        logits: LogProbs = np.ctypeslib.as_array(
            lib.llama_get_logits(self._handle), (len(computed), self._vocab_size)
        )
        if computed == wanted:
            return logits
        rank = {at: number for number, at in enumerate(computed)}
        return logits[[rank[at] for at in wanted]]

    def copy(self, source: int, target: int) -> None:
        """Makes `target` the same as `source`; its whole stream is copied."""
        lib.llama_memory_seq_rm(self._memory, target, -1, -1)
        lib.llama_memory_seq_cp(self._memory, source, target, -1, -1)
        self.lengths[target] = self.lengths[source]

    def keep(self, sequence: int, length: int) -> None:
        """Forgets what a sequence holds beyond its first `length` tokens."""
        if self.lengths[sequence] > length:
            lib.llama_memory_seq_rm(self._memory, sequence, length, -1)
            self.lengths[sequence] = length

    def clear(self) -> None:
        """Empties all sequences."""
        lib.llama_memory_clear(self._memory, False)
        self.lengths = [0] * self.streams

    def close(self) -> None:
        """Frees the cache."""
        if self._batch is not None:
            lib.llama_batch_free(self._batch)
            self._batch = None
        if self._handle:
            lib.llama_free(self._handle)
            self._handle = None


def context_params(model: LlamaModel, cells: int, streams: int, threads: int, tokens: int) -> Any:
    """llama.cpp's parameters of a context that keeps the rules above."""
    params = lib.llama_context_default_params()
    params.n_ctx = cells * streams
    params.n_batch = params.n_ubatch = tokens
    params.n_seq_max = streams
    params.n_threads = params.n_threads_batch = threads
    params.type_k = lib.GGML_TYPE_F32 if model.file_type == "F32" else lib.GGML_TYPE_F16
    params.type_v = lib.GGML_TYPE_F32
    params.flash_attn_type = lib.LLAMA_FLASH_ATTN_TYPE_DISABLED
    params.swa_full = True
    params.kv_unified = False
    return params


def _part(row: BatchRow, columns: range) -> BatchRow:
    """The columns of a row, and what is wanted of them."""
    wanted = tuple(at - columns.start for at in row.wanted if at in columns)
    return BatchRow(row.ids[columns.start : columns.stop], wanted)


def _at_least(wanted: Sequence[int], least: int, places: int) -> list[int]:
    """The wanted places in order, with others of a call where there would be too few."""
    if not wanted:
        return []
    chosen = set(wanted)
    for place in range(places):
        if len(chosen) >= least:
            break
        chosen.add(place)
    return sorted(chosen)


def slices(items: Sequence[Item], most: int) -> Iterator[Any]:
    """Items in parts of like size, at most `most` each, so that none is left over alone."""
    count = -(-len(items) // most)
    for part in range(count):
        yield items[part * len(items) // count : (part + 1) * len(items) // count]


def log_softmax(logits: LogProbs) -> LogProbs:
    """Log-probabilities (nats) of each row of logits, float32, in new memory."""
    highest = logits.max(axis=-1, keepdims=True)
    with np.errstate(invalid="ignore"):  # NaN for NaN; `harness.engines.finite` refuses it
        total = np.exp(logits - highest).sum(axis=-1, keepdims=True, dtype=np.float64)
        result: LogProbs = logits - highest - np.log(total).astype(np.float32)
    return result
