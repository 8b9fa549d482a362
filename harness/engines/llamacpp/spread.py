"""A GGUF over several GPUs, as llama.cpp lays it out."""

from __future__ import annotations

import ctypes
from typing import Any

import llama_cpp.llama_cpp as lib
from llama_cpp import _ggml

from harness.engines.spread import SPLIT_MODES, Spread, split_of
from harness.errors import InputError

GPU = 1
"""`GGML_BACKEND_DEVICE_TYPE_GPU`."""


def lay_out(params: Any, spread: Spread) -> Any:
    """Says in llama.cpp's parameters how a model is laid over GPUs; as they are where nothing is said.

    Returns:
        The shares of all GPUs that llama.cpp can have, which it reads while it loads.
    """
    of = split_of(spread)
    if of.split_mode:
        params.split_mode = SPLIT_MODES[of.split_mode]
    if of.main_gpu is not None:
        params.main_gpu = of.main_gpu
    if not of.tensor_split:
        return None
    shares = (ctypes.c_float * lib.LLAMA_MAX_DEVICES)(*of.tensor_split)
    params.tensor_split = ctypes.cast(shares, ctypes.POINTER(ctypes.c_float))
    return shares


def check_gpus(spread: Spread) -> None:
    """Raises InputError where a model is to be laid over more GPUs than llama.cpp sees."""
    main = -1 if spread.main_gpu is None else spread.main_gpu
    wanted = max(spread.devices, len(spread.tensor_split), 1 + main)
    seen = count_gpus() if wanted else 0
    if wanted > seen:
        raise InputError(
            f"The GGUF is to be laid over {wanted} GPUs, and llama.cpp sees {seen or 'none'} here.",
            "Say less under `engine` (`devices`, `tensor_split`), run it where there are as many, or "
            "install a llama-cpp-python that was built for GPUs.",
        )


def count_gpus() -> int:
    """GPUs that this llama.cpp can compute on."""
    ggml: Any = _ggml.libggml
    ggml.ggml_backend_dev_count.restype = ctypes.c_size_t
    ggml.ggml_backend_dev_get.restype = ctypes.c_void_p
    ggml.ggml_backend_dev_get.argtypes = [ctypes.c_size_t]
    ggml.ggml_backend_dev_type.argtypes = [ctypes.c_void_p]
    devices = map(ggml.ggml_backend_dev_get, range(ggml.ggml_backend_dev_count()))
    return sum(ggml.ggml_backend_dev_type(device) == GPU for device in devices)
