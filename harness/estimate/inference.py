"""Memory that answering takes, with Transformers and with llama.cpp.

The parts are those of this project's engines (`harness/engines`): how many tokens go through a
pass together, which of them get logits, how long the cache of keys and values is. What is measured
and not derived is a constant here with its figure; docs/fit.md holds estimates against peaks.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from harness.engines.memory import SHARE
from harness.estimate.disk import adapter_bytes, gguf_bytes, gguf_weight_bytes
from harness.estimate.memory import Memory, Moments
from harness.estimate.need import MIB, need
from harness.estimate.precision import Device, held_bytes, item_bytes
from harness.estimate.shape import Shape

MOST_TOKENS: Mapping[Device, int] = {"cpu": 1024, "cuda": 16_384}
"""Tokens of a pass, as `harness.engines.hf.batched` has it; a longer prompt is a pass alone."""
MOST_ROWS = 512
MOST_SLOTS: Mapping[Device, int] = {"cpu": 32, "cuda": 256}
HEAD_PART = 1 << 25
"""Weights of an output head that are widened to float32 at a time (`engines.hf.forward`)."""
SLOT_STEP = 64
"""Tokens by which a slot of the cache grows (`engines.hf.slots`)."""
ATTENTION_BYTES = 24 * MIB
"""Scores, their softmax and weights of the part that is computed at a time (`engines.hf.attention`)."""
CALL_TOKENS = 512
"""Tokens of a call of llama.cpp (`llama_context`)."""
CELLS = 256
STREAMS: Mapping[Device, int] = {"cpu": 32, "cuda": 64}
ANSWERS: Mapping[Device, int] = {"cpu": 16, "cuda": 64}
"""Questions scored, and answers written, side by side (`llamacpp`)."""
LEAST_ROWS = 8
BLOCK_ROWS = 256
"""Rows of a block of distributions."""
HF_LIBRARIES = 425 * MIB
"""Python, torch, Transformers and a model's code, on a CPU: the starter's process, less its 9 MB."""
BITSANDBYTES = 20 * MIB
PEFT = 45 * MIB
LLAMA_LIBRARIES = 62 * MIB
LLAMA_BYTES_PER_ID = 140
"""Vocabulary of a loaded GGUF."""
CUDA_CONTEXT = 500 * MIB
"""Of a process that uses a GPU: on the device, and as much again of main memory."""
HF_LOGITS: Mapping[str, float] = {"choose": 3.0, "generate": 2.0, "distributions": 3.0}
"""Copies of a pass's logits (float32) that are alive together: of distributions the block before, the
head's output, and its log-softmax."""
LLAMA_LOGITS: Mapping[str, float] = {"choose": 5.8, "generate": 2.0, "distributions": 5.8}


@dataclass(frozen=True)
class Ask:
    """What a model is asked at a time.

    Attributes:
        kind: "choose" (log-likelihoods of choices), "generate", or "distributions" (of one
            sequence after the other).
        prompts: how many there are.
        prompt_tokens: of the longest, all included.
        shared_tokens: with which all prompts begin.
        new_tokens: that are written after each, at most.
        scored: positions of each prompt whose logits are wanted, for "choose": 1 where every
            choice is one token.
        rows: of a block of distributions, at most.
    """

    kind: Literal["choose", "generate", "distributions"]
    prompts: int
    prompt_tokens: int
    shared_tokens: int = 0
    new_tokens: int = 0
    scored: int = 1
    rows: int = BLOCK_ROWS

    @property
    def own_tokens(self) -> int:
        """Tokens of a prompt behind what all share."""
        return max(1, self.prompt_tokens - self.shared_tokens)


def hf_moments(
    shape: Shape,
    ask: Ask,
    dtype: str = "bfloat16",
    stored: str = "bfloat16",
    quantize: str | None = None,
    device: Device = "cpu",
    adapter_rank: int = 0,
    free_bytes: float = math.inf,
) -> Moments:
    """Of `harness.engines.hf.engine`.

    While weights are loaded, the file's pages are resident beside them; weights that stay in the
    precision of the file are these pages, and take no room of their own on a CPU.

    Args:
        dtype: computed in; also of what is not quantized.
        stored: precision of the files.
        quantize: "nf4" or "int8" by bitsandbytes.
        adapter_rank: of an adapter that is applied unmerged; 0: none.
        free_bytes: of the device. The engine fits its passes into half of what the weights leave.

    Raises:
        InputError: there is no such dtype or quantization.
    """
    file = shape.parameters * item_bytes(stored)
    held = held_bytes(shape, dtype, quantize, device)
    mapped = dtype == stored and device == "cpu"
    if mapped and quantize is not None:
        held -= (shape.parameters - shape.linear_weights) * item_bytes(dtype)
    adapter = adapter_bytes(shape, adapter_rank) if adapter_rank else 0
    libraries = HF_LIBRARIES + BITSANDBYTES * bool(quantize) + PEFT * bool(adapter_rank)
    context = CUDA_CONTEXT if device == "cuda" else libraries
    left = max(0.0, SHARE * (free_bytes - context - held - adapter))
    working = _hf_working(shape, ask, dtype, device, left)
    if device == "cuda":
        return Moments(
            Memory(
                need(libraries=libraries + CUDA_CONTEXT, file_while_loading=file, adapter=adapter),
                need(libraries=CUDA_CONTEXT, weights=held, adapter=adapter),
            ),
            Memory(
                need(libraries=libraries + CUDA_CONTEXT, adapter=adapter),
                need(libraries=CUDA_CONTEXT, weights=held, adapter=adapter, **working),
            ),
        )
    holding = {"libraries": libraries, "weights": held, "adapter": adapter}
    if mapped and quantize is None:
        return Moments(Memory(need(**holding)), Memory(need(**holding, **working)))
    kept = file if mapped else 0
    return Moments(
        Memory(need(**holding, file_while_loading=file)),
        Memory(need(**holding, mapped_file=kept, **working)),
    )


def _hf_working(
    shape: Shape, ask: Ask, dtype: str, device: Device, left: float
) -> dict[str, float]:
    """What a pass takes beside the weights, of the bytes that the engine lets it take."""
    size = item_bytes(dtype)
    most = min(MOST_TOKENS[device], left / 2 / (size * (8 * shape.hidden + 3 * shape.feed_forward)))
    side_by_side = max(1, min(ask.prompts, int(most) // ask.own_tokens))
    tokens, slots, slot = ask.own_tokens * side_by_side, 1, ask.shared_tokens
    rows = min(MOST_ROWS, side_by_side * ask.scored, max(1, left / 2 / (12 * shape.vocabulary)))
    if ask.kind == "generate":
        each = (ask.prompt_tokens + ask.new_tokens) * shape.cache_values * size
        slots = int(max(1, min(ask.prompts, MOST_SLOTS[device], left / each)))
        rows, slot = slots, ask.own_tokens + ask.new_tokens
        slot = slot if ask.new_tokens <= SLOT_STEP else _up(slot, SLOT_STEP)
    if ask.kind == "distributions":
        tokens = rows = min(ask.rows, ask.prompt_tokens)
        slot = ask.prompt_tokens
    copies, widened = HF_LOGITS[ask.kind], 0
    if size < 4 and ask.kind != "generate":
        widened = 4 * min(HEAD_PART, shape.vocabulary * shape.hidden)
    width = 8 * shape.hidden + 3 * shape.feed_forward + 2 * (shape.queries + 2 * shape.keys)
    return {
        "cache": slots * slot * shape.cache_values * size,
        "logits": copies * 4 * rows * shape.vocabulary,
        "head": widened,
        "activations": tokens * width * size + ATTENTION_BYTES,
    }


def llama_moments(
    shape: Shape,
    ask: Ask,
    quantization: str = "F16",
    device: Device = "cpu",
    file_bytes: int = 0,
) -> Moments:
    """Of `harness.engines.llamacpp.engine`. The file is mapped and read whole, to check it.

    Args:
        file_bytes: of a file that is there; 0: as it would be made here.

    Raises:
        InputError: the size is not given, and there is no such quantization.
    """
    file = file_bytes or gguf_bytes(shape, quantization)
    libraries = LLAMA_LIBRARIES + LLAMA_BYTES_PER_ID * shape.vocabulary
    streams, cells, tokens, rows = _llama_batch(ask, device)
    keys = 4 if quantization.upper() == "F32" else 2
    working: dict[str, float] = {
        "cache": streams * cells * shape.cache_values // 2 * (keys + 4),
        "logits": LLAMA_LOGITS[ask.kind] * 4 * rows * shape.vocabulary,
        "activations": 4
        * tokens
        * (2 * shape.hidden + 2 * shape.feed_forward + shape.queries + shape.heads * cells),
    }
    if device == "cpu":
        loaded = Memory(need(libraries=libraries, weights=file))
        return Moments(loaded, Memory(need(libraries=libraries, weights=file, **working)))
    logits = working["logits"]
    table = shape.vocabulary * shape.hidden * 2
    weights = file_bytes or gguf_weight_bytes(shape, quantization)
    mapped = {"libraries": libraries + CUDA_CONTEXT, "mapped_file": file}
    held = {"libraries": CUDA_CONTEXT, "weights": weights + (table if shape.tied else 0)}
    return Moments(
        Memory(need(**mapped), need(**held)),
        Memory(
            need(**mapped, logits=logits),
            need(**held, **{**working, "logits": 4 * rows * shape.vocabulary}),
        ),
    )


def _llama_batch(ask: Ask, device: Device) -> tuple[int, int, int, int]:
    """Streams of the cache, cells of each, tokens of a call, rows of logits."""
    cells = _up(ask.prompt_tokens + ask.new_tokens, CELLS)
    if ask.kind == "generate":
        streams = max(min(ask.prompts, ANSWERS[device]), LEAST_ROWS) + bool(ask.shared_tokens)
        return streams, cells, min(CALL_TOKENS, ask.own_tokens), streams
    if ask.kind == "distributions":
        tokens = min(ask.rows, ask.prompt_tokens)
        return 1, cells, tokens, tokens
    side_by_side = min(ask.prompts, STREAMS[device], CALL_TOKENS // ask.own_tokens)
    streams = max(1, side_by_side)
    tokens = min(CALL_TOKENS, streams * ask.own_tokens)
    return streams, cells, tokens, max(LEAST_ROWS, streams * ask.scored)


def _up(count: int, step: int) -> int:
    return -(-count // step) * step
