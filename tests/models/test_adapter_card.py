"""What an adapter's files say of it is read, and nothing that they do not say is made up."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from peft import IA3Config, get_peft_model
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

from harness.models.adapter_card import adapter_facts
from harness.records import AdapterFacts
from tests.engines.models import write_adapter

OF_LORA: dict[str, Any] = {"layers": ["down_proj", "q_proj", "v_proj"], "base": "tiny"}


def stored(folder: Path) -> int:
    return sum(t.numel() for t in load_file(folder / "adapter_model.safetensors").values())


@pytest.mark.parametrize(
    ("options", "facts"),
    [
        ({}, {"method": "LoRA", "ranks": [4]}),
        ({"use_rslora": True, "rank_pattern": {"q_proj": 2}}, {"method": "rsLoRA", "ranks": [2, 4]}),
        ({"use_dora": True}, {"method": "DoRA", "ranks": [4]}),
        ({"use_dora": True, "use_rslora": True}, {"method": "DoRA, scaled as rsLoRA", "ranks": [4]}),
        ({"modules_to_save": ["lm_head"]}, {"method": "LoRA", "ranks": [4], "whole": ["lm_head"]}),
    ],
)  # fmt: skip
def test_a_lora(tiny: Path, tmp_path: Path, options: dict[str, Any], facts: dict[str, Any]) -> None:
    folder = write_adapter(tmp_path / "a", tiny, **options)
    found = adapter_facts(folder)
    assert found == AdapterFacts(**OF_LORA, **facts, weights=stored(folder))


def test_another_type_goes_by_pefts_name(tiny: Path, tmp_path: Path) -> None:
    plain: Any = AutoModelForCausalLM.from_pretrained(tiny)
    config = IA3Config(target_modules=["q_proj"], feedforward_modules=[])
    get_peft_model(plain, config).save_pretrained(tmp_path)
    assert adapter_facts(tmp_path) == AdapterFacts(
        method="IA3", weights=stored(tmp_path), base="tiny"
    )


@pytest.mark.parametrize(
    ("named", "base"),
    [
        ("org/model-1.5B", "org/model-1.5B"),
        ("/home/alice/secret project/llama", "llama"),
        ("C:\\Users\\alice\\llama\\", "llama"),
        (None, ""),
    ],
)
def test_of_a_base_no_folder_of_another_machine_is_told(
    tiny: Path, tmp_path: Path, named: str | None, base: str
) -> None:
    folder = write_adapter(tmp_path / "a", tiny)
    config = json.loads((folder / "adapter_config.json").read_text())
    config["base_model_name_or_path"] = named
    (folder / "adapter_config.json").write_text(json.dumps(config))
    assert adapter_facts(folder).base == base


@pytest.mark.parametrize(
    ("head", "licence"),
    [
        ("---\nlicense: cc-by-nc-4.0\n---\n", "cc-by-nc-4.0"),
        ("---\nlicense: other\nlicense_name: llama3\n---\n", "llama3"),
        ("---\nlicense: [a, b]\n---\n", ""),
        ("# license: mit\n", ""),
    ],
)
def test_the_licence_is_that_of_its_card(
    tiny: Path, tmp_path: Path, head: str, licence: str
) -> None:
    folder = write_adapter(tmp_path / "a", tiny)
    (folder / "README.md").write_text(head)
    assert adapter_facts(folder).licence == licence
