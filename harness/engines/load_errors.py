"""The errors that Transformers, PEFT and their parts raise over files that they cannot use."""

from __future__ import annotations

from pickle import UnpicklingError

from huggingface_hub.errors import StrictDataclassError
from safetensors import SafetensorError

LOAD_ERRORS: tuple[type[Exception], ...] = (
    OSError,
    ValueError,
    RuntimeError,
    KeyError,
    TypeError,
    AttributeError,
    ImportError,
    SafetensorError,
    StrictDataclassError,
    UnpicklingError,
)


def one_line(error: BaseException) -> str:
    """An error's text on one line, as much as a message can hold."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 300 else text[:299] + "…"
