"""Fine-tuning: what autograd keeps, counted by torch's own hooks, and what the loop holds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from harness.estimate.converting import merging_memory
from harness.estimate.need import MIB
from harness.estimate.shape import ModelShape, read_shape
from harness.estimate.training import kept_by_layer, tuning_memory
from harness.estimate.tuning import Tuning, is_packed, trained_parameters
from harness.finetuning import METHODS
from harness.models.finetune import trainable
from harness.models.finetune.batches import answer_losses, make_batch
from harness.models.finetune.recipe import Recipe
from harness.models.random_weights import write_random_model
from harness.models.shapes import SHAPES, configuration
from harness.records import TrainingExample

SMALL = {
    "vocab_size": 4096,
    "hidden_size": 128,
    "intermediate_size": 384,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 256,
}
EXAMPLES, LENGTH = 4, 131
"""A prime number, so that no weight has a multiple of it."""


def kept_bytes(folder: Path, dtype: str, packing: bool = False, **given: Any) -> int:
    """Bytes that autograd keeps of a batch, the weights themselves left out."""
    recipe = Recipe(**{"dtype": dtype, **given})
    frozen = trainable.load_frozen(folder, recipe, torch.device("cpu"), getattr(torch, dtype))
    model = trainable.make_trainable(frozen, recipe, folder)
    model.train()
    own = {weight.untyped_storage().data_ptr() for weight in model.parameters()}
    kept: dict[int, tuple[int, torch.Tensor]] = {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        of_batch = tensor.numel() % (EXAMPLES * LENGTH) == 0
        if storage.data_ptr() not in own and of_batch:
            kept[storage.data_ptr()] = (storage.nbytes(), tensor)
        return tensor

    ids = tuple(range(5, 5 + LENGTH - 1))
    batch = make_batch([TrainingExample(ids, (7,))] * EXAMPLES, torch.device("cpu"), packing)
    autocast = torch.autocast("cpu", torch.bfloat16, enabled=dtype == "bfloat16")
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor), autocast:
        answer_losses(model, batch).mean()
    return sum(size for size, _ in kept.values())


def per_layer(tmp_path: Path, name: str, dtype: str, **given: Any) -> tuple[float, ModelShape]:
    """Bytes that one layer keeps of each token: the difference of two depths."""
    sizes = []
    for layers in (2, 5):
        folder = tmp_path / f"{layers}"
        folder.mkdir()
        config = configuration(name, {**SMALL, "num_hidden_layers": layers, **_turned(name)})
        write_random_model(folder, config, seed=0)
        sizes.append(kept_bytes(folder, dtype, **given))
    return (sizes[1] - sizes[0]) / 3 / (EXAMPLES * LENGTH), read_shape(config)


def _turned(name: str) -> dict[str, Any]:
    if name != "phi-3.5-mini":
        return {}
    factors = {"short_factor": [1.0] * 16, "long_factor": [1.0] * 16}
    rope = {**SHAPES[name]["rope_parameters"], **factors}
    return {"rope_parameters": rope, "original_max_position_embeddings": 256}


@pytest.mark.parametrize("dtype", ["bfloat16", "float32"])
@pytest.mark.parametrize(
    "name", ["llama-2-7b", "qwen2.5-3b", "phi-3.5-mini", "qwen3-0.6b", "gemma-3-1b", "gemma-2-2b"]
)
def test_a_layer_keeps_what_autograd_keeps(tmp_path: Path, name: str, dtype: str) -> None:
    counted, shape = per_layer(tmp_path, name, dtype)
    tuning = Tuning(dtype=dtype, example_tokens=LENGTH)
    assert kept_by_layer(shape, tuning) == pytest.approx(counted, rel=0.05)


@pytest.mark.parametrize("dtype", ["bfloat16", "float32"])
def test_with_all_weights_learned_a_layer_keeps_more(tmp_path: Path, dtype: str) -> None:
    counted, shape = per_layer(tmp_path, "llama-2-7b", dtype, method="full")
    tuning = Tuning(METHODS["full"], dtype, example_tokens=LENGTH)
    assert kept_by_layer(shape, tuning) == pytest.approx(counted, rel=0.05)


@pytest.mark.parametrize("dtype", ["bfloat16", "float32"])
@pytest.mark.parametrize("name", ["llama-2-7b", "gemma-2-2b"])
@pytest.mark.parametrize(
    "given", [{"method": "dora"}, {"packing": True}, {"dropout": 0.1}], ids=str
)
def test_settings_keep_what_autograd_keeps(
    tmp_path: Path, name: str, dtype: str, given: dict[str, Any]
) -> None:
    counted, shape = per_layer(tmp_path, name, dtype, **given)
    settings = {**given, "method": METHODS[given.get("method", "lora")]}
    settings |= {"batch_tokens": EXAMPLES * LENGTH, "example_tokens": LENGTH}
    tuning = Tuning(dtype=dtype, **settings)
    assert kept_by_layer(shape, tuning) == pytest.approx(counted, rel=0.05)


def test_a_method_on_8_bits_keeps_what_lora_keeps(tmp_path: Path) -> None:
    counted, shape = per_layer(tmp_path, "llama-2-7b", "bfloat16", method="lora-8bit")
    tuning = Tuning(METHODS["lora-8bit"], example_tokens=LENGTH)
    assert kept_by_layer(shape, tuning) == pytest.approx(counted, rel=0.05)


def test_several_batches_a_step_hold_gradients_beside_activations() -> None:
    shape, full = read_shape(SHAPES["llama-3.2-1b"]), METHODS["full"]
    one, two = (
        tuning_memory(shape, Tuning(full, accumulate=n, batch_tokens=8192), "cuda").device
        for n in (1, 2)
    )
    assert two.total - one.total == two.of("gradients") == 4 * shape.parameters


def test_a_paged_state_is_not_the_gpus_and_8_bits_are_a_quarter() -> None:
    shape = read_shape(SHAPES["llama-3.1-8b"])
    plain, paged = (Tuning(METHODS["qlora"], optimizer=name) for name in ("adamw", "auto"))
    state = 8 * trained_parameters(shape, plain)
    assert tuning_memory(shape, plain, "cuda").device.of("optimizer") == state
    assert tuning_memory(shape, paged, "cuda").device.of("optimizer") == 0
    eight = replace(paged, optimizer="paged_adamw_8bit")
    assert eight.pages("cuda") and not eight.pages("cpu")
    assert eight.state_bytes("cuda") / paged.state_bytes("cuda") == pytest.approx(0.25, rel=0.02)
    assert eight.state_bytes("cpu") == paged.state_bytes("cuda")


def test_full_keeps_float32_weights_and_two_moments_of_each() -> None:
    shape = read_shape(SHAPES["llama-3.1-8b"])
    found = tuning_memory(shape, Tuning(METHODS["full"]), "cuda").device
    assert found.of("weights") == 4 * shape.parameters
    assert found.of("optimizer") == 8 * shape.parameters


def test_qlora_of_a_large_model_keeps_four_bits_and_lora_sixteen() -> None:
    shape = read_shape(SHAPES["llama-3.1-8b"])
    tables = 4 * (shape.parameters - shape.linear_weights)
    lora = tuning_memory(shape, Tuning(METHODS["lora"]), "cuda").device.of("weights")
    qlora = tuning_memory(shape, Tuning(METHODS["qlora"]), "cuda").device.of("weights")
    assert lora == 2 * shape.linear_weights + tables
    assert qlora - tables == pytest.approx(0.516 * shape.linear_weights)
    assert is_packed(shape, Tuning(METHODS["qlora"]))
    assert not is_packed(read_shape(SHAPES["smollm2-135m"]), Tuning(METHODS["qlora"]))


def test_checkpointing_keeps_one_stream_a_layer_and_one_layer_at_a_time() -> None:
    shape = read_shape(SHAPES["llama-3.1-8b"])
    whole = tuning_memory(shape, Tuning(), "cuda").device.of("activations")
    some = tuning_memory(shape, Tuning(gradient_checkpointing=True), "cuda").device
    assert some.of("activations") < whole / 4


def test_labels_alone_get_logits() -> None:
    shape = read_shape(SHAPES["llama-3.2-1b"])
    half = tuning_memory(shape, Tuning(label_share=0.5), "cuda").device
    tenth = tuning_memory(shape, Tuning(label_share=0.1), "cuda").device
    assert half.of("logits") == pytest.approx(5 * tenth.of("logits"))


def test_a_lora_learns_a_small_part_and_full_all() -> None:
    shape = read_shape(SHAPES["llama-2-7b"])
    assert trained_parameters(shape, Tuning(rank=8, targets=["q_proj", "v_proj"])) == 4_194_304
    assert trained_parameters(shape, Tuning(METHODS["full"])) == shape.parameters


def test_merging_holds_float32_and_the_files_beside_it() -> None:
    shape = read_shape(SHAPES["llama-3.1-8b"])
    found = merging_memory(shape, 16).resident
    assert found.of("weights") == pytest.approx(32e9, rel=0.01)
    assert found.of("file while loading") == pytest.approx(16e9, rel=0.01)
    assert found.total < 49e9 + 600 * MIB
