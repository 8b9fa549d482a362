"""What a GGUF says of its model, held against what there can be: llama.cpp takes it at its word.

A count of layers of 2³¹ had it reserve memory for 100 seconds, one of 0 or an epsilon that is no number ended the
process by an assertion, and a list of scores that is shorter than the vocabulary is read beyond its end.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from harness.engines.gguf_header import GgufError, GgufHeader

MOST_LAYERS = 512
"""llama.cpp's own bound."""
MOST_EXPERTS = 512
"""llama.cpp's own bound."""
LARGEST_LENGTH = 1 << 24
"""Of a width; the widest models have some 2^16."""
LONGEST_CONTEXT = (1 << 31) - 1

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_WITHOUT_TEXT = frozenset({"none", "no_vocab", "bert"})
_NO_WEIGHTS = frozenset({"I8", "I16", "I32", "I64", "F64"})
_NEEDED = ("block_count", "embedding_length", "context_length")
_MOST = {
    "embedding_length": LARGEST_LENGTH,
    "feed_forward_length": LARGEST_LENGTH,
    "context_length": LONGEST_CONTEXT,
    "attention.key_length": LARGEST_LENGTH,
    "attention.value_length": LARGEST_LENGTH,
    "attention.head_count": LARGEST_LENGTH,
    "vocab_size": LARGEST_LENGTH,
}


def check_claims(header: GgufHeader) -> None:
    """Raises GgufError where a model cannot be what its file says."""
    name = header.metadata.get("general.architecture")
    if name is None and header.metadata.get("split.no", 0):
        return
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        said = f"its architecture is {name!r:.80}" if name is not None else "it names none"
        raise GgufError(f"{said}, and llama.cpp's names are words such as 'llama'")
    if header.metadata.get("general.type") == "adapter":
        return
    values = {
        key.removeprefix(f"{name}."): value
        for key, value in header.metadata.items()
        if key.startswith(f"{name}.")
    }
    for key in _NEEDED:
        if key not in values:
            raise GgufError(f"it does not say its {key.replace('_', ' ')} ({name}.{key})")
    layers = _count(values, "block_count", 1, MOST_LAYERS)
    for key, most in _MOST.items():
        if key in values:
            _count(values, key, int(key in _NEEDED), most)
    for key, value in values.items():
        if key.endswith("epsilon") and not (isinstance(value, float) and 0 <= value <= 1):
            raise GgufError(f"{key} is {value}, and a norm's epsilon is small and not negative")
    experts, used = (_count(values, f"expert_{of}count", 0, MOST_EXPERTS) for of in ("", "used_"))
    if used > experts or (experts and not used):
        raise GgufError(f"it uses {used} of {experts} experts")
    _check_layers(header, name, layers)
    _check_types(header)
    _check_vocabulary(header)


def _count(values: Mapping[str, object], key: str, least: int, most: int) -> int:
    value = values.get(key, 0)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise GgufError(f"{key} is {value!r:.40}, and it can be {least:,} to {most:,}")
    return value


def _check_layers(header: GgufHeader, name: str, layers: int) -> None:
    """Whole files hold a tensor of each layer, and lists of one value a layer have as many."""
    for key, values in header.arrays.items():
        per_layer = key.startswith(f"{name}.") and not values.texts
        if per_layer and any(abs(number) > LONGEST_CONTEXT for number in values.numbers):
            raise GgufError(f"{key} holds a number that no model can have")
    if header.metadata.get("split.count", 0):
        return
    if layers > len(header.tensors):
        raise GgufError(
            f"it says that it has {layers} layers, and holds {len(header.tensors)} tensors"
        )


def _check_types(header: GgufHeader) -> None:
    """ggml ends the process at a norm or bias of another type than it writes them in, and at products of integers."""
    for _, tensor in header.tensors:
        vector = sum(length > 1 for length in tensor.shape) < 2
        if (vector and tensor.type != "F32") or tensor.type in _NO_WEIGHTS:
            noun = "vector" if vector else "matrix"
            raise GgufError(
                f"the {noun} {tensor.name!r} is of type {tensor.type}, which none can be"
            )


def _check_vocabulary(header: GgufHeader) -> None:
    model = header.metadata.get("tokenizer.ggml.model")
    tokens = header.arrays.get("tokenizer.ggml.tokens")
    if header.metadata.get("split.no", 0):
        return
    if not isinstance(model, str) or tokens is None or not tokens.texts or not tokens.count:
        raise GgufError("it holds no vocabulary")
    if model in _WITHOUT_TEXT:
        raise GgufError(f"its vocabulary is of type {model!r}, with which no text can be written")
    if model == "llama" and not tokens.spells:
        raise GgufError("its vocabulary has no token for some bytes, and could not read every text")
    if tokens.distinct < tokens.count:
        raise GgufError(
            f"{tokens.count - tokens.distinct:,} tokens of its vocabulary stand in it before"
        )
    for of in ("scores", "token_type"):
        values = header.arrays.get(f"tokenizer.ggml.{of}")
        if values is not None and values.count != tokens.count:
            raise GgufError(f"it has {values.count:,} {of} for {tokens.count:,} tokens")
