"""Tells running out of memory from other errors, for the many ways in which libraries say so."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from harness.errors import OutOfMemoryError

SMALLER = "Take a smaller model or quantization, or a machine with more memory."
LARGER = "Free memory on this machine, or do this step on one with more."
SIGNS = (
    "out of memory", "can't allocate memory", "cannot allocate memory", "not enough memory", "memoryerror",
    "unable to allocate", "failed to allocate", "bad_alloc", "bad allocation", "memory allocation of ",
    "can't start new thread", "thread creation failed", "could not create a primitive", "could not create a memory",
)  # fmt: skip
"""CUDA's words, torch's, the system's, Python's, NumPy's, llama.cpp's, those of the libraries of C++ and Rust; a thread
is refused for want of its stack, a primitive of oneDNN's for want of room for its code."""
OTHERS = ("could not create a primitive descriptor",)
"""oneDNN's word for a product that it has no routine for."""


def reports_out_of_memory(error: BaseException) -> bool:
    """Whether an error means that memory, of the machine or the device, ran out."""
    return isinstance(error, MemoryError) or tells_of_memory(str(error))


def tells_of_memory(text: str) -> bool:
    """Whether a library's words mean that memory ran out."""
    low = text.lower()
    return any(sign in low for sign in SIGNS) and not any(word in low for word in OTHERS)


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
    except OutOfMemoryError:
        raise
    except Exception as error:  # libraries have no class for it
        if reports_out_of_memory(error):
            raise out_of_memory(doing) from error
        raise
