"""Files: estimates against files made here, tensor by tensor, and against published ones."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.engines.gguf_file import gguf_info
from harness.errors import InputError
from harness.estimate.disk import (
    Artifact,
    Kept,
    adapter_parameters,
    artifact_bytes,
    bits_per_weight,
    checkpoint_bytes,
    disk,
    gguf_bytes,
)
from harness.estimate.mixtures import QUANTIZATIONS, tensor_type
from harness.estimate.precision import precisions
from harness.estimate.shape import Shape, read_shape
from harness.models.gguf.convert import convert
from harness.models.gguf.quantize import QTYPES, quantize
from harness.models.random_weights import write_random_model
from harness.models.shapes import SHAPES, configuration
from harness.starter import MODEL_FOLDER

STARTER = json.loads((MODEL_FOLDER / "config.json").read_text())
NARROW = {
    "vocab_size": 4096,
    "hidden_size": 320,
    "intermediate_size": 544,
    "num_hidden_layers": 17,
    "num_attention_heads": 5,
    "num_key_value_heads": 1,
    "max_position_embeddings": 256,
}
"""Rows that fall back, a layer for each rule of a mixture, four queries to a key and more."""
PUBLISHED = {
    "Q8_0": 74.98,
    "Q6_K": 57.89,
    "Q5_K_M": 49.95,
    "Q5_K_S": 48.66,
    "Q4_K_M": 42.52,
    "Q4_K_S": 40.35,
    "Q3_K_L": 37.14,
    "Q3_K_M": 34.27,
    "Q3_K_S": 30.91,
}
"""GB of Llama 3.1 70B's files, as the model card of bartowski/Llama-3.1-Nemotron-70B lists them."""


@pytest.fixture(scope="module")
def f16(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """F16 files of the starter and of shapes whose rows fall back or are fused."""
    folder = tmp_path_factory.mktemp("fit")
    made = {"starter": MODEL_FOLDER}
    for name, base, changed in (
        ("narrow", "llama-2-7b", NARROW),
        ("phi", "phi-3.5-mini", _small_phi()),
    ):
        made[name] = folder / name
        made[name].mkdir()
        write_random_model(made[name], configuration(base, changed), seed=0)
    for name, weights in made.items():
        convert(weights, folder / f"{name}.gguf")
    return {name: folder / f"{name}.gguf" for name in made}


def _small_phi() -> dict[str, object]:
    turned = {**SHAPES["phi-3.5-mini"]["rope_parameters"]}
    factors = {"short_factor": [1.0] * 32, "long_factor": [1.0] * 32}
    return {**NARROW, "original_max_position_embeddings": 128, "rope_parameters": turned | factors}


def shape_of(name: str) -> Shape:
    match name:
        case "starter":
            return read_shape(STARTER)
        case "narrow":
            return read_shape(configuration("llama-2-7b", NARROW))
    return read_shape(configuration("phi-3.5-mini", _small_phi()))


def types_of(shape: Shape, quantization: str) -> dict[str, str]:
    """The type of every matrix by its name in a GGUF."""
    found = {
        f"{weight.gguf}.weight": tensor_type(shape, weight, 0, quantization)
        for weight in shape.outside
        if weight.kind != "vector"
    }
    for layer in range(shape.layers):
        for weight in shape.linears:
            kind = tensor_type(shape, weight, layer, quantization)
            found[f"blk.{layer}.{weight.gguf}.weight"] = kind
    return found


@pytest.mark.parametrize("qtype", ["F16", *QTYPES])
@pytest.mark.parametrize("name", ["starter", "narrow", "phi"])
def test_every_matrix_has_the_type_that_llama_cpp_gives_it(
    f16: dict[str, Path], tmp_path: Path, name: str, qtype: str
) -> None:
    file = f16[name]
    if qtype != "F16":
        file = tmp_path / "q.gguf"
        quantize(f16[name], file, qtype, 1)
    info, shape = gguf_info(file), shape_of(name)
    assert types_of(shape, qtype) == {t.name: t.type for t in info.tensors if len(t.shape) > 1}
    assert gguf_bytes(shape, qtype) == pytest.approx(info.file_bytes, rel=0.02)
    assert bits_per_weight(shape, qtype) == pytest.approx(info.bits_per_weight, rel=0.001)


@pytest.mark.parametrize("qtype", PUBLISHED)
def test_files_are_as_large_as_published_ones(qtype: str) -> None:
    size = gguf_bytes(read_shape(SHAPES["llama-3.1-70b"]), qtype) / 1e9
    assert size == pytest.approx(PUBLISHED[qtype], rel=0.001)


def test_a_checkpoint_is_as_large_as_the_starters() -> None:
    size = sum(file.stat().st_size for file in MODEL_FOLDER.iterdir())
    assert checkpoint_bytes(read_shape(STARTER)) == pytest.approx(size, rel=0.02)


def test_eight_billion_weights_take_32_16_8_and_4_gigabytes() -> None:
    assert {bits: size / 1e9 for bits, size in precisions(8 * 10**9).items()} == {
        32: 32,
        16: 16,
        8: 8,
        4: 4,
    }


def test_an_adapter_has_as_many_weights_as_peft_makes() -> None:
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoConfig, AutoModelForCausalLM

    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(str(MODEL_FOLDER)))
    for targets in ("all-linear", ["q_proj", "v_proj"]):
        tuned = get_peft_model(
            model, LoraConfig(r=4, target_modules=targets, task_type="CAUSAL_LM")
        )
        made = sum(p.numel() for p in tuned.parameters() if p.requires_grad)
        assert adapter_parameters(read_shape(STARTER), 4, targets) == made
        model = tuned.unload()


def test_a_suite_keeps_all_that_it_makes() -> None:
    shape = read_shape(SHAPES["llama-3.2-1b"])
    made = {
        "base": Artifact("source"),
        "lora": Artifact("adapter", rank=8),
        "merged": Artifact("merged"),
        "F16": Artifact("gguf", "F16"),
        "Q4_K_M": Artifact("gguf", "q4_k_m"),
    }
    found = disk([Kept(shape, made)])
    assert [part.name for part in found.parts] == list(made)
    assert found.total == sum(artifact_bytes(shape, one) for one in made.values())
    assert found.of("merged") == pytest.approx(2.47e9, rel=0.01)


def test_what_does_not_exist_is_refused_by_name() -> None:
    shape = read_shape(STARTER)
    with pytest.raises(InputError, match="no GGUF type Q9_9"):
        gguf_bytes(shape, "Q9_9")
    with pytest.raises(InputError, match="No layer of a llama is called qkv_proj"):
        adapter_parameters(shape, 4, ["qkv_proj"])
    with pytest.raises(InputError, match="cannot be nf4"):
        checkpoint_bytes(shape, "nf4")


def test_all_quantizations_of_this_project_are_known() -> None:
    assert set(QTYPES) <= set(QUANTIZATIONS)
