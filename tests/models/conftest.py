"""Tiny models made on the spot: random weights, a tokenizer trained on made-up sentences."""

from __future__ import annotations

import io
import json
import os
import random
from pathlib import Path

import pytest

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # before torch is loaded

WORDS = ("profit", "loss", "quarter", "share", "bank", "trade", "grew", "fell", "net", "result")
VOCABULARY = 400


def sentences(count: int, seed: int = 0) -> list[str]:
    """Made-up sentences, each of a few words and a number."""
    chooser = random.Random(seed)
    return [
        " ".join(chooser.choices(WORDS, k=chooser.randint(3, 9))) + f" {chooser.randint(1, 999)}."
        for _ in range(count)
    ]


def write_tokenizer(folder: Path) -> None:
    """A SentencePiece tokenizer with byte fallback, as Llama's are."""
    import sentencepiece

    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(sentences(2000)),
        model_writer=model,
        model_type="bpe",
        vocab_size=VOCABULARY,
        byte_fallback=True,
        hard_vocab_limit=True,
        unk_id=0,
        bos_id=1,
        eos_id=2,
        minloglevel=2,
    )
    (folder / "tokenizer.model").write_bytes(model.getvalue())
    config = {
        "tokenizer_class": "LlamaTokenizer",
        "add_bos_token": True,
        "add_eos_token": False,
        "legacy": False,
        "bos_token": "<s>",
        "eos_token": "</s>",
        "unk_token": "<unk>",
        "chat_template": "{{ messages[0]['content'] }}",
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(config))


def write_model(folder: Path, seed: int = 0) -> Path:
    """A random 2-layer Llama of hidden size 256, so that K-quants apply to it."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(seed)
    config = LlamaConfig(
        hidden_size=256,
        intermediate_size=512,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        vocab_size=VOCABULARY,
        max_position_embeddings=128,
        tie_word_embeddings=True,
        initializer_range=0.1,
        bos_token_id=1,
        eos_token_id=2,
    )
    folder.mkdir(parents=True)
    LlamaForCausalLM(config).to(torch.bfloat16).save_pretrained(folder)
    write_tokenizer(folder)
    return folder


def write_examples(file: Path, count: int = 24, seed: int = 0) -> Path:
    """Examples whose answer is their first prompt id twice: something that can be learned."""
    chooser = random.Random(seed)
    with file.open("w") as lines:
        for _ in range(count):
            prompt = [1] + [
                chooser.randrange(260, VOCABULARY) for _ in range(chooser.randint(3, 9))
            ]
            row = {"prompt_ids": prompt, "target_ids": [prompt[1], prompt[1], 2]}
            lines.write(json.dumps(row) + "\n")
    return file


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole tiny model; tests do not change it."""
    return write_model(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="session")
def examples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """24 training examples for it."""
    return write_examples(tmp_path_factory.mktemp("examples") / "examples.jsonl")


@pytest.fixture(scope="session")
def llama_cpp_sources() -> Path:
    """llama.cpp's converter; the test is skipped where it is neither installed nor to be had."""
    from harness.errors import MissingToolError
    from harness.models.llamacpp_source import find_llama_cpp

    try:
        return find_llama_cpp()
    except MissingToolError as error:
        pytest.skip(error.message)


@pytest.fixture(scope="session")
def tiny_f16(tiny: Path, llama_cpp_sources: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny model as an F16 GGUF."""
    from harness.models.convert import convert

    out = tmp_path_factory.mktemp("gguf") / "tiny-f16.gguf"
    convert(tiny, out)
    return out
