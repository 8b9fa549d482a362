"""A folder's weights are all in the model, or it is refused by name."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM

from harness.engines import open_engine
from harness.engines.hf.load import check_weights
from harness.engines.permissions import Permissions, granted
from harness.engines.protocol import ChoiceQuestion, EngineSpec
from harness.errors import BadModelError
from harness.models.finetune.base_model import load_base
from harness.models.gguf import convert
from harness.plan.params import GgufParams
from harness.plan.steps import make_step
from harness.runner.jobs import StepJob
from harness.runner.steps import models as steps
from tests.conftest import Models
from tests.engines.models import write_adapter, write_model
from tests.engines.plain import plain_hf

QUESTION = ChoiceQuestion((1, 20, 30), ((9,), (10, 11)))
Change = Callable[[dict[str, Any]], Any]
Q = "model.layers.0.self_attn.q_proj"


def variant(folder: Path, to: Path, change: Change) -> Path:
    shutil.copytree(folder, to)
    weights = load_file(to / "model.safetensors")
    change(weights)
    save_file(weights, to / "model.safetensors", metadata={"format": "pt"})
    return to


def asked(folder: Path) -> tuple[list[float], tuple[str, ...]]:
    engine = open_engine(EngineSpec(weights=str(folder), dtype="float32", threads=1))
    return dict(engine.choose([QUESTION]))[0], engine.info.beside


def refusal(folder: Path) -> str:
    for load in (asked, load_base, check_weights):
        with pytest.raises(BadModelError) as raised:
            load(folder)
    return raised.value.message


UNUSED: dict[str, tuple[Change, str]] = {
    "biases": (
        lambda w: w.update({f"{Q}.bias": torch.ones(64), f"{Q[:-6]}v_proj.bias": torch.ones(32)}),
        rf"^2 tensors of .*model\.safetensors are not used, such as {Q}\.bias\.",
    ),
    "layers": (
        lambda w: w.update(
            {k.replace(".0.", ".2."): v.clone() for k, v in w.items() if ".0." in k}
        ),
        r"^9 tensors of .* are not used, such as model\.layers\.2\.input_layernorm\.weight",
    ),
    "a norm's bias": (lambda w: w.update({"model.norm.bias": torch.ones(64)}), r"^1 tensors"),
    "an adapter": (lambda w: w.update({f"{Q}.lora_A.weight": torch.ones(4, 64)}), r"lora_A"),
    "a bias called as a mask": (
        lambda w: w.update({"model.layers.0.self_attn.bias": torch.ones(64)}),
        r"self_attn\.bias",
    ),
    "another shape": (
        lambda w: w.update({f"{Q}.weight": torch.ones(32, 64)}),
        rf"1 tensors have another shape .* {Q}\.weight: \[32, 64\] instead of \[64, 64\]",
    ),
    "no head": (lambda w: w.pop("lm_head.weight"), r"lack 1 tensors .* lm_head\.weight"),
}


@pytest.mark.parametrize("what", UNUSED)
def test_what_the_model_does_not_take_is_named(models: Models, tmp_path: Path, what: str) -> None:
    change, said = UNUSED[what]
    message = refusal(variant(models.llama, tmp_path / "model", change))
    assert re.search(said, message), message


def test_shards_and_pickles_are_looked_through_too(models: Models, tmp_path: Path) -> None:
    shards = tmp_path / "shards"
    shutil.copytree(models.tokenizer, shards)
    plain: Any = AutoModelForCausalLM.from_pretrained(str(models.llama), dtype=torch.float32)
    plain.save_pretrained(str(shards), max_shard_size="100KB")
    assert asked(shards)[0] == pytest.approx(asked(models.llama)[0], abs=1e-5)
    first = min(shards.glob("model-*.safetensors"))
    save_file(load_file(first) | {f"{Q}.bias": torch.ones(64)}, first, metadata={"format": "pt"})
    assert f"weight files in {shards} are not used, such as {Q}.bias" in refusal(shards)
    pickle = shutil.copytree(models.llama, tmp_path / "pickle")
    weights = load_file(pickle / "model.safetensors") | {f"{Q}.bias": torch.ones(64)}
    torch.save(weights, pickle / "pytorch_model.bin")
    (pickle / "model.safetensors").unlink()
    with granted({pickle: Permissions(pickle=True)}):
        assert "pytorch_model.bin are not used" in refusal(pickle)
        del weights[f"{Q}.bias"]
        mask = {"model.layers.0.attn.bias": torch.ones(1, 1, 8, 8)}
        torch.save(weights | mask, pickle / "pytorch_model.bin")
        assert asked(pickle)[0] == pytest.approx(asked(models.llama)[0], abs=1e-6)


STORED: dict[str, Change] = {
    "rotary angles": lambda w: w.update({f"{Q[:-7]}.rotary_emb.inv_freq": torch.ones(8)}),
    "a causal mask": lambda w: w.update({"model.layers.0.attn.bias": torch.ones(1, 1, 8, 8)}),
    "sines": lambda w: w.update({"model.layers.0.attn.embed_positions": torch.ones(8, 4)}),
    "a masked bias": lambda w: w.update({"model.layers.0.attn.masked_bias": torch.tensor(-1e4)}),
    "a doubled prefix": lambda w: w.update(
        {f"model.{name}": w.pop(name) for name in list(w) if name.startswith("model.")}
    ),
}


@pytest.mark.parametrize("what", STORED)
def test_what_follows_from_the_configuration_is_no_weight(
    models: Models, tmp_path: Path, what: str
) -> None:
    folder = variant(models.llama, tmp_path / "model", STORED[what])
    check_weights(folder)
    scores, beside = asked(folder)
    assert scores == pytest.approx(asked(models.llama)[0], abs=1e-6)
    assert not beside


def test_parts_that_no_text_passes_through_are_told(models: Models, tmp_path: Path) -> None:
    names = ("model.vision_tower.layers.0.weight", "vision_tower.norm.weight", "v_head.bias")
    folder = variant(
        models.llama, tmp_path / "model", lambda w: w.update({n: torch.ones(2) for n in names})
    )
    scores, beside = asked(folder)
    assert scores == pytest.approx(asked(models.llama)[0], abs=1e-6)
    assert beside == ("v_head (1)", "vision_tower (2)")


@pytest.mark.parametrize("same", [True, False])
def test_a_head_beside_tied_embeddings_is_taken_as_transformers_takes_it(
    models: Models, tmp_path: Path, same: bool
) -> None:
    def add(weights: dict[str, Any]) -> None:
        weights["lm_head.weight"] = weights["model.embed_tokens.weight"] * (1.0 if same else 0.5)

    folder = variant(models.tied, tmp_path / "model", add)
    found = asked(folder)[0]
    assert found == pytest.approx(plain_hf(folder).choose(QUESTION), abs=1e-5)
    assert (found == pytest.approx(asked(models.tied)[0], abs=1e-5)) is same


def test_gpt2s_stored_masks_are_no_weights(tokenizer: Path, tmp_path: Path) -> None:
    base = write_model(tmp_path / "gpt2", tokenizer, "gpt2")

    def add(weights: dict[str, Any]) -> None:
        weights["transformer.h.0.attn.bias"] = torch.ones(1, 1, 8, 8)
        weights["transformer.h.0.attn.masked_bias"] = torch.tensor(-1e4)

    assert asked(variant(base, tmp_path / "old", add))[0] == pytest.approx(asked(base)[0], abs=1e-6)


def test_an_adapter_beside_whole_weights_is_refused(models: Models, tmp_path: Path) -> None:
    both = shutil.copytree(models.llama, tmp_path / "both")
    write_adapter(both, models.llama)
    named = json.loads((both / "adapter_config.json").read_text())["base_model_name_or_path"]
    assert named == str(models.llama)
    for load in (asked, load_base):
        with pytest.raises(BadModelError, match=r"holds an adapter .* beside a model's config"):
            load(both)


def test_a_model_whose_files_do_not_fit_is_not_converted(
    models: Models, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked_for: list[Path] = []
    monkeypatch.setattr(convert, "convert", lambda weights, out: asked_for.append(weights))
    headless = variant(models.llama, tmp_path / "headless", lambda w: w.pop("lm_head.weight"))

    def step(folder: Path) -> StepJob:
        made = make_step("convert", "convert", GgufParams(type="F16"), {}, {})
        return StepJob(made, {"weights": str(folder)})

    with pytest.raises(BadModelError, match=r"lack 1 tensors .* lm_head\.weight"):
        steps.convert(step(headless), tmp_path, 1, lambda *_: None)
    assert not asked_for
    steps.convert(step(models.llama), tmp_path, 1, lambda *_: None)
    assert asked_for == [models.llama]
