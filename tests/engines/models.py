"""Tiny random models made on the spot: a tokenizer, models of many kinds, adapters, GGUF files."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import llama_cpp.llama_cpp as lib
import sentencepiece
import torch
from peft import LoraConfig, get_peft_model
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    GenerationConfig,
    LlamaForCausalLM,
    LlamaTokenizer,
)

from harness.models.gguf.llamacpp_source import find_llama_cpp

SECONDS = 600
"""How long a conversion may take on a machine that is busy with other tests."""
VOCABULARY = 512
CONTEXT = 256
NOUNS = [
    "profit",
    "sale",
    "order",
    "share",
    "ship",
    "bank",
    "plant",
    "price",
    "loss",
    "engine",
    "factory",
    "cat",
    "train",
    "letter",
]
VERBS = [
    "rises",
    "falls",
    "grows",
    "sinks",
    "opens",
    "closes",
    "builds",
    "sells",
    "buys",
    "moves",
    "reads",
    "writes",
]
CHAT_TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}"
    "{{ '<|' + message['role'] + '|>' + message['content'] + '<|end|>' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)
WINDOWS = {"mistral": 16, "gemma2": 32, "gemma3": 16}
"""Widths of sliding windows, in tokens: shorter and longer than an engine's trial pass may be."""
Kind = Literal[
    "llama",
    "llama-tied",
    "llama-wide",
    "mistral",
    "gemma2",
    "gemma3",
    "qwen2",
    "qwen3",
    "gpt2",
    "bloom",
    "mamba",
    "phi3",
]


def sentences(count: int, seed: int = 0) -> list[str]:
    """Made-up sentences."""
    draw = random.Random(seed)
    return [
        f"The {draw.choice(NOUNS)} of the {draw.choice(NOUNS)} {draw.choice(VERBS)}, and the "
        f"{draw.choice(NOUNS)} {draw.choice(VERBS)} by {draw.randint(1, 99)} percent."
        for _ in range(count)
    ]


def write_tokenizer(folder: Path) -> None:
    """A SentencePiece BPE with byte fallback, as Llama's: `tokenizer.model` and `tokenizer.json`."""
    folder.mkdir(parents=True, exist_ok=True)
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(sentences(400)),
        model_prefix=str(folder / "tokenizer"),
        vocab_size=VOCABULARY,
        hard_vocab_limit=False,
        model_type="bpe",
        byte_fallback=True,
        normalization_rule_name="identity",
        control_symbols=["<|user|>", "<|assistant|>", "<|end|>"],
        unk_id=0,
        bos_id=1,
        eos_id=2,
        pad_id=3,
        num_threads=1,
        minloglevel=2,
    )
    tokenizer = LlamaTokenizer.from_pretrained(str(folder), add_bos_token=True)
    tokenizer.chat_template = CHAT_TEMPLATE
    tokenizer.save_pretrained(str(folder))
    (folder / "tokenizer.vocab").unlink()


def configuration(kind: Kind) -> Any:
    """A model of two layers with weights spread wide, so that log-probabilities differ.

    `llama` has half as many key and value heads as query heads; in `mistral` both layers see
    a window only, in the Gemmas every other one; Gemma 2 caps attention scores and logits; GPT-2
    has learned positions, and BLOOM none (ALiBi); Mamba keeps a state instead of keys; Phi 3 turns
    by other angles in texts longer than `CONTEXT`. Gemma 2 and Phi 3 reach to four times `CONTEXT`,
    the others to `CONTEXT`. `llama-wide` has rows of 256 weights, which
    K-quants need.
    """
    shape: dict[str, Any] = dict(
        vocab_size=VOCABULARY,
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=16,
        max_position_embeddings=CONTEXT,
        initializer_range=0.15,
        tie_word_embeddings=kind in ("llama-tied", "llama-wide", "gemma2", "gemma3"),
        bos_token_id=1,
        eos_token_id=2,
        pad_token_id=3,
    )
    if kind == "llama-wide":
        shape.update(hidden_size=256, intermediate_size=512, head_dim=64, initializer_range=0.1)
    if kind in WINDOWS:
        shape.update(sliding_window=WINDOWS[kind])
    if kind in ("gemma2", "phi3"):
        shape.update(max_position_embeddings=4 * CONTEXT)
    if kind in ("gemma2", "gemma3"):
        shape.update(query_pre_attn_scalar=16, initializer_range=0.3)
        shape.update(layer_types=["sliding_attention", "full_attention"])
    if kind == "gemma2":
        shape.update(attn_logit_softcapping=5.0, final_logit_softcapping=8.0)
    if kind in ("gpt2", "bloom"):
        shape.update(n_embd=64, n_layer=2, n_head=4, n_positions=CONTEXT, initializer_range=0.3)
        for name in ("num_key_value_heads", "head_dim", "intermediate_size"):
            del shape[name]
    if kind == "mamba":
        shape.update(state_size=8, time_step_rank=4, initializer_range=0.3)
    if kind == "phi3":
        factors: dict[str, Any] = dict(short_factor=[1.0] * 8, long_factor=[4.0] * 8)
        shape.update(original_max_position_embeddings=CONTEXT, sliding_window=None)
        shape.update(rope_parameters=dict(rope_type="longrope", rope_theta=1e4, **factors))
    family = {"gemma3": "gemma3_text"}.get(kind, kind.split("-")[0])
    return AutoConfig.for_model(family, **shape)


def write_model(folder: Path, tokenizer: Path, kind: Kind = "llama", seed: int = 0) -> Path:
    """A random model with the tokenizer of a folder."""
    shutil.copytree(tokenizer, folder, dirs_exist_ok=True)
    torch.manual_seed(seed)
    model: Any = AutoModelForCausalLM.from_config(configuration(kind))
    if kind == "llama-wide":
        model = model.to(torch.bfloat16)
    for name, weight in model.named_parameters():
        if ".post_" in name and kind in ("gemma2", "gemma3"):
            torch.nn.init.constant_(weight, 4.0)  # else the token just read outweighs all layers
    model.generation_config = GenerationConfig(bos_token_id=1, eos_token_id=[2], pad_token_id=3)
    model.save_pretrained(str(folder))
    if kind == "mamba":
        (folder / "tokenizer.json").unlink()  # llama.cpp's converter takes it for GPT-NeoX's
    return folder


def write_adapter(folder: Path, base: Path, trained: bool = True, **options: Any) -> Path:
    """A LoRA adapter for the model in `base`, with random updates where `trained`."""
    torch.manual_seed(1)
    settings = {"r": 4, "target_modules": ["q_proj", "v_proj", "down_proj"], **options}
    model = get_peft_model(
        LlamaForCausalLM.from_pretrained(str(base)), LoraConfig(task_type="CAUSAL_LM", **settings)
    )
    if trained:
        for name, weight in model.named_parameters():
            if "lora_B" in name:
                torch.nn.init.normal_(weight, std=0.2)
    model.save_pretrained(str(folder))
    return folder


def write_gguf(out: Path, folder: Path, popen: Callable[..., Any] = subprocess.Popen) -> Path:
    """The model of a folder as an F32 GGUF, by llama.cpp's own converter, which `popen` starts."""
    script = find_llama_cpp() / "convert_hf_to_gguf.py"
    command = [sys.executable, str(script), str(folder), "--outfile", str(out), "--outtype", "f32"]
    piped: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with popen(command, env=os.environ, **piped) as converter:
        _, errors = converter.communicate(timeout=SECONDS)
    assert out.is_file(), errors
    return out


def write_quantized(out: Path, gguf: Path, kind: str) -> Path:
    """A GGUF with its weights as `kind`, such as "F16" or "Q8_0"."""
    params = lib.llama_model_quantize_default_params()
    params.ftype, params.nthread = getattr(lib, f"LLAMA_FTYPE_MOSTLY_{kind}"), 1
    assert lib.llama_model_quantize(str(gguf).encode(), str(out).encode(), params) == 0
    return out
