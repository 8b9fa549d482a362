"""The model that is measured: random weights in the shape of llama-160m, Llama 2's tokenizer.

    python -m tests.benchmarks.model

Speed depends on shapes and not on what the weights say, so nothing has to be downloaded. The shape
is that of JackFram/llama-160m (config.json). The output row of EOS is zero, below the best of
32,000 random logits, so that every answer is as long as it may be, for everyone.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from dataclasses import dataclass
from hashlib import sha256
from importlib import metadata
from pathlib import Path
from typing import Any

from tests.benchmarks.places import CACHE, DATA

SHAPE = {
    "vocab_size": 32_000,
    "hidden_size": 768,
    "intermediate_size": 3072,
    "num_hidden_layers": 12,
    "num_attention_heads": 12,
    "max_position_embeddings": 2048,
    "tie_word_embeddings": False,
}
RECIPE = 1
"""Raised by hand when this file comes to make something else."""


@dataclass(frozen=True)
class Model:
    """One set of weights in the formats that are measured."""

    folder: Path

    @property
    def weights(self) -> Path:
        """Transformers folder, float16."""
        return self.folder / "weights"

    @property
    def f16(self) -> Path:
        """The same as GGUF."""
        return self.folder / "f16.gguf"

    @property
    def q4(self) -> Path:
        """Quantized to Q4_K_M."""
        return self.folder / "q4_k_m.gguf"


def model() -> Model:
    """The model of this recipe and these versions, whether it has been made or not."""
    versions = [metadata.version(name) for name in ("llama-cpp-python", "transformers", "torch")]
    key = sha256(repr([RECIPE, SHAPE, versions]).encode()).hexdigest()[:12]
    return Model(CACHE / "models" / f"llama-160m-{key}")


def write_weights(folder: Path, shape: dict[str, Any], seed: int = 0) -> None:
    """Random weights of a Llama `shape` with their tokenizer, in Transformers format."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM, LlamaTokenizer

    folder.mkdir(parents=True)
    shutil.copy(DATA / "llama2_tokenizer.model", folder / "tokenizer.model")
    LlamaTokenizer.from_pretrained(str(folder), add_bos_token=True).save_pretrained(str(folder))
    torch.manual_seed(seed)
    config = LlamaConfig(**shape, bos_token_id=1, eos_token_id=2, pad_token_id=None)
    made = LlamaForCausalLM(config)
    with torch.no_grad():
        made.lm_head.weight[2].zero_()
    made.half().save_pretrained(str(folder))


def make(wanted: Model) -> None:
    """Makes what `wanted` names, unless it is there; it appears whole."""
    from harness.models.gguf.convert import convert
    from harness.models.gguf.quantize import quantize

    if wanted.folder.is_dir():
        return
    wanted.folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=wanted.folder.parent) as scratch:
        made = Model(Path(scratch) / "made")
        write_weights(made.weights, SHAPE)
        convert(made.weights, made.f16)
        quantize(made.f16, made.q4, "Q4_K_M")
        made.folder.rename(wanted.folder)


if __name__ == "__main__":
    make(model())
    print(model().folder)
    sys.exit(0)
