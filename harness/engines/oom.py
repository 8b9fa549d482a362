"""Tells running out of memory from other errors, for torch's many ways of saying so."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from harness.errors import OutOfMemoryError

SIGNS = ("out of memory", "can't allocate memory", "cannot allocate memory", "not enough memory")


def reports_out_of_memory(error: BaseException) -> bool:
    """Whether an error means that memory, of the machine or the device, ran out."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and any(sign in str(error).lower() for sign in SIGNS)


def out_of_memory(doing: str) -> OutOfMemoryError:
    """The error for the user."""
    return OutOfMemoryError(
        f"Memory ran out while {doing}.",
        "Use a smaller model, quantize it (`quantize: nf4`), or free memory on this machine.",
    )


@contextmanager
def memory_errors(doing: str) -> Iterator[None]:
    """Turns running out of memory into an `OutOfMemoryError`; lets other errors pass."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if reports_out_of_memory(error):
            raise out_of_memory(doing) from error
        raise
