"""Running a model behind one small protocol on token ids.

`open_engine` is the way in. Importing this package loads neither torch nor llama.cpp.
"""

from __future__ import annotations

import importlib

from harness.engines.protocol import Engine, EngineSpec
from harness.errors import InputError


def open_engine(spec: EngineSpec) -> Engine:
    """Loads the model that `spec` names; `Engine.load_seconds` says how long that took.

    Raises:
        InputError: the parts of `spec` contradict each other.
        BadModelError: the model's files are missing, damaged, or of an unknown kind.
        OutOfMemoryError: the model does not fit.
    """
    if (spec.weights is None) == (spec.gguf is None):
        raise InputError("A model needs either a folder of weights or a GGUF file, and not both.")
    if spec.gguf is not None:
        from harness.engines.llamacpp.engine import LlamaCppEngine

        return LlamaCppEngine(spec)
    from harness.engines.hf.engine import HfEngine

    # Only where they are needed, since both bring torch's compiler along; and here, so that two
    # seconds of importing do not count as loading.
    if spec.adapter is not None:
        importlib.import_module("harness.engines.hf.adapter")
    if spec.quantize is not None:
        importlib.import_module("bitsandbytes")
    return HfEngine(spec)
