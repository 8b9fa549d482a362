"""Models that are known by the names of their repos and files."""

from __future__ import annotations

import pytest

from harness.estimate.well_known import quantization_named, shape_named
from harness.models.shapes import SHAPES

LLAMA = "meta-llama/Llama-3.1-8B-Instruct"


@pytest.mark.parametrize(
    ("repo", "shape"),
    [
        (LLAMA, "llama-3.1-8b"),
        ("unsloth/Meta-Llama-3.1-8B-Instruct", "llama-3.1-8b"),
        ("NousResearch/Llama-2-7b-chat-hf", "llama-2-7b"),
        ("NousResearch/Meta-Llama-3-8B", "llama-3-8b"),
        ("bartowski/Meta-Llama-3.1-8B-Instruct-GGUF", "llama-3.1-8b"),
        ("TheBloke/Llama-2-13B-chat-GGUF", "llama-2-13b"),
        ("bartowski/meta-llama_Llama-3.2-3B-Instruct-GGUF", "llama-3.2-3b"),
        ("Qwen/Qwen2.5-3B-Instruct-GGUF", "qwen2.5-3b"),
        ("microsoft/Phi-3.5-mini-instruct", "phi-3.5-mini"),
        ("google/gemma-2-2b-it", "gemma-2-2b"),
        ("mistralai/Mistral-7B-Instruct-v0.3", "mistral-7b"),
        ("HuggingFaceTB/SmolLM2-135M-Instruct", "smollm2-135m"),
        ("mistralai/Mistral-7B-Instruct-v0.1", None),
        ("Qwen/Qwen2.5-72B-Instruct", None),
        ("someone/Llama-3.1-8B-Instruct-pruned", None),
        ("unsloth/Llama-3.2-1B-Instruct-bnb-4bit", None),
    ],
)
def test_well_known_models_are_known_by_name_and_others_are_not(
    repo: str, shape: str | None
) -> None:
    assert shape_named(repo) == shape


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_is_known_by_its_own_name(shape: str) -> None:
    version = "-v0.3" * (shape == "mistral-7b")
    assert shape_named(f"org/{shape}{version}") == shape


@pytest.mark.parametrize(
    ("file", "kind"),
    [
        ("org/repo/model-Q4_K_M.gguf", "Q4_K_M"),
        ("org/repo/llama-2-7b.Q5_0.gguf", "Q5_0"),
        ("org/repo/a-IQ4_XS-00001-of-00002.gguf", "IQ4_XS"),
        ("org/repo/model-f16.gguf", "F16"),
        ("org/repo/model.gguf", ""),
    ],
)
def test_the_type_of_a_gguf_is_read_from_its_name(file: str, kind: str) -> None:
    assert quantization_named(file) == kind
