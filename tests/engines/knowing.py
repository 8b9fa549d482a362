"""A model whose answers are known: the last token that it read decides, alone, which one comes next."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

import torch
from transformers import LlamaConfig, LlamaForCausalLM, LlamaTokenizer

from tests.engines.models import CONTEXT

ODDS = 12.0
"""By how much the logit of what comes next exceeds all others."""


def write_knowing_model(folder: Path, tokenizer: Path, answers: Mapping[str, str]) -> Path:
    """A Llama that writes `answers[word]`, and ends, behind a text that ends with such a word.

    The embedding of a token is a dimension of its own, layers add nothing, and the head maps each
    dimension to the token that follows.
    """
    shutil.copytree(tokenizer, folder, dirs_exist_ok=True)
    pieces = LlamaTokenizer.from_pretrained(str(folder), add_bos_token=False)
    following: dict[int, int] = {}
    for word, answer in answers.items():
        head, whole = (pieces(text)["input_ids"] for text in (f"The {word}", f"The {word}{answer}"))
        assert whole[: len(head)] == head, f"{word} and its answer merge"
        path = [*whole[len(head) - 1 :], pieces.eos_token_id]
        for last, token in pairwise(path):
            assert following.setdefault(last, token) == token, f"two tokens behind {last}"
    size = len(pieces)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=size,
            hidden_size=size,
            intermediate_size=8,
            num_hidden_layers=1,
            num_attention_heads=1,
            num_key_value_heads=1,
            head_dim=16,
            max_position_embeddings=CONTEXT,
            tie_word_embeddings=False,
            bos_token_id=1,
            eos_token_id=2,
            pad_token_id=3,
        )
    )
    with torch.no_grad():
        for weight in model.parameters():
            if weight.ndim > 1:
                weight.zero_()
        model.model.embed_tokens.weight.copy_(torch.eye(size))
        for last, token in following.items():
            model.lm_head.weight[token, last] = ODDS / size**0.5
    model.save_pretrained(str(folder))
    return folder
