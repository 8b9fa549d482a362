"""Model folders that need a permission: an architecture of their own, weights in a pickle."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file

CODE = '''
import os
from pathlib import Path

from transformers import LlamaConfig, LlamaForCausalLM

Path(os.environ["OWN_CODE_RAN"]).write_text("yes")


class OwnConfig(LlamaConfig):
    model_type = "own-llama"


class OwnForCausalLM(LlamaForCausalLM):
    """A Llama that is half as sure of itself."""

    config_class = OwnConfig

    def forward(self, *arguments, **named):
        out = super().forward(*arguments, **named)
        out.logits = out.logits / 2
        return out
'''


def with_own_code(source: Path, folder: Path) -> Path:
    """A copy of a Llama folder as an architecture that only its own Python file knows."""
    shutil.copytree(source, folder)
    (folder / "modeling_own.py").write_text(CODE)
    edit_config(
        folder,
        model_type="own-llama",
        architectures=["OwnForCausalLM"],
        auto_map={
            "AutoConfig": "modeling_own.OwnConfig",
            "AutoModelForCausalLM": "modeling_own.OwnForCausalLM",
        },
    )
    return folder


def with_pickle(source: Path, folder: Path) -> Path:
    """A copy of a model folder with its weights in `pytorch_model.bin`."""
    shutil.copytree(source, folder)
    weights = load_file(folder / "model.safetensors")
    torch.save(weights, folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    return folder


def edit_config(folder: Path, **changes: Any) -> None:
    file = folder / "config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **changes}))


class Command:
    """Pickles as a call of a shell command."""

    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.system, (self.command,)
