"""A llama.cpp context: the KV cache of many sequences, and running tokens through the model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import llama_cpp.llama_cpp as lib
import numpy as np

from harness.engines.llama_model import LlamaModel, last_error
from harness.engines.protocol import LogProbs
from harness.errors import CrashError, OutOfMemoryError

MAX_SEQUENCES = 64
"""Most sequences that a context is made for (llama.cpp allows 256)."""
MAX_TOKENS = 512
"""Most tokens of one call of `LlamaContext.decode`."""

Item = TypeVar("Item")


@dataclass(frozen=True)
class Token:
    """A token to be run: where it stands, in which sequences, and whether its output is wanted."""

    id: int
    position: int
    sequences: tuple[int, ...]
    output: bool


class LlamaContext:
    """A KV cache of `cells` tokens shared by `sequences` sequences (0, 1, …).

    The cache holds F32 and attention is plain: an F32 model then agrees with Transformers to 1e-5,
    and a prompt's numbers do not depend on what it is run with. Flash attention, and an F16 cache,
    are each off by some 0.01 nats on a random model, and flash attention differently for each
    batch size. The cache is full-size for sliding-window models too, as copying a sequence needs
    its whole past.
    """

    def __init__(self, model: LlamaModel, cells: int, sequences: int, threads: int) -> None:
        """Allocates the cache.

        Raises:
            OutOfMemoryError: there is no room for it.
        """
        params = lib.llama_context_default_params()
        params.n_ctx = cells
        params.n_batch = params.n_ubatch = MAX_TOKENS
        params.n_seq_max = sequences
        params.n_threads = params.n_threads_batch = threads
        params.type_k = params.type_v = lib.GGML_TYPE_F32
        params.flash_attn_type = lib.LLAMA_FLASH_ATTN_TYPE_DISABLED
        params.swa_full = True
        params.kv_unified = True
        self.cells, self.sequences = cells, sequences
        self._vocab_size = model.vocab_size
        self._batch: Any = None
        self._handle: Any = lib.llama_init_from_model(model.handle, params)
        if not self._handle:
            raise OutOfMemoryError(
                f"llama.cpp cannot make a context of {cells} tokens for {model.path.name}: "
                f"{last_error() or 'no reason given'}.",
                "Use a smaller model or quantization, or shorter prompts.",
            )
        self._memory: Any = lib.llama_get_memory(self._handle)
        self._batch = lib.llama_batch_init(MAX_TOKENS, 0, sequences)

    def decode(self, tokens: Sequence[Token]) -> LogProbs:
        """Runs at most `MAX_TOKENS` tokens.

        A single output is computed along with another one. llama.cpp multiplies single rows by
        another routine, which in F16 differs by up to 0.01 nats from that for more rows.

        Returns:
            Logits, float32, of shape (tokens with `output`, vocabulary), in the order of `tokens`:
            a view of llama.cpp's buffer that the next call overwrites.
        """
        wanted = [place for place, token in enumerate(tokens) if token.output]
        computed = wanted
        if len(wanted) == 1 and len(tokens) > 1:
            computed = sorted({*wanted, 0 if wanted[0] else 1})
        self._fill(tokens, computed)
        status = lib.llama_decode(self._handle, self._batch)
        if status != 0:
            raise CrashError(
                f"llama.cpp cannot run a batch of {len(tokens)} tokens (status {status}): "
                f"{last_error() or 'no reason given'}."
            )
        if not wanted:
            return np.empty((0, self._vocab_size), np.float32)
        logits: LogProbs = np.ctypeslib.as_array(
            lib.llama_get_logits(self._handle), (len(computed), self._vocab_size)
        )
        start = computed.index(wanted[0])
        return logits[start : start + len(wanted)]

    def _fill(self, tokens: Sequence[Token], computed: Sequence[int]) -> None:
        """Writes tokens into the batch, the output being asked for at the places `computed`."""
        batch = self._batch
        batch.n_tokens = len(tokens)
        for place, token in enumerate(tokens):
            batch.token[place] = token.id
            batch.pos[place] = token.position
            batch.n_seq_id[place] = len(token.sequences)
            batch.logits[place] = False
            owners = batch.seq_id[place]
            for slot, sequence in enumerate(token.sequences):
                owners[slot] = sequence
        for place in computed:
            batch.logits[place] = True

    def run(self, ids: Sequence[int], sequence: int = 0, start: int = 0) -> None:
        """Runs ids into the cache, without output."""
        tokens = [Token(token, start + n, (sequence,), False) for n, token in enumerate(ids)]
        for part in slices(tokens, MAX_TOKENS):
            self.decode(part)

    def copy(self, source: int, target: int) -> None:
        """Makes `target` begin with all that `source` holds; no memory is copied."""
        lib.llama_memory_seq_cp(self._memory, source, target, -1, -1)

    def forget(self, sequence: int) -> None:
        """Empties a sequence."""
        lib.llama_memory_seq_rm(self._memory, sequence, -1, -1)

    def clear(self) -> None:
        """Empties all sequences."""
        lib.llama_memory_clear(self._memory, False)

    def close(self) -> None:
        """Frees the cache."""
        if self._batch is not None:
            lib.llama_batch_free(self._batch)
            self._batch = None
        if self._handle:
            lib.llama_free(self._handle)
            self._handle = None


def slices(items: Sequence[Item], most: int) -> Iterator[Sequence[Item]]:
    """Items in parts of like size, at most `most` each.

    Equal parts, so that none is a single token (see `LlamaContext.decode`).
    """
    count = -(-len(items) // most)
    for part in range(count):
        yield items[part * len(items) // count : (part + 1) * len(items) // count]


def log_softmax(logits: LogProbs) -> LogProbs:
    """Log-probabilities (nats) of each row of logits, float32, in new memory."""
    highest = logits.max(axis=-1, keepdims=True)
    total = np.exp(logits - highest).sum(axis=-1, keepdims=True, dtype=np.float64)
    result: LogProbs = logits - highest - np.log(total).astype(np.float32)
    return result
