"""The plain way: one prompt at a time, no cache, logits of every position, log-softmax in float64.

What engines are measured by. Nothing of an engine is used here but the settings of llama.cpp's
context, which are read off a running engine: they are part of what is asked for, not a shortcut.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import llama_cpp.llama_cpp as lib
import numpy as np
import numpy.typing as npt
import pytest
import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM

from harness.engines.protocol import ChoiceQuestion

Floats = npt.NDArray[np.float64]


class Plain:
    """A model as a function from ids to log-probabilities, each sequence run afresh."""

    def __init__(self, logits: Callable[[Sequence[int]], npt.NDArray[np.float32]]) -> None:
        """`logits` gives an array of shape (ids, vocabulary)."""
        self._logits = logits
        self._known: dict[tuple[int, ...], Floats] = {}

    def log_probabilities(self, ids: Sequence[int]) -> Floats:
        """Log-probabilities (nats) of the token after each of some ids, (ids, vocabulary)."""
        key = tuple(ids)
        if key not in self._known:
            logits = self._logits(ids).astype(np.float64)
            highest = logits.max(axis=-1, keepdims=True)
            total = np.exp(logits - highest).sum(axis=-1, keepdims=True)
            self._known[key] = logits - highest - np.log(total)
        return self._known[key]

    def choose(self, question: ChoiceQuestion) -> list[float]:
        """The summed log-probability (nats) of each choice after its prompt, by definition."""
        sums = []
        for choice in question.choices:
            rows = self.log_probabilities(question.prompt + choice)
            start = len(question.prompt) - 1
            sums.append(float(sum(rows[start + n, token] for n, token in enumerate(choice))))
        return sums

    def greedy(self, prompt: Sequence[int], count: int) -> tuple[int, ...]:
        """The most likely continuation: a run over everything for each token."""
        ids = list(prompt)
        for _ in range(count):
            ids.append(int(self.log_probabilities(ids)[-1].argmax()))
        return tuple(ids[len(prompt) :])

    def regret(self, prompt: Sequence[int], answer: Sequence[int]) -> float:
        """How far the tokens of an answer are from the most likely ones (nats): 0 is greedy.

        One run for the whole answer.
        """
        rows = self.log_probabilities([*prompt, *answer])[len(prompt) - 1 : -1]
        return float((rows.max(-1) - rows[np.arange(len(answer)), answer]).max())


def plain_hf(
    folder: Path, adapter: Path | None = None, dtype: str = "float32", quantization: Any = None
) -> Plain:
    """A Transformers folder with Transformers' own, unfused attention.

    Args:
        adapter: a PEFT adapter to be put on top, unmerged.
        quantization: a `BitsAndBytesConfig`.
    """
    model: Any = AutoModelForCausalLM.from_pretrained(
        str(folder),
        dtype=getattr(torch, dtype),
        quantization_config=quantization,
        attn_implementation="eager",
    )
    if adapter is not None:
        model = PeftModel.from_pretrained(model, str(adapter))
    model = model.eval()

    def logits(ids: Sequence[int]) -> npt.NDArray[np.float32]:
        with torch.no_grad():
            output = model(torch.tensor([list(ids)]), use_cache=False)
        found: npt.NDArray[np.float32] = output.logits[0].float().numpy()
        return found

    return Plain(logits)


class Settings:
    """The parameters with which an engine loaded a GGUF and made its context."""

    model: Any = None
    context: Any = None


@contextmanager
def settings_of_engine() -> Iterator[Settings]:
    """Notes what an engine that is opened and asked something in this block tells llama.cpp."""
    settings = Settings()
    load, make = lib.llama_model_load_from_file, lib.llama_init_from_model

    def loading(path: bytes, parameters: Any) -> Any:
        settings.model = parameters
        return load(path, parameters)

    def making(model: Any, parameters: Any) -> Any:
        settings.context = parameters
        return make(model, parameters)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lib, "llama_model_load_from_file", loading)
        patch.setattr(lib, "llama_init_from_model", making)
        yield settings


@contextmanager
def plain_llama(path: Path, settings: Settings, longest: int, least: int = 1) -> Iterator[Plain]:
    """A GGUF in llama.cpp: a fresh context of one sequence for each run, one batch, one thread.

    Args:
        settings: how weights are held and what the cache and attention compute in, as an engine has
            it. How many cells, sequences and tokens a batch has is none of it.
        longest: most ids of a run.
        least: fewest ids of a run; shorter ones are filled behind their end, where nothing looks.
            K-quants are multiplied by another routine, which rounds otherwise, below eight rows.
    """
    theirs = settings.context
    handle = lib.llama_model_load_from_file(str(path).encode(), settings.model)
    assert handle, path
    vocabulary = lib.llama_vocab_n_tokens(lib.llama_model_get_vocab(handle))

    def logits(asked: Sequence[int]) -> npt.NDArray[np.float32]:
        ids = [*asked, *[0] * (least - len(asked))]
        parameters = lib.llama_context_default_params()
        parameters.n_ctx = parameters.n_batch = parameters.n_ubatch = longest
        parameters.n_threads = parameters.n_threads_batch = 1
        parameters.type_k, parameters.type_v = theirs.type_k, theirs.type_v
        parameters.flash_attn_type = theirs.flash_attn_type
        context = lib.llama_init_from_model(handle, parameters)
        assert context, "no context"
        tokens, wanted = (
            (ctypes.c_int32 * len(ids))(*ids),
            (ctypes.c_int8 * len(ids))(*[1] * len(ids)),
        )
        batch = lib.llama_batch_get_one(tokens, len(ids))
        batch.logits = ctypes.cast(wanted, type(batch.logits))
        assert lib.llama_decode(context, batch) == 0
        found: npt.NDArray[np.float32] = np.ctypeslib.as_array(
            lib.llama_get_logits(context), (len(ids), vocabulary)
        ).copy()
        lib.llama_free(context)
        return found[: len(asked)]

    try:
        yield Plain(logits)
    finally:
        lib.llama_model_free(handle)
