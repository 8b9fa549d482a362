"""Memory that answering takes, with Transformers and with llama.cpp.

The parts are those of this project's engines (`harness/engines`): how many tokens go through a
pass together, which of them get logits, how long the cache of keys and values is. What is measured
and not derived is a constant here with its figure; docs/fit.md holds estimates against peaks.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from harness.engines.hf.sizes import HEAD_PART, MOST_ROWS, MOST_SLOTS, MOST_TOKENS, STEP
from harness.engines.llamacpp.sizes import ANSWERS, CELLS, MAX_TOKENS, STREAMS
from harness.engines.memory import SHARE
from harness.estimate.files import (
    ITEM_BYTES,
    adapter_bytes,
    checkpoint_bytes,
    gguf_bytes,
    gguf_weight_bytes,
)
from harness.estimate.need import CUDA_CONTEXT, MIB, Device, Moments, held
from harness.estimate.shape import ModelShape

ATTENTION_BYTES = 24 * MIB
"""Scores, their softmax and weights of the part that is computed at a time (`engines.hf.attention`)."""
LEAST_ROWS = 8
"""Rows of a call of llama.cpp from which on all are computed alike."""
_SIDE: Mapping[Device, str] = {"cpu": "cpu", "cuda": "gpu"}
"""What llama.cpp's engine calls a device."""
BLOCK_ROWS = 256
"""Rows of a block of distributions."""
HF_LIBRARIES = 425 * MIB
"""Python, torch, Transformers and a model's code, on a CPU: the starter's process, less its 9 MB."""
BITSANDBYTES = 20 * MIB
PEFT = 45 * MIB
LLAMA_LIBRARIES = 62 * MIB
LLAMA_BYTES_PER_ID = 140
"""Vocabulary of a loaded GGUF."""
HF_LOGITS: Mapping[str, float] = {"choose": 3.0, "generate": 2.0, "distributions": 3.0}
"""Copies of a pass's logits (float32) that are alive together: of distributions the block before, the
head's output, and its log-softmax."""
LLAMA_LOGITS: Mapping[str, float] = {"choose": 5.8, "generate": 2.0, "distributions": 5.8}
LINEAR_BYTES: Mapping[tuple[str, Device], float] = {
    ("nf4", "cuda"): 0.516,
    ("nf4", "cpu"): 1.9,
    ("int8", "cuda"): 1.0,
    ("int8", "cpu"): 3.75,
}
"""Of a weight in a bitsandbytes layer.

On a GPU by design: 4 bits, and for 64 weights an 8-bit scale with a share in a second one
(Dettmers et al. 2023, arXiv 2305.14314, section 3). On a CPU bitsandbytes (0.50) rearranges 4-bit
weights and unpacks 8-bit ones, and what loading leaves behind differs from run to run: measured on
llama-160m's shape, 4 bits took 1.1 to 4 bytes."""


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
        tokens: of all prompts together; 0 where all are as long as the longest.
    """

    kind: Literal["choose", "generate", "distributions"]
    prompts: int
    prompt_tokens: int
    shared_tokens: int = 0
    new_tokens: int = 0
    scored: int = 1
    rows: int = BLOCK_ROWS
    tokens: int = 0

    @property
    def own_tokens(self) -> int:
        """Tokens of a prompt behind what all share."""
        return max(1, self.prompt_tokens - self.shared_tokens)

    @property
    def mean(self) -> Ask:
        """As many prompts, all of mean length: what counts for time."""
        length = round(self.tokens / max(1, self.prompts)) or self.prompt_tokens
        shared = max(0, min(self.shared_tokens, length - 1))
        return replace(self, prompt_tokens=length, shared_tokens=shared)


@dataclass(frozen=True)
class HfModel:
    """A model as `harness.engines.hf.engine` has it in memory.

    Attributes:
        dtype: computed in; also of what is not quantized.
        stored: precision of the files.
        quantize: the matrices of all layers, by bitsandbytes.
        adapter_rank: of an adapter that is applied unmerged; 0: none.
        free_bytes: of the device. The engine fits its passes into half of what the weights leave.
        file_bytes: of files that are there; 0: as they would be made here.
        gpus: that it is laid over.
    """

    shape: ModelShape
    dtype: str = "bfloat16"
    stored: str = "bfloat16"
    quantize: str | None = None
    device: Device = "cpu"
    adapter_rank: int = 0
    free_bytes: float = math.inf
    file_bytes: int = 0
    gpus: int = 1

    @property
    def read_bytes(self) -> int:
        """Of the weights that a decoding step reads."""
        return self.file_bytes or checkpoint_bytes(self.shape, self.stored)

    @property
    def answers(self) -> int:
        """Most answers that are written side by side."""
        return MOST_SLOTS[self.device]

    @property
    def held_bytes(self) -> float:
        """Of the loaded weights."""
        item, parameters = ITEM_BYTES[self.dtype], self.shape.parameters
        if self.quantize is None:
            return parameters * item
        linear = self.shape.linear_weights
        return linear * LINEAR_BYTES[self.quantize, self.device] + (parameters - linear) * item

    def moments(self, ask: Ask) -> Moments:
        """While it loads, and while it answers.

        While weights are loaded, the file's pages are resident beside them; weights that stay in the
        precision of the file are these pages, and take no room of their own on a CPU.
        """
        shape, quantized = self.shape, self.quantize is not None
        file, weights = shape.parameters * ITEM_BYTES[self.stored], self.held_bytes
        mapped = self.dtype == self.stored and self.device == "cpu"
        if mapped and quantized:
            weights -= (shape.parameters - shape.linear_weights) * ITEM_BYTES[self.dtype]
        adapter = adapter_bytes(shape, self.adapter_rank) if self.adapter_rank else 0
        libraries = HF_LIBRARIES + BITSANDBYTES * quantized + PEFT * bool(self.adapter_rank)
        host = {"libraries": libraries, "adapter": adapter}
        model = {"weights": weights, "adapter": adapter}
        taken = (weights + adapter) / self.gpus + (
            CUDA_CONTEXT if self.device == "cuda" else libraries
        )
        working = self._working(ask, max(0.0, SHARE * (self.free_bytes - taken)))
        loading = {} if mapped and not quantized else {"file while loading": file}
        running = {"mapped file": file} if mapped and quantized else {}
        return Moments(
            held(self.device, {**host, **loading}, model),
            held(self.device, {**host, **running}, {**model, **working}),
        ).over(self.gpus, shape.block)

    def _working(self, ask: Ask, left: float) -> dict[str, float]:
        """What a pass takes beside the weights, of the bytes that the engine lets it take."""
        shape, size = self.shape, ITEM_BYTES[self.dtype]
        width = 8 * shape.hidden + 3 * shape.feed_forward
        most = min(MOST_TOKENS[self.device], left / 2 / (size * width))
        side_by_side = max(1, min(ask.prompts, int(most) // ask.own_tokens))
        tokens, slots, slot = ask.own_tokens * side_by_side, 1, ask.shared_tokens
        rows = min(MOST_ROWS, side_by_side * ask.scored, max(1, left / 2 / (12 * shape.vocabulary)))
        if ask.kind == "generate":
            each = (ask.prompt_tokens + ask.new_tokens) * shape.cache_values * size
            slots = int(max(1, min(ask.prompts, MOST_SLOTS[self.device], left / each)))
            rows, slot = slots, ask.own_tokens + ask.new_tokens
            slot = slot if ask.new_tokens <= STEP else _up(slot, STEP)
        if ask.kind == "distributions":
            tokens = rows = min(ask.rows, ask.prompt_tokens)
            slot = ask.prompt_tokens
        widened = size < 4 and ask.kind != "generate"
        width += 2 * (shape.queries + 2 * shape.keys)
        return {
            "cache": slots * slot * shape.cache_values * size,
            "logits": HF_LOGITS[ask.kind] * 4 * rows * shape.vocabulary,
            "head": 4 * min(HEAD_PART, shape.vocabulary * shape.hidden) * widened,
            "activations": tokens * width * size + ATTENTION_BYTES,
        }


@dataclass(frozen=True)
class GgufModel:
    """A model as `harness.engines.llamacpp.engine` has it. The file is mapped and read whole, to check it.

    Attributes:
        type: the quantization.
        file_bytes: of a file that is there; 0: as it would be made here.
        gpus: that it is laid over.
    """

    shape: ModelShape
    type: str = "F16"
    device: Device = "cpu"
    file_bytes: int = 0
    gpus: int = 1

    @property
    def read_bytes(self) -> int:
        """Of the file."""
        return self.file_bytes or gguf_bytes(self.shape, self.type)

    @property
    def answers(self) -> int:
        """Most answers that are written side by side."""
        return ANSWERS[_SIDE[self.device]]

    def moments(self, ask: Ask) -> Moments:
        """While it loads, and while it answers.

        Raises:
            InputError: the size is not given, and there is no such type.
        """
        shape, file = self.shape, self.read_bytes
        streams, cells, tokens, rows = self._batch(ask)
        keys = 4 if self.type == "F32" else 2
        width = 2 * shape.hidden + 2 * shape.feed_forward + shape.queries + shape.heads * cells
        logits = 4 * rows * shape.vocabulary
        copies = LLAMA_LOGITS[ask.kind] * logits
        host = {"libraries": LLAMA_LIBRARIES + LLAMA_BYTES_PER_ID * shape.vocabulary}
        working: dict[str, float] = {
            "cache": streams * cells * shape.cache_values // 2 * (keys + 4),
            "activations": 4 * tokens * width,
        }
        if self.device == "cpu":
            model = {"weights": file}
            running = held("cpu", host, {**model, **working, "logits": copies})
            return Moments(held("cpu", host, model), running)
        host["mapped file"] = file
        table = shape.vocabulary * shape.hidden * 2 if shape.tied else 0
        model = {"weights": (self.file_bytes or gguf_weight_bytes(shape, self.type)) + table}
        return Moments(
            held("cuda", host, model),
            held("cuda", {**host, "logits": copies}, {**model, **working, "logits": logits}),
        ).over(self.gpus, shape.block)

    def _batch(self, ask: Ask) -> tuple[int, int, int, int]:
        """Streams of the cache, cells of each, tokens of a call, rows of logits."""
        cells = _up(ask.prompt_tokens + ask.new_tokens, CELLS)
        if ask.kind == "generate":
            streams = max(min(ask.prompts, self.answers), LEAST_ROWS) + bool(ask.shared_tokens)
            return streams, cells, min(MAX_TOKENS, ask.own_tokens), streams
        if ask.kind == "distributions":
            tokens = min(ask.rows, ask.prompt_tokens)
            return 1, cells, tokens, tokens
        fitting = MAX_TOKENS // ask.own_tokens
        streams = max(1, min(ask.prompts, STREAMS[_SIDE[self.device]], fitting))
        tokens = min(MAX_TOKENS, streams * ask.own_tokens)
        return streams, cells, tokens, max(LEAST_ROWS, streams * ask.scored)


def _up(count: int, step: int) -> int:
    return -(-count // step) * step
