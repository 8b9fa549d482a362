"""Times a GGUF as llama-bench does: a context of llama.cpp's default settings, forward passes only.

These are not the settings that answers are scored with (`context.py`): there the cache is F32
and attention is plain, for the sake of exactness. Here it is what a user of llama.cpp gets.
"""

from __future__ import annotations

import ctypes
import time
from collections.abc import Iterator, Sequence
from typing import Any

import llama_cpp.llama_cpp as lib
import numpy as np
import numpy.typing as npt

from harness.engines.bandwidth import measure_memory
from harness.engines.finite import check_timed
from harness.engines.gguf_file import gguf_info
from harness.engines.gguf_header import GgufTensor
from harness.engines.llamacpp.amx import amx_is_broken
from harness.engines.llamacpp.model import LlamaModel, gguf_files, last_error, run_batch
from harness.engines.protocol import EngineInfo
from harness.engines.timing import (
    MemorySpeed,
    SpeedShape,
    Timing,
    check_shape,
    random_ids,
    share_of_experts,
)
from harness.errors import CrashError, OutOfMemoryError

BATCH_TOKENS, MICRO_BATCH_TOKENS = 2048, 512
LOOKED_UP = ("token_embd.weight", "per_layer_token_embd.weight", "position_embd.weight")
"""Tables of which a token reads one row."""
EXPERTS = "_exps."
"""Part of the names of tensors that hold all experts of a layer."""


class LlamaCppStopwatch:
    """`Stopwatch` for a loaded GGUF."""

    def __init__(self, model: LlamaModel, info: EngineInfo) -> None:
        self._model, self._info = model, info
        self.settings: dict[str, Any] = {
            "cache": "F16",
            "flash_attention": "auto",
            "n_batch": BATCH_TOKENS,
            "n_ubatch": MICRO_BATCH_TOKENS,
        }
        if amx_is_broken():
            self.settings["repack"] = "off: GCC broke the AMX kernels of this llama.cpp"

    def time(self, shape: SpeedShape, repetitions: int, seed: int = 0) -> Iterator[Timing]:
        """See `Stopwatch.time`."""
        check_shape(shape, self._info.context_length)
        size = self._model.vocab_size
        before = random_ids(shape.depth, size, seed)
        ids = random_ids(shape.tokens * shape.batch_size, size, seed + 1)
        context = _TimedContext(self._model, shape, self._info.threads)
        try:
            context.remember(before)
            for repetition in range(-1, repetitions):
                context.restore()
                timing = context.prefill(ids) if shape.phase == "prefill" else context.decode(ids)
                if repetition >= 0:
                    yield timing
                else:
                    check_timed(context.highest(), lambda: None, self._info.dtype)
        finally:
            context.close()

    def weight_bytes(self, batch_size: int) -> int:
        """See `Stopwatch.weight_bytes`."""
        infos = [gguf_info(path) for path in gguf_files(self._model.path)]
        metadata = infos[0].metadata
        prefix = infos[0].architecture
        share = share_of_experts(
            int(metadata.get(f"{prefix}.expert_count", 0)),
            int(metadata.get(f"{prefix}.expert_used_count", 0)),
            batch_size,
        )
        tensors = [tensor for info in infos for tensor in info.tensors]
        return read_bytes(tensors, share, batch_size)

    def memory(self) -> MemorySpeed:
        """See `Stopwatch.memory`. A GPU's cannot be measured through llama.cpp."""
        if self._info.device != "cpu":
            return MemorySpeed(0.0, 0)
        return measure_memory(self._info.threads)


def read_bytes(tensors: Sequence[GgufTensor], experts: float, batch_size: int) -> int:
    """Bytes of a file's tensors that a decode step of so many sequences reads.

    Args:
        experts: the share of experts that are run.
    """
    tied = not any(tensor.name == "output.weight" for tensor in tensors)
    total = 0.0
    for tensor in tensors:
        if tensor.name in LOOKED_UP and not (tied and tensor.name == LOOKED_UP[0]):
            total += tensor.bytes // tensor.shape[-1] * batch_size
        else:
            total += tensor.bytes * (experts if EXPERTS in tensor.name else 1.0)
    return round(total)


class _TimedContext:
    """A context made for one shape, as llama-bench makes one for each of its tests."""

    def __init__(self, model: LlamaModel, shape: SpeedShape, threads: int) -> None:
        self._shape = shape
        self._vocab_size = model.vocab_size
        self._state: Any = None
        self._logits: tuple[int, npt.NDArray[np.float32]] | None = None
        params = lib.llama_context_default_params()
        params.n_ctx = shape.length * shape.batch_size
        params.n_batch, params.n_ubatch = BATCH_TOKENS, MICRO_BATCH_TOKENS
        params.n_seq_max = shape.batch_size
        params.n_threads = params.n_threads_batch = threads
        params.swa_full = False
        self._handle: Any = model.new_context(params)
        if not self._handle:
            raise OutOfMemoryError(
                f"llama.cpp cannot make a context of {params.n_ctx} tokens for {model.path.name}: "
                f"{last_error() or 'no reason given'}.",
                "Lower `prompt_tokens`, `depths` or `batch_sizes`, or use a smaller model.",
            )
        self._memory: Any = lib.llama_get_memory(self._handle)

    def remember(self, ids: Sequence[int]) -> None:
        """Reads what lies before the tokens to be timed, and keeps the state after it."""
        if not ids:
            return
        self._read(ids)
        size = lib.llama_state_seq_get_size(self._handle, 0)
        self._state = (ctypes.c_uint8 * size)()
        lib.llama_state_seq_get_data(self._handle, self._state, size, 0)

    def restore(self) -> None:
        """Every sequence as it was after `remember`; empty where there was nothing to."""
        lib.llama_memory_clear(self._memory, False)
        if self._state is None:
            return
        for sequence in range(self._shape.batch_size):
            size = len(self._state)
            if not lib.llama_state_seq_set_data(self._handle, self._state, size, sequence):
                raise CrashError("llama.cpp cannot put a state back that it gave itself.")

    def prefill(self, ids: Sequence[int]) -> Timing:
        """Reads ids at once, `BATCH_TOKENS` a call; the last one's logits are asked for."""
        seconds = self._read(ids)
        return Timing((seconds,), (self._sample(1),), self._cache_bytes())

    def decode(self, ids: Sequence[int]) -> Timing:
        """Writes tokens one by one in all sequences."""
        width = self._shape.batch_size
        batch = lib.llama_batch_init(width, 0, 1)
        batch.n_tokens = width
        forward, sampling = [], []
        for step in range(self._shape.tokens):
            for place in range(width):
                batch.token[place] = ids[step * width + place]
                batch.pos[place] = self._shape.depth + step
                batch.n_seq_id[place] = 1
                batch.seq_id[place][0] = place
                batch.logits[place] = True
            forward.append(self._run([batch]))
            sampling.append(self._sample(width))
        lib.llama_batch_free(batch)
        return Timing(tuple(forward), tuple(sampling), self._cache_bytes())

    def highest(self) -> list[float]:
        """The highest of each row of the last logits; NaN where one is."""
        found: list[float] = [] if self._logits is None else self._logits[1].max(axis=-1).tolist()
        return found

    def close(self) -> None:
        """Frees the context."""
        if self._handle:
            lib.llama_free(self._handle)
            self._handle = None

    def _read(self, ids: Sequence[int]) -> float:
        """Seconds that further ids of the first sequence take; the last one of a call has logits."""
        tokens = [
            (lib.llama_token * len(part))(*part)
            for part in (ids[at : at + BATCH_TOKENS] for at in range(0, len(ids), BATCH_TOKENS))
        ]
        return self._run([lib.llama_batch_get_one(part, len(part)) for part in tokens])

    def _run(self, batches: Sequence[Any]) -> float:
        """Seconds from the first call until everything is computed."""
        started = time.perf_counter()
        for batch in batches:
            run_batch(self._handle, batch)
        lib.llama_synchronize(self._handle)
        return time.perf_counter() - started

    def _sample(self, rows: int) -> float:
        """Seconds that it takes to find the likeliest token of each row of the last logits."""
        started = time.perf_counter()
        pointer = lib.llama_get_logits(self._handle)
        address = ctypes.cast(pointer, ctypes.c_void_p).value or 0
        if self._logits is None or self._logits[0] != address:
            buffer = (ctypes.c_float * (rows * self._vocab_size)).from_address(address)
            self._logits = address, np.ctypeslib.as_array(buffer).reshape(rows, -1)
        self._logits[1].argmax(axis=-1)
        return time.perf_counter() - started

    def _cache_bytes(self) -> int:
        """What the states of all sequences take up, their few bytes of bookkeeping included."""
        return self._shape.batch_size * int(lib.llama_state_seq_get_size(self._handle, 0))
