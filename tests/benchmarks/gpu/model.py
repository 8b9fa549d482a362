"""Random models of true shapes, made where they are run: nothing is downloaded.

The tokenizer is the starter's, whose ids every larger vocabulary holds; what a prompt says does not
matter for speed.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from harness.starter import MODEL_FOLDER

SHAPES: dict[str, dict[str, Any]] = {
    # config.json of meta-llama/Llama-3.1-8B; rope scaling left out, which takes no time.
    "llama-3.1-8b": {
        "vocab_size": 128_256,
        "hidden_size": 4096,
        "intermediate_size": 14_336,
        "num_hidden_layers": 32,
        "num_attention_heads": 32,
        "num_key_value_heads": 8,
        "max_position_embeddings": 8192,
    },
    "tiny": {
        "vocab_size": 8192,
        "hidden_size": 256,
        "intermediate_size": 512,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 8192,
    },
}
TOKENIZER_FILES = ("tokenizer.json", "tokenizer.model", "tokenizer_config.json")


def write_model(folder: Path, shape: str, device: str) -> None:
    """Writes the weights in bfloat16, unless they are there.

    Args:
        device: where random numbers are drawn; an 8B model takes seconds on a GPU.
    """
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    if (folder / "config.json").is_file():
        return
    torch.manual_seed(0)
    config = LlamaConfig(**SHAPES[shape], bos_token_id=1, eos_token_id=2, tie_word_embeddings=False)
    config.dtype = torch.bfloat16
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.bfloat16)
    try:
        with torch.device(device):
            model = LlamaForCausalLM(config)
    finally:
        torch.set_default_dtype(before)
    with torch.no_grad():
        model.lm_head.weight[2].zero_()  # EOS never wins: answers are as long as they may be
    folder.mkdir(parents=True, exist_ok=True)
    for name in TOKENIZER_FILES:
        shutil.copy(MODEL_FOLDER / name, folder / name)
    model.save_pretrained(str(folder))
