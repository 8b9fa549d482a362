"""The plain way, by the libraries' own documented means: nothing of the harness is used here.

One text at a time, the whole of it in one forward pass, logits of every position, log-softmax in
float64. Transformers runs a folder in float32 with its unfused attention; llama.cpp is run by
llama-cpp-python's `Llama` with `logits_all`. What it keeps keys and values in is said, since it matters:
llama.cpp rounds what goes into each product with Q4_1 to 8 bits, and of SmolLM2 that makes 1e-3 in a
value to some nats in a rare log-probability.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol
from unittest.mock import patch

import llama_cpp.llama_cpp as lib
import numpy as np
import numpy.typing as npt
import torch
from llama_cpp import Llama
from llama_cpp.llama_chat_format import Jinja2ChatFormatter
from transformers import AutoModelForCausalLM, AutoTokenizer

Floats = npt.NDArray[np.float64]
CONTEXT = 640
"""Tokens that `Llama` keeps logits of: 671 MB for Gemma's vocabulary."""


class Plain(Protocol):
    """A model as three functions."""

    def asked(self, chat: str, plain: str) -> list[int]:
        """Ids of a question: `chat` through the chat template, or where there is none `plain`."""

    def log_probabilities(self, ids: Sequence[int]) -> Floats:
        """Of the token after each id, (ids, vocabulary), in nats."""

    def answer(self, text: str) -> list[int]:
        """Ids of a text that follows others."""

    def text(self, ids: Sequence[int]) -> str:
        """Of an answer's ids."""


class PlainTransformers:
    """A folder, in float32."""

    def __init__(self, folder: Path) -> None:
        self.tokenizer: Any = AutoTokenizer.from_pretrained(str(folder))
        model: Any = AutoModelForCausalLM.from_pretrained(
            str(folder), dtype=torch.float32, attn_implementation="eager"
        )
        self.model = model.eval()

    def asked(self, chat: str, plain: str) -> list[int]:
        if self.tokenizer.chat_template is None:
            return list(self.tokenizer(plain)["input_ids"])
        turns = [{"role": "user", "content": chat}]
        text = self.tokenizer.apply_chat_template(turns, add_generation_prompt=True, tokenize=False)
        return self.answer(text)

    def answer(self, text: str) -> list[int]:
        return list(self.tokenizer(text, add_special_tokens=False)["input_ids"])

    def log_probabilities(self, ids: Sequence[int]) -> Floats:
        with torch.no_grad():
            logits = self.model(torch.tensor([list(ids)]), use_cache=False).logits[0]
        found: Floats = logits.double().log_softmax(-1).numpy()
        return found

    def text(self, ids: Sequence[int]) -> str:
        return str(self.tokenizer.decode(list(ids)))


class PlainLlama:
    """A GGUF file; keys in float16, values in float32 and weights as they lie in the file, as the
    harness has them."""

    def __init__(self, gguf: Path) -> None:
        settings = lib.llama_model_default_params()
        settings.use_extra_bufts = False  # for which `Llama` has no argument
        with patch.object(lib, "llama_model_default_params", return_value=settings):
            self.llama: Any = Llama(
                str(gguf),
                n_ctx=CONTEXT,
                logits_all=True,
                type_k=lib.GGML_TYPE_F16,
                type_v=lib.GGML_TYPE_F32,
                verbose=False,
            )
        self.template = self.llama.metadata.get("tokenizer.chat_template")

    def asked(self, chat: str, plain: str) -> list[int]:
        if self.template is None:
            return list(self.llama.tokenize(plain.encode(), add_bos=True, special=True))
        render = Jinja2ChatFormatter(self.template, eos_token="<|im_end|>", bos_token="")
        prompt: str = render(messages=[{"role": "user", "content": chat}]).prompt
        return self.answer(prompt)

    def answer(self, text: str) -> list[int]:
        return list(self.llama.tokenize(text.encode(), add_bos=False, special=True))

    def log_probabilities(self, ids: Sequence[int]) -> Floats:
        self.llama.reset()
        self.llama.eval(list(ids))
        logits = torch.tensor(self.llama.scores[: len(ids)])
        found: Floats = logits.double().log_softmax(-1).numpy()
        return found

    def text(self, ids: Sequence[int]) -> str:
        return bytes(self.llama.detokenize(list(ids), special=True)).decode("utf-8", "replace")

    def completion(self, ids: Sequence[int], count: int) -> str:
        """What llama-cpp-python itself writes, greedily."""
        made = self.llama.create_completion(list(ids), max_tokens=count, temperature=0.0)
        return str(made["choices"][0]["text"])


def choices_of(plain: Plain, prompt: Sequence[int], labels: Sequence[str]) -> Floats:
    """The summed log-probability of each label's ids behind a prompt, a run for each."""
    found = []
    for label in labels:
        ids = plain.answer(label)
        rows = plain.log_probabilities([*prompt, *ids])[len(prompt) - 1 : -1]
        found.append(rows[np.arange(len(ids)), ids].sum())
    return np.array(found)


def greedy(plain: Plain, prompt: Sequence[int], answer: str) -> tuple[list[int], list[int]]:
    """Ids of an answer, and the likeliest at each of their places: by definition, in one pass.

    An answer that was stripped of a line break or a space is given it back.
    """
    first = int(plain.log_probabilities(prompt)[-1].argmax())
    blank = not plain.text([first]).strip()
    ids = [first, *plain.answer(answer)] if blank else plain.answer(answer)
    if not blank and plain.text([first]).startswith(" "):
        ids = plain.answer(f" {answer}")
    rows = plain.log_probabilities([*prompt, *ids])[len(prompt) - 1 : -1]
    return ids, rows.argmax(axis=1).tolist()


def shared_start(documents: Sequence[Sequence[int]]) -> int:
    """How many ids all documents begin with; at least 1, since nothing predicts the first."""
    columns = enumerate(zip(*documents, strict=False))
    return max(1, next(place for place, column in columns if len(set(column)) > 1))


def kl_and_perplexity(
    reference: Plain, candidate: Plain, documents: Sequence[Sequence[int]]
) -> tuple[float, float]:
    """Mean KL(reference || candidate) and the candidate's perplexity over documents.

    Of each document the ids count that come after what all of them begin with; perplexity is the
    exponential of the mean negative log-likelihood, as llama.cpp's own tool takes it.
    """
    start = shared_start(documents)
    kl, nll = [], []
    for ids in documents:
        counted = slice(start - 1, len(ids) - 1)
        p, q = (one.log_probabilities(ids)[counted] for one in (reference, candidate))
        kl += (np.exp(p) * (p - q)).sum(axis=1).tolist()
        nll += (-q[np.arange(len(q)), list(ids[start:])]).tolist()
    return float(np.mean(kl)), float(np.exp(np.mean(nll)))
