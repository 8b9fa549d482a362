"""LoRA adapters as GGUFs: what llama.cpp computes with one is what PEFT computes."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.torch import load_file, save_file

from harness.engines import open_engine
from harness.engines.protocol import EngineSpec
from harness.errors import BadModelError
from harness.models.finetune.recipe import Recipe
from harness.models.finetune.run import finetune
from harness.models.gguf.lora import convert_lora, write_plain_lora

RECIPE = Recipe(
    epochs=4.0, batch_tokens=96, learning_rate=1e-2, rank=4, validation=0, dtype="float32"
)
IDS = [1, *range(270, 290)]
WAYS: list[dict[str, Any]] = [
    {},
    {"method": "rslora", "rank": 8},
    {"rank_pattern": {"q_proj": 2}, "alpha_pattern": {"v_proj": 3.0}},
    {"initialization": "pissa"},
]


def logprobs(**spec: Any) -> np.ndarray[Any, Any]:
    engine = open_engine(EngineSpec(threads=1, **spec))
    try:
        return np.stack(list(engine.distributions(IDS)))
    finally:
        engine.close()


@pytest.mark.parametrize("way", WAYS, ids=lambda way: "-".join(map(str, way.values())) or "lora")
def test_llama_cpp_computes_with_it_what_peft_computes(
    tiny: Path, tiny_f16: Path, examples: Path, tmp_path: Path, way: dict[str, Any]
) -> None:
    finetune(tiny, examples, replace(RECIPE, **way), tmp_path / "a", lambda _: None, threads=1)
    convert_lora(tmp_path / "a", tiny, tmp_path / "a.gguf")
    plain = logprobs(gguf=str(tiny_f16))
    wanted = logprobs(weights=str(tiny), adapter=str(tmp_path / "a"), dtype="float32")
    found = logprobs(gguf=str(tiny_f16), adapter=str(tmp_path / "a.gguf"))
    assert np.abs(plain - wanted).max() > 0.5
    assert np.abs(found - wanted).max() < 0.02


def test_scales_that_llama_cpp_does_not_know_are_multiplied_in(
    adapters: dict[str, Path], tmp_path: Path
) -> None:
    source = Path(shutil.copytree(adapters["lora"], tmp_path / "a"))
    config = json.loads((source / "adapter_config.json").read_text())
    config |= {"use_rslora": True, "alpha_pattern": {"v_proj": 3.0}}
    (source / "adapter_config.json").write_text(json.dumps(config))
    out = tmp_path / "plain"
    out.mkdir()
    write_plain_lora(source, out)
    plain = json.loads((out / "adapter_config.json").read_text())
    assert (plain["use_rslora"], plain["alpha_pattern"], plain["lora_alpha"]) == (False, {}, 8.0)
    before, after = (load_file(folder / "adapter_model.safetensors") for folder in (source, out))
    for name, tensor in before.items():
        # PEFT scales by alpha / sqrt(4); llama.cpp by 8 / 4.
        alpha = 3.0 if "v_proj" in name else 8.0
        factor = (alpha / 2.0) / (8.0 / 4.0) if "lora_B" in name else 1.0
        assert after[name].allclose(tensor * factor)


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"use_dora": True}, "is a DoRA"),
        ({"peft_type": "LOHA"}, "PEFT's type LOHA"),
        ({"bias": "all"}, "has biases"),
        ({"layer_replication": [[0, 1], [0, 2]]}, "doubles layers"),
        ({"init_lora_weights": "pissa"}, r"began in the base's own weights \(pissa\)"),
        ({"init_lora_weights": "OLoRA"}, r"began in the base's own weights \(OLoRA\)"),
    ],
)
def test_what_has_no_place_in_such_a_file_is_refused(
    adapters: dict[str, Path], tiny: Path, tmp_path: Path, config: dict[str, Any], said: str
) -> None:
    source = Path(shutil.copytree(adapters["lora"], tmp_path / "a"))
    file = source / "adapter_config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | config))
    with pytest.raises(BadModelError, match=said) as caught:
        convert_lora(source, tiny, tmp_path / "a.gguf")
    assert "Merge it instead" in caught.value.hint


def test_trained_embeddings_are_refused(
    adapters: dict[str, Path], tiny: Path, tmp_path: Path
) -> None:
    source = Path(shutil.copytree(adapters["lora"], tmp_path / "a"))
    tensors = load_file(source / "adapter_model.safetensors")
    head = "base_model.model.lm_head.weight"
    tensors[head] = next(iter(tensors.values())).clone()
    save_file(tensors, source / "adapter_model.safetensors", {"format": "pt"})
    with pytest.raises(BadModelError, match=r"holds more than a LoRA .*lm_head"):
        convert_lora(source, tiny, tmp_path / "a.gguf")


def test_an_adapter_of_another_model_is_refused_by_name(
    adapters: dict[str, Path], tiny: Path, models: Any, tmp_path: Path
) -> None:
    convert_lora(adapters["lora"], tiny, tmp_path / "a.gguf")
    with pytest.raises(BadModelError, match=r"cannot put the adapter .*a\.gguf on"):
        open_engine(EngineSpec(gguf=str(models.llama_gguf), adapter=str(tmp_path / "a.gguf")))
