"""Pretrains the starter: `nice python -m harness.starter.pretrain` (see README.md for the time).

Plain text first, then chat turns in longer sequences. Everything is seeded and the number of
threads is fixed, so the same machine and library versions give the same weights again. Checkpoints
go to the model folder as training proceeds; each is a complete Transformers folder.
"""

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from math import cos, pi
from pathlib import Path

import torch
from torch import Tensor
from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

from harness.starter import MODEL_FOLDER
from harness.starter.text.corpus import CHAT_MIX, PLAIN_MIX, Mix, write_documents

THREADS = 1
_SEED = 11
_WARM_UP = 0.04
_LAST_RATE = 0.05
_ENCODE_AT_ONCE = 500


@dataclass(frozen=True)
class Stage:
    """One stretch of training; a step has `sequences` times `length` tokens."""

    mix: Mix
    steps: int
    sequences: int
    length: int
    learning_rate: float


STAGES = (
    Stage(PLAIN_MIX, steps=1300, sequences=16, length=256, learning_rate=3e-3),
    Stage(CHAT_MIX, steps=260, sequences=8, length=512, learning_rate=1e-3),
)


def starter_config(vocabulary: int) -> LlamaConfig:
    """The architecture; rows are multiples of 256 so that llama.cpp's K-quants apply."""
    return LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=256,
        intermediate_size=768,
        num_hidden_layers=4,
        num_attention_heads=4,
        num_key_value_heads=4,
        max_position_embeddings=1024,
        rms_norm_eps=1e-5,
        tie_word_embeddings=True,
        bos_token_id=1,
        eos_token_id=2,
        pad_token_id=3,
    )


def _token_stream(tokenizer: AutoTokenizer, mix: Mix, seed: int) -> Iterator[int]:
    """Document after document, each opened by the begin token; prose is closed by the end token."""
    documents = write_documents(seed, mix)
    while True:
        batch = list(islice(documents, _ENCODE_AT_ONCE))
        for text, ids in zip(batch, tokenizer(batch)["input_ids"], strict=True):
            yield from ids
            if not text.endswith("<|end|>\n"):
                yield tokenizer.eos_token_id


def _batches(stage: Stage, tokens: Iterator[int]) -> Iterator[Tensor]:
    """Batches [sequences, length] cut from the stream."""
    for _ in range(stage.steps):
        ids = torch.tensor(list(islice(tokens, stage.sequences * stage.length)))
        yield ids.view(stage.sequences, stage.length)


def _rate(stage: Stage, step: int) -> float:
    """Linear warm-up, then a cosine down to a twentieth."""
    warm_up = max(1, int(stage.steps * _WARM_UP))
    if step < warm_up:
        return stage.learning_rate * (step + 1) / warm_up
    share = (step - warm_up) / max(1, stage.steps - warm_up)
    return stage.learning_rate * (_LAST_RATE + (1 - _LAST_RATE) * (1 + cos(pi * share)) / 2)


def _optimizer(model: LlamaForCausalLM) -> torch.optim.Optimizer:
    matrices = [p for p in model.parameters() if p.dim() > 1]
    vectors = [p for p in model.parameters() if p.dim() == 1]
    groups = [
        {"params": matrices, "weight_decay": 0.1},
        {"params": vectors, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, betas=(0.9, 0.95), eps=1e-8)


def _save(model: LlamaForCausalLM, tokenizer: AutoTokenizer, folder: Path) -> None:
    """The weights as bfloat16, with a generation config that stops at either end token."""
    state = {name: tensor.to(torch.bfloat16) for name, tensor in model.state_dict().items()}
    saved = LlamaForCausalLM(model.config).to(torch.bfloat16)
    saved.load_state_dict(state)
    saved.generation_config.bos_token_id = tokenizer.bos_token_id
    saved.generation_config.eos_token_id = [
        tokenizer.eos_token_id,
        tokenizer.convert_tokens_to_ids("<|end|>"),
    ]
    saved.generation_config.pad_token_id = tokenizer.pad_token_id
    saved.save_pretrained(folder)


def pretrain(folder: Path, stages: tuple[Stage, ...], save_every: int = 100) -> list[float]:
    """Trains from nothing with the tokenizer in `folder` and saves there; gives the losses."""
    torch.manual_seed(_SEED)
    torch.set_num_threads(THREADS)
    torch.use_deterministic_algorithms(True)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = LlamaForCausalLM(starter_config(len(tokenizer)))
    optimizer = _optimizer(model)
    losses: list[float] = []
    started, tokens = time.monotonic(), 0
    for number, stage in enumerate(stages):
        stream = _token_stream(tokenizer, stage.mix, seed=_SEED + number)
        for step, ids in enumerate(_batches(stage, stream)):
            for group in optimizer.param_groups:
                group["lr"] = _rate(stage, step)
            with torch.autocast("cpu", dtype=torch.bfloat16):
                loss = model(input_ids=ids, labels=ids).loss
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            losses.append(loss.item())
            tokens += ids.numel()
            if (step + 1) % save_every == 0:
                seconds = time.monotonic() - started
                recent = sum(losses[-save_every:]) / save_every
                print(
                    f"stage {number} step {step + 1} tokens {tokens} loss {recent:.3f} "
                    f"{tokens / seconds:.0f} tokens/s {seconds / 60:.1f} min",
                    flush=True,
                )
                _save(model, tokenizer, folder)
    _save(model, tokenizer, folder)
    return losses


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Pretrain the starter model.")
    parser.add_argument("--folder", type=Path, default=MODEL_FOLDER)
    pretrain(parser.parse_args().folder, STAGES)
