"""Running out of memory is told from other errors by the words of many libraries."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable

import numpy as np
import pytest
import torch
from safetensors import SafetensorError

from harness.engines.oom import memory_errors, reports_out_of_memory
from harness.errors import BadModelError, OutOfMemoryError
from harness.runner.worker import unforeseen

HUGE = 1 << 50
TELLING = {
    "CUDA": torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB."),
    "oneDNN": RuntimeError("could not create a primitive"),
    "the C++ library": RuntimeError("std::bad_alloc"),
    "a mapped file": OSError(errno.ENOMEM, os.strerror(errno.ENOMEM)),
    "safetensors": SafetensorError("Error while deserializing: Cannot allocate memory (os error 12)"),
    "Python": MemoryError(),
    "a thread": RuntimeError("can't start new thread"),
}  # fmt: skip


@pytest.mark.parametrize("error", TELLING.values(), ids=TELLING)
def test_words_that_mean_it_are_known(error: Exception) -> None:
    assert reports_out_of_memory(error)
    ours = pytest.raises(OutOfMemoryError, match="Memory ran out while loading")
    with ours, memory_errors("loading"):
        raise error
    told = unforeseen(error)
    assert told["kind"] == "out-of-memory" and told["hint"]
    assert told["message"].startswith("memory ran out: ") and "\n" not in told["message"]


@pytest.mark.parametrize(
    "allocate", [lambda: torch.empty(HUGE), lambda: np.empty(HUGE), lambda: bytearray(HUGE)]
)
def test_what_these_libraries_say_here_is_known(allocate: Callable[[], object]) -> None:
    with pytest.raises((MemoryError, RuntimeError)) as caught:
        allocate()
    assert reports_out_of_memory(caught.value)


@pytest.mark.parametrize(
    "error", [RuntimeError("could not create a primitive descriptor for a matmul"), OSError("gone"), KeyError("x")]
)  # fmt: skip
def test_other_errors_stay_what_they_are(error: Exception) -> None:
    assert not reports_out_of_memory(error)
    with pytest.raises(type(error)), memory_errors("loading"):
        raise error
    assert unforeseen(error)["kind"] == "error"


def test_an_error_of_ours_passes() -> None:
    with pytest.raises(BadModelError, match="damaged"), memory_errors("loading"):
        raise BadModelError("damaged")
