"""Pretrains the starter: `nice python -m tools.starter.pretrain` (about 75 minutes).

Plain text first, then copying, then questions and answers in longer sequences. Everything is seeded
and the number of threads is fixed, so the same machine and library versions give the same weights
again. Checkpoints go to the model folder as training proceeds; each is a complete Transformers
folder. A round starts from the saved weights with a fresh optimizer, so `--first-round 1` goes on
from where the first round ended, and another round can be added without training the others again.
"""

import argparse
import time
from collections.abc import Iterator
from itertools import islice
from math import cos, pi
from pathlib import Path

import torch
from torch import Tensor
from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

from harness.starter import MODEL_FOLDER
from tools.starter.rounds import ROUNDS, Round, Stage
from tools.starter.text.corpus import Mix, write_documents

THREADS = 1
_SEED = 11
_SEEDS_A_ROUND = 10
_IGNORED = -100
_WARM_UP = 0.04
_LAST_RATE = 0.05
_ENCODE_AT_ONCE = 500


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


def answer_labels(ids: Tensor, tokenizer: AutoTokenizer) -> Tensor:
    """The labels [sequences, length]: what the assistant says, its end token, and all plain text."""
    assistant, *others = tokenizer.convert_tokens_to_ids(
        ["<|assistant|>", "<|user|>", "<|system|>"]
    )
    labels = ids.clone()
    for row in labels:
        is_counted = True
        for place, token in enumerate(row.tolist()):
            if token in others:
                is_counted = False
            if not is_counted:
                row[place] = _IGNORED
            if token in (assistant, tokenizer.bos_token_id):
                is_counted = True
    return labels


def _rate(stage: Stage, step: int) -> float:
    """Linear warm-up, then a cosine down to a twentieth."""
    steps = stage.schedule or stage.steps
    warm_up = max(1, int(steps * _WARM_UP))
    if step < warm_up:
        return stage.learning_rate * (step + 1) / warm_up
    share = (step - warm_up) / max(1, steps - warm_up)
    return stage.learning_rate * (_LAST_RATE + (1 - _LAST_RATE) * (1 + cos(pi * share)) / 2)


def _optimizers(model: LlamaForCausalLM, is_muon: bool) -> list[torch.optim.Optimizer]:
    embedding = model.get_input_embeddings().weight
    matrices = [p for p in model.parameters() if p.dim() > 1 and p is not embedding]
    vectors = [p for p in model.parameters() if p.dim() == 1]
    if is_muon:
        return [
            torch.optim.Muon(matrices, weight_decay=0.1, adjust_lr_fn="match_rms_adamw"),
            torch.optim.AdamW([embedding, *vectors], betas=(0.9, 0.95), weight_decay=0.0),
        ]
    groups = [
        {"params": [embedding, *matrices], "weight_decay": 0.1},
        {"params": vectors, "weight_decay": 0.0},
    ]
    return [torch.optim.AdamW(groups, betas=(0.9, 0.95))]


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


def _load_or_create(folder: Path, vocabulary: int, is_new: bool) -> LlamaForCausalLM:
    if is_new:
        return LlamaForCausalLM(starter_config(vocabulary))
    return LlamaForCausalLM.from_pretrained(folder, dtype=torch.float32)


def _step(
    model: LlamaForCausalLM,
    optimizers: list[torch.optim.Optimizer],
    rate: float,
    ids: Tensor,
    labels: Tensor,
) -> float:
    """One update on a batch [sequences, length]; gives its loss."""
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss = model(input_ids=ids, labels=labels).loss
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["lr"] = rate
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
    return float(loss.item())


def _train_round(folder: Path, this: Round, number: int, every: int) -> list[float]:
    tokenizer = AutoTokenizer.from_pretrained(folder)
    torch.manual_seed(_SEED + number)
    model = _load_or_create(folder, len(tokenizer), is_new=number == 0)
    optimizers = _optimizers(model, this.is_muon)
    losses: list[float] = []
    started, tokens = time.monotonic(), 0
    for place, stage in enumerate(this.stages):
        seed = _SEED + number * _SEEDS_A_ROUND + place
        stream = _token_stream(tokenizer, stage.mix, seed)
        for step, ids in enumerate(_batches(stage, stream)):
            labels = answer_labels(ids, tokenizer) if stage.is_answers_only else ids
            losses.append(_step(model, optimizers, _rate(stage, step), ids, labels))
            tokens += ids.numel()
            if (step + 1) % every == 0:
                seconds = time.monotonic() - started
                print(
                    f"round {number} stage {place} step {step + 1} tokens {tokens} "
                    f"loss {sum(losses[-every:]) / every:.3f} "
                    f"{tokens / seconds:.0f} tokens/s {seconds / 60:.1f} min",
                    flush=True,
                )
                _save(model, tokenizer, folder)
    _save(model, tokenizer, folder)
    return losses


def pretrain(
    folder: Path, rounds: tuple[Round, ...], first_round: int = 0, every: int = 100
) -> list[float]:
    """Trains with the tokenizer in `folder`, saves there every so many steps; gives the losses."""
    torch.set_num_threads(THREADS)
    torch.use_deterministic_algorithms(True)
    losses: list[float] = []
    for number in range(first_round, len(rounds)):
        losses += _train_round(folder, rounds[number], number, every)
    return losses


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Pretrain the starter model.")
    parser.add_argument("--folder", type=Path, default=MODEL_FOLDER)
    parser.add_argument("--first-round", type=int, default=0)
    options = parser.parse_args()
    pretrain(options.folder, ROUNDS, options.first_round)
