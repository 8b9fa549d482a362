"""Loading a GGUF with llama.cpp: its log, its model handle, its metadata, its vocabulary."""

from __future__ import annotations

import ctypes
import logging
import os
import re
from collections import deque
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import llama_cpp.llama_cpp as lib

from harness.engines.gguf_file import gguf_info
from harness.engines.llamacpp.amx import amx_is_broken
from harness.engines.llamacpp.spread import lay_out
from harness.engines.oom import SMALLER, tells_of_memory
from harness.engines.spread import ONE_DEVICE, Spread
from harness.errors import BadModelError, CrashError, OutOfMemoryError, legible

logger = logging.getLogger("harness.engines.llamacpp.engine")
LEVELS = {2: logging.DEBUG, 3: logging.INFO, 4: logging.ERROR}
SPLIT = re.compile(r"-(\d{5})-of-(\d{5})\.gguf$")

NO_ROPE = -1
NO_THREAD = "Resource temporarily unavailable"
"""What is said of a thread that cannot be started: in a worker, for want of memory for its stack."""
NO_MEMORY = -2
"""`llama_decode` gives that where it cannot allocate what a batch needs (llama-context.cpp)."""
LONG_FACTORS = "rope_factors_long"
PLAIN_FILE_TYPES = {"F32", "F16", "BF16", "Q8_0"}
"""Files whose products take one routine from two rows on."""

_recent_errors: deque[str] = deque(maxlen=4)


@lib.llama_log_callback  # type: ignore[untyped-decorator]
def _log(level: int, text: bytes, _: Any) -> None:
    line = legible(text.decode("utf-8", "replace").strip())
    if line and level in LEVELS:
        if level == 4:
            _recent_errors.append(line)
        logger.log(LEVELS[level], "%s", line)


@cache
def start_backend() -> None:
    """Starts llama.cpp once for this process and sends its log to `logging`.

    Where a damaged file makes it abort, it is not to start a debugger first.
    """
    os.environ.setdefault("GGML_NO_BACKTRACE", "1")
    lib.llama_log_set(_log, ctypes.c_void_p(0))
    lib.llama_backend_init()


def last_error() -> str:
    """What llama.cpp last complained about, for a message to the user."""
    return "; ".join(dict.fromkeys(re.sub(r"^\w+: ", "", line) for line in _recent_errors))


class LlamaModel:
    """A loaded GGUF. `close` frees it; until then `handle` and `vocab` are llama.cpp's."""

    def __init__(
        self,
        path: Path,
        vocab_only: bool = False,
        gpu_layers: int = 0,
        repack: bool = False,
        adapter: Path | None = None,
        spread: Spread = ONE_DEVICE,
    ) -> None:
        """Loads a file (and its further parts, where it is split).

        Args:
            path: the file, or the first part.
            vocab_only: leave the weights out.
            gpu_layers: layers that go to a GPU; -1: all.
            repack: let llama.cpp rearrange weights in memory, as it does by default. What a
                rearranged K-quant rounds depends on how many tokens are run together. Left out
                where the kernels for it would end the process (`amx`).
            adapter: a LoRA as a GGUF, which is put on the model in every context.
            spread: over several GPUs.

        Raises:
            BadModelError: it is missing, no GGUF, damaged, or of an unknown architecture.
            OutOfMemoryError: it does not fit in memory.
        """
        check_gguf(path)
        start_backend()
        params = lib.llama_model_default_params()
        params.vocab_only = vocab_only
        params.n_gpu_layers = gpu_layers
        shares = lay_out(params, spread)
        params.use_extra_bufts = repack and not amx_is_broken()
        params.check_tensors = not vocab_only
        _recent_errors.clear()
        self.path = path
        self.handle: Any = lib.llama_model_load_from_file(str(path).encode(), params)
        del shares  # which llama.cpp reads while it loads, and not later
        if not self.handle and (tells_of_memory(last_error()) or NO_THREAD in last_error()):
            raise OutOfMemoryError(
                f"There is no room in memory for {path}: {last_error()}.",
                "Use a smaller model or quantization, or free memory on this machine.",
            )
        if not self.handle and "invalid data" in last_error():
            raise BadModelError(
                f"The weights in {path} hold NaN or infinity: {last_error()}.",
                "The file is damaged, or a weight did not fit its type, as float16 ends at 65504: fetch "
                "it again, or ask the weights that it was made from.",
            )
        if not self.handle:
            raise BadModelError(
                f"llama.cpp cannot load {path}: {last_error() or 'no reason given'}.",
                "The file may be cut short, damaged, or made for a newer llama.cpp: "
                "download or convert it again.",
            )
        self._adapter: Any = None if adapter is None else self._opened(adapter)
        self.vocab: Any = lib.llama_model_get_vocab(self.handle)
        self.vocab_size = int(lib.llama_vocab_n_tokens(self.vocab))

    def _opened(self, adapter: Path) -> Any:
        check_gguf(adapter)
        found = lib.llama_adapter_lora_init(self.handle, str(adapter).encode())
        if not found:
            self.close()
            if tells_of_memory(last_error()):
                raise OutOfMemoryError(
                    f"There is no room in memory for {adapter}: {last_error()}.", SMALLER
                )
            raise BadModelError(
                f"llama.cpp cannot put the adapter {adapter} on {self.path.name}: "
                f"{last_error() or 'no reason given'}.",
                "It was trained on another model, or the file is damaged.",
            )
        return found

    def new_context(self, params: Any) -> Any:
        """A context with the model's adapter on it; None where there is no room for it."""
        context = lib.llama_init_from_model(self.handle, params)
        if context and self._adapter is not None:
            adapters = (lib.llama_adapter_lora_p_ctypes * 1)(self._adapter)
            lib.llama_set_adapters_lora(context, adapters, 1, (ctypes.c_float * 1)(1.0))
        return context

    @cached_property
    def forgets(self) -> bool:
        """Whether the end of a sequence can be forgotten and positions beyond it can be used.

        Models with a recurrent state cannot go back; learned positions end where they end.
        """
        recurrent = lib.llama_model_is_recurrent(self.handle) or lib.llama_model_is_hybrid(
            self.handle
        )
        return not recurrent and lib.llama_model_rope_type(self.handle) != NO_ROPE

    @cached_property
    def least_rows(self) -> int:
        """From so many rows on a product's routine stays the same: 8 for K-quants, else 2."""
        return 2 if self.file_type in PLAIN_FILE_TYPES else 8

    @cached_property
    def turns_at(self) -> int | None:
        """Length beyond which the model's rotary angles are others (LongRoPE), for whole contexts.

        llama.cpp chooses them by the cells of a stream. None where all lengths have the same.
        """
        infos = [gguf_info(path) for path in gguf_files(self.path)]
        if not any(t.name.startswith(LONG_FACTORS) for info in infos for t in info.tensors):
            return None
        value = self.meta(f"{infos[0].architecture}.rope.scaling.original_context_length")
        return int(value) if value else None

    @cached_property
    def file_type(self) -> str:
        """What the weights are stored as, in llama.cpp's words: "F16", "Q4_K_M"."""
        number = self.meta("general.file_type")
        named = (name for name, value in vars(lib).items() if str(value) == number)
        found = next((name for name in named if name.startswith("LLAMA_FTYPE_")), "unknown")
        return found.removeprefix("LLAMA_FTYPE_").removeprefix("MOSTLY_").removeprefix("ALL_")

    def meta(self, key: str) -> str | None:
        """A value of the file's metadata as text."""
        name = key.encode()
        length = lib.llama_model_meta_val_str(self.handle, name, None, 0)
        if length < 0:
            return None
        buffer = ctypes.create_string_buffer(length + 1)
        lib.llama_model_meta_val_str(self.handle, name, buffer, length + 1)
        return buffer.value.decode("utf-8", "replace")

    def close(self) -> None:
        """Frees the model. Contexts made from it must have been freed before."""
        if self.handle:
            lib.llama_model_free(self.handle)
            self.handle = self.vocab = None


def run_batch(context: Any, batch: Any) -> None:
    """One call of llama.cpp.

    Raises:
        OutOfMemoryError: it has no room for the batch, or for what comes out.
        CrashError: it cannot run the batch.
    """
    status = lib.llama_decode(context, batch)
    if status == NO_MEMORY:
        raise OutOfMemoryError(
            f"llama.cpp has no room in memory for a batch of {batch.n_tokens} tokens: "
            f"{last_error() or 'no reason given'}.",
            SMALLER,
        )
    if status != 0:
        raise CrashError(
            f"llama.cpp cannot run a batch of {batch.n_tokens} tokens (status {status}): "
            f"{last_error() or 'no reason given'}."
        )


def gguf_files(path: Path) -> list[Path]:
    """All files of a GGUF: itself, or every part where it is split (`-00001-of-00003.gguf`)."""
    split = SPLIT.search(path.name)
    if split is None:
        return [path]
    stem = path.name[: split.start()]
    count = int(split[2])
    return [path.with_name(f"{stem}-{n + 1:05}-of-{count:05}.gguf") for n in range(count)]


def check_gguf(path: Path) -> None:
    """Raises BadModelError if a file, or a part of it, is missing or cannot be what its header says."""
    for part in gguf_files(path):
        gguf_info(part)
