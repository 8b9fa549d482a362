"""Adapters of every kind that PEFT writes give PEFT's own figures, unmerged and merged, or are refused."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

import pytest
import torch
from peft import IA3Config, LNTuningConfig, LoHaConfig, LoraConfig, VeraConfig, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM

from harness.engines import open_engine
from harness.engines.protocol import ChoiceQuestion, EngineSpec
from harness.errors import BadModelError, InputError
from harness.finetuning import INITIALIZATIONS, NOT_OFFERED
from harness.models.adapters import check_adapter
from harness.models.merge.merge import merge
from harness.resolve.resolver import resolve
from harness.runner.known import known
from harness.suite.reader import read_suite
from tests.conftest import Models
from tests.engines.models import write_model
from tests.engines.plain import plain_hf

QUESTION = ChoiceQuestion((1, 20, 30, 40), ((9,), (10, 11)))
ROUNDED = 0.02
"""Nats that weights in float16 may be off by."""
Base = Literal["llama", "tied", "gpt2"]


@dataclass(frozen=True)
class Kind:
    """How an adapter is made."""

    base: Base = "llama"
    options: dict[str, Any] = field(default_factory=dict)
    config: Any = None
    save: dict[str, Any] = field(default_factory=dict)
    before: Callable[[Any], None] | None = None
    """Changes the base while the adapter is trained."""
    merges: bool = True


def lora(base: Base = "llama", **options: Any) -> Kind:
    return Kind(base, {"target_modules": ["q_proj", "v_proj"], **options})


def double_embeddings(model: Any) -> None:
    model.get_input_embeddings().weight.data *= 2.0


HEAD, EMBED = ["q_proj", "lm_head"], ["q_proj", "embed_tokens"]
KINDS = {
    "embeddings saved": Kind(
        options={"target_modules": ["q_proj"]}, save={"save_embedding_layers": True}
    ),
    "other embeddings saved": Kind(
        options={"target_modules": ["q_proj"]},
        save={"save_embedding_layers": True},
        before=double_embeddings,
    ),
    "the head": lora(target_modules=HEAD),
    "the embeddings": lora(target_modules=EMBED),
    "both": lora(target_modules=["embed_tokens", "lm_head"]),
    "a head tied": lora("tied", target_modules=HEAD),
    "embeddings tied": lora("tied", target_modules=EMBED),
    "both tied": lora("tied", target_modules=["embed_tokens", "lm_head"]),
    "tied and saved": Kind(
        "tied", {"target_modules": ["q_proj"]}, save={"save_embedding_layers": True}
    ),
    "modules to save": lora(modules_to_save=["lm_head", "embed_tokens"]),
    "modules to save tied": lora("tied", modules_to_save=["lm_head"]),
    "a norm to save": lora(modules_to_save=["input_layernorm"]),
    "trained tokens": lora(trainable_token_indices=[20, 30]),
    "trained tokens tied": lora("tied", trainable_token_indices=[20, 30]),
    "trained tokens of both": lora(trainable_token_indices={"embed_tokens": [20], "lm_head": [9]}),
    "patterns": lora(rank_pattern={"q_proj": 8}, alpha_pattern={"v_proj": 32}),
    "rslora": lora(use_rslora=True),
    "dora": lora(use_dora=True),
    "dora of the head": lora(use_dora=True, target_modules=HEAD),
    "dora of the embeddings": lora(use_dora=True, target_modules=EMBED),
    "biases": lora("gpt2", target_modules=["c_attn"], fan_in_fan_out=True, bias="all"),
    "biases of its own": Kind(
        options={"target_modules": ["q_proj"], "lora_bias": True}, merges=False
    ),
    "some layers": lora(layers_to_transform=[1]),
    "excluded": lora(target_modules="all-linear", exclude_modules=["down_proj"]),
    "a pattern of names": lora(target_modules=r".*\.1\..*(q|v)_proj"),
    "parameters": lora(target_parameters=["layers.0.mlp.up_proj.weight"]),
    "pissa": lora(init_lora_weights="pissa"),
    "olora": lora(init_lora_weights="olora"),
    "eva": lora(init_lora_weights="eva"),
    "orthogonal": lora(init_lora_weights="orthogonal"),
    "mica": lora(init_lora_weights="mica"),
    "doubled layers": Kind(
        options={"target_modules": ["q_proj"], "layer_replication": [[0, 2], [1, 2]]}, merges=False
    ),
    "transposed": lora("gpt2", target_modules=["c_attn"], fan_in_fan_out=True),
    "transposed, not said": lora("gpt2", target_modules=["c_attn", "wte"]),
    "IA3": Kind(
        config=IA3Config(
            task_type="CAUSAL_LM",
            target_modules=["k_proj", "down_proj"],
            feedforward_modules=["down_proj"],
        )
    ),
    "LoHa": Kind(config=LoHaConfig(task_type="CAUSAL_LM", r=4, target_modules=["q_proj"])),
    "VeRA": Kind(config=VeraConfig(task_type="CAUSAL_LM", r=4, target_modules=["q_proj"])),
    "LN": Kind(config=LNTuningConfig(task_type="CAUSAL_LM", target_modules=["norm"])),
}


@pytest.fixture(scope="module")
def bases(models: Models, tmp_path_factory: pytest.TempPathFactory) -> dict[Base, Path]:
    gpt2 = write_model(tmp_path_factory.mktemp("bases") / "gpt2", models.tokenizer, "gpt2")
    return {"llama": models.llama, "tied": models.tied, "gpt2": gpt2}


def write(folder: Path, base: Path, kind: Kind) -> Path:
    """An adapter as PEFT saves it, with something in each of its tensors."""
    torch.manual_seed(1)
    model: Any = AutoModelForCausalLM.from_pretrained(str(base), dtype=torch.float32)
    if kind.before is not None:
        kind.before(model)
    adapted: Any = get_peft_model(
        model, kind.config or LoraConfig(task_type="CAUSAL_LM", r=4, **kind.options)
    )
    for weight in adapted.parameters():
        if weight.requires_grad:
            weight.data.add_(torch.randn_like(weight) * 0.1)
    adapted.save_pretrained(str(folder), **kind.save)
    return folder


def scores(weights: Path, adapter: Path | None = None) -> list[float]:
    engine = open_engine(
        EngineSpec(
            weights=str(weights),
            adapter=None if adapter is None else str(adapter),
            dtype="float32",
            threads=1,
        )
    )
    return dict(engine.choose([QUESTION]))[0]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", KINDS)
def test_an_adapter_gives_what_it_gives_in_peft(
    bases: dict[Base, Path], tmp_path: Path, name: str
) -> None:
    kind = KINDS[name]
    base = bases[kind.base]
    adapter = write(tmp_path / "adapter", base, kind)
    right = plain_hf(base, adapter).choose(QUESTION)
    assert scores(base, adapter) == pytest.approx(right, abs=2e-5)
    assert scores(base) != pytest.approx(right, abs=1e-3)
    check_adapter(adapter, base, merged=False)
    (tmp_path / "merged").mkdir()
    if kind.merges:
        check_adapter(adapter, base, merged=True)
        merge(base, adapter, tmp_path / "merged", "full")
        assert scores(tmp_path / "merged") == pytest.approx(right, abs=ROUNDED)
        return
    with pytest.raises(InputError, match="cannot be merged"):
        check_adapter(adapter, base, merged=True)
    with pytest.raises(BadModelError, match="cannot be merged") as raised:
        merge(base, adapter, tmp_path / "merged", "full")
    assert "unmerged" in raised.value.hint


def changed(adapter: Path, **values: Any) -> None:
    file = adapter / "adapter_config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **values}))


def test_stored_embeddings_that_were_not_put_in_place_are_refused(
    bases: dict[Base, Path], tmp_path: Path
) -> None:
    kind = KINDS["other embeddings saved"]
    adapter = write(tmp_path / "adapter", bases["llama"], kind)
    file = adapter / "adapter_model.safetensors"
    tensors = load_file(file)
    name = "base_model.model.model.embed_tokens.weight"
    tensors[name.replace("embed_tokens", "embed_tokens.base_layer")] = tensors.pop(name)
    save_file(tensors, file, {"format": "pt"})
    with pytest.raises(BadModelError, match=r"were not put in place, such as .*base_layer"):
        scores(bases["llama"], adapter)


def test_an_untrained_adapter_beside_the_bases_embeddings_changes_nothing(
    bases: dict[Base, Path], tmp_path: Path
) -> None:
    model: Any = AutoModelForCausalLM.from_pretrained(str(bases["llama"]), dtype=torch.float32)
    adapted = get_peft_model(model, LoraConfig(task_type="CAUSAL_LM", target_modules=HEAD))
    adapted.save_pretrained(str(tmp_path), save_embedding_layers=True)
    with pytest.raises(BadModelError, match="changes nothing"):
        scores(bases["llama"], tmp_path)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"peft_type": "PREFIX_TUNING"}, "learned tokens in front of the prompt"),
        ({"task_type": "SEQ_CLS"}, "another task than writing text"),
        ({"peft_type": "XLORA"}, "depends on more than its weights"),
        ({"alora_invocation_tokens": [3, 4]}, "alora_invocation_tokens"),
        (
            {"init_lora_weights": "lora_ga"},
            r"its beginning had changed \(`init_lora_weights`: lora_ga\)",
        ),
        ({"init_lora_weights": "pissa_niter_16"}, "its beginning had changed"),
        ({"init_lora_weights": "corda"}, "its beginning had changed"),
        ({"init_lora_weights": "loftq"}, "its beginning had changed"),
    ],
)
def test_what_is_no_change_of_weights_is_refused(
    models: Models, tmp_path: Path, values: dict[str, Any], said: str
) -> None:
    adapter = shutil.copytree(models.lora, tmp_path / "adapter")
    changed(adapter, **values)
    with pytest.raises(InputError, match=said):
        check_adapter(adapter, models.llama, merged=False)


@pytest.mark.parametrize("stored", ["embed_tokens.weight", "embed_tokens.base_layer.weight"])
def test_a_resized_vocabulary_is_refused_while_planning(
    models: Models, tmp_path: Path, stored: str
) -> None:
    adapter = shutil.copytree(models.lora, tmp_path / "adapter")
    file = adapter / "adapter_model.safetensors"
    tensors = load_file(file) | {f"base_model.model.model.{stored}": torch.zeros(520, 64)}
    save_file(tensors, file, {"format": "pt"})
    suite = tmp_path / "suite.yaml"
    suite.write_text(
        f"name: resized\nmodels:\n  base: {{source: {models.llama}}}\n"
        "  tuned: {from: base, adapter: adapter}\n"
        "tasks:\n  w: {type: write, prompts: [hello]}\n"
    )
    with pytest.raises(InputError, match=r"a vocabulary of 520 tokens .* has 512") as raised:
        resolve(read_suite(suite, known()), tmp_path / "home")
    assert "resize_token_embeddings(520)" in raised.value.hint


def test_a_merge_that_cannot_be_is_refused_while_planning(models: Models, tmp_path: Path) -> None:
    adapter = shutil.copytree(models.lora, tmp_path / "adapter")
    changed(adapter, lora_bias=True)
    text = (
        f"name: unmergeable\nmodels:\n  base: {{source: {models.llama}}}\n"
        "  tuned: {from: base, adapter: adapter}\n  q8: {from: tuned, gguf: Q8_0}\n"
        "tasks:\n  w: {type: write, prompts: [hello]}\n"
    )
    suite = tmp_path / "suite.yaml"
    suite.write_text(text)
    with pytest.raises(InputError, match=r"cannot be merged \(`lora_bias`\)"):
        resolve(read_suite(suite, known()), tmp_path / "home")
    suite.write_text(text.replace("  q8: {from: tuned, gguf: Q8_0}\n", ""))
    resolve(read_suite(suite, known()), tmp_path / "home")


def test_every_beginning_that_peft_names_is_offered_or_refused_by_name() -> None:
    """A new one has to be decided on."""
    (of,) = [field for field in fields(LoraConfig) if field.name == "init_lora_weights"]
    named = set(re.findall(r'"(\w+)"', str(of.type))) | set(re.findall(r"'(\w+)'", str(of.type)))
    assert {"gaussian", "eva"} <= named
    assert named - {str(peft) for peft, _ in INITIALIZATIONS.values()} <= NOT_OFFERED.keys()
