"""Types of tensors: against files made here, tensor by tensor, and against published ones."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.engines.gguf_file import gguf_info
from harness.errors import InputError
from harness.estimate.files import gguf_bytes, gguf_weight_bytes
from harness.estimate.mixtures import tensor_type
from harness.estimate.shape import ModelShape, read_shape
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


def shape_of(name: str) -> ModelShape:
    match name:
        case "starter":
            return read_shape(STARTER)
        case "narrow":
            return read_shape(configuration("llama-2-7b", NARROW))
    return read_shape(configuration("phi-3.5-mini", _small_phi()))


def types_of(shape: ModelShape, quantization: str) -> dict[str, str]:
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
    assert gguf_weight_bytes(shape, qtype) == pytest.approx(info.tensor_bytes, rel=0.001)


@pytest.mark.parametrize("qtype", PUBLISHED)
def test_files_are_as_large_as_published_ones(qtype: str) -> None:
    size = gguf_bytes(read_shape(SHAPES["llama-3.1-70b"]), qtype) / 1e9
    assert size == pytest.approx(PUBLISHED[qtype], rel=0.001)


def test_a_type_that_does_not_exist_is_refused_by_name() -> None:
    with pytest.raises(InputError, match="no GGUF type Q9_9"):
        gguf_bytes(read_shape(STARTER), "Q9_9")
