"""An F16 GGUF to a smaller one, by llama.cpp in this process."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from harness.engines.gguf_file import gguf_info
from harness.engines.oom import LARGER, tells_of_memory
from harness.errors import BadModelError, InputError, OutOfMemoryError

QTYPES: tuple[str, ...] = (
    "Q2_K",
    "Q3_K_S",
    "Q3_K_M",
    "Q3_K_L",
    "Q4_0",
    "Q4_1",
    "Q4_K_S",
    "Q4_K_M",
    "Q5_0",
    "Q5_1",
    "Q5_K_S",
    "Q5_K_M",
    "Q6_K",
    "Q8_0",
    "IQ3_S",
    "IQ3_M",
    "IQ4_XS",
    "IQ4_NL",
)
"""Quantizations that llama.cpp makes without an importance matrix, F16 left out."""


def quantize(f16: Path, out: Path, qtype: str, threads: int = 0) -> None:
    """Writes `f16` quantized to `qtype`, with so many threads (0: all cores).

    Where a row is not a multiple of 256, K-quants fall back to other types: the tensors of
    `gguf_info(out)` say what the file really holds.

    Raises:
        InputError: there is no such quantization.
        BadModelError: the input is damaged, or llama.cpp refuses it.
        OutOfMemoryError: memory has no room for its largest weights.
    """
    if qtype not in QTYPES:
        raise InputError(f"There is no quantization {qtype}.", f"One of {', '.join(QTYPES)}.")
    gguf_info(f16)
    from llama_cpp import llama_cpp as library

    parameters = library.llama_model_quantize_default_params()
    parameters.ftype = getattr(library, f"LLAMA_FTYPE_MOSTLY_{qtype}")
    parameters.nthread = threads
    with _errors_of(library) as errors:
        status = library.llama_model_quantize(
            str(f16).encode(), str(out).encode(), ctypes.byref(parameters)
        )
    if status != 0:
        reason = " ".join("".join(errors).split()) or f"status {status}"
        if tells_of_memory(reason):
            raise OutOfMemoryError(
                f"Memory ran out while {f16.name} was quantized to {qtype}: {reason}", LARGER
            )
        hint = "Quantize from an F16 GGUF that this project made; an older file may need converting again."
        if "invalid data" in reason:
            hint = (
                "A weight is NaN, or beyond float16, which ends at 65504: ask the weights that the GGUF "
                "was made from, and leave its `gguf` out."
            )
        raise BadModelError(f"llama.cpp could not quantize {f16.name} to {qtype}: {reason}", hint)
    gguf_info(out)


@contextmanager
def _errors_of(library: Any) -> Iterator[list[str]]:
    """Collects what llama.cpp logs as an error and keeps the rest off the terminal."""
    errors: list[str] = []

    @library.llama_log_callback  # type: ignore[untyped-decorator]
    def collect(level: int, text: bytes, user_data: ctypes.c_void_p) -> None:
        if level == _LOG_ERROR:
            errors.append(text.decode("utf-8", "replace"))

    before, user_data = library.llama_log_callback(), ctypes.c_void_p()
    library.llama_log_get(ctypes.byref(before), ctypes.byref(user_data))
    library.llama_log_set(collect, ctypes.c_void_p(0))
    try:
        yield errors
    finally:
        library.llama_log_set(before, user_data)


_LOG_ERROR = 4  # GGML_LOG_LEVEL_ERROR of ggml.h
