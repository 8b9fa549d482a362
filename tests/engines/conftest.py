"""Tiny models, made once for all tests of the engines."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.engines.models import write_adapter, write_gguf, write_model, write_tokenizer


@dataclass(frozen=True)
class Models:
    """Where the models of this test session lie. Tests copy a folder before they damage it."""

    tokenizer: Path
    llama: Path
    tied: Path
    mistral: Path
    lora: Path
    llama_gguf: Path
    tied_gguf: Path


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Models:
    """A tokenizer, three random models, a LoRA for the first, GGUFs of two."""
    folder = tmp_path_factory.mktemp("models")
    tokenizer = folder / "tokenizer"
    write_tokenizer(tokenizer)
    llama = write_model(folder / "llama", tokenizer)
    tied = write_model(folder / "tied", tokenizer, "llama-tied")
    return Models(
        tokenizer=tokenizer,
        llama=llama,
        tied=tied,
        mistral=write_model(folder / "mistral", tokenizer, "mistral"),
        lora=write_adapter(folder / "lora", llama),
        llama_gguf=write_gguf(folder / "llama.gguf", llama),
        tied_gguf=write_gguf(folder / "tied.gguf", tied),
    )
