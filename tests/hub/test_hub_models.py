"""Real (tiny) models, adapters and GGUF files that came from the stand-in Hub do what they did before."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer

from harness.engines.weight_files import adapter_files, weight_files
from harness.errors import DamagedDownloadError
from harness.hub.client import resolve
from harness.models.sources import check_model_folder
from tests.engines.models import write_adapter, write_model
from tests.hub.hub_client import fetch_adapter, fetch_file, fetch_model, home, hub, waits
from tests.hub.stand_in import Fault, HubStandIn

__all__ = ["home", "hub", "waits"]

IDS = torch.tensor([[1, 260, 270, 280, 290]])


@pytest.fixture(scope="module")
def sharded(tokenizer: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny Llama in several shards, beside a pickle of the same weights."""
    root = tmp_path_factory.mktemp("hub")
    whole = write_model(root / "whole", tokenizer, "llama")
    model: Any = AutoModelForCausalLM.from_pretrained(str(whole), dtype=torch.float32)
    (whole / "model.safetensors").unlink()
    model.save_pretrained(str(whole), max_shard_size="150KB")
    assert len(list(whole.glob("model-*.safetensors"))) > 1
    torch.save(model.state_dict(), whole / "pytorch_model.bin")
    return whole


def logits(folder: Path, adapter: Path | None = None) -> torch.Tensor:
    model: Any = AutoModelForCausalLM.from_pretrained(
        str(folder), dtype=torch.float32, local_files_only=True
    )
    if adapter is not None:
        model = PeftModel.from_pretrained(model, str(adapter))
    with torch.no_grad():
        found: torch.Tensor = model(IDS).logits
    return found


def test_a_model_in_shards_answers_as_it_did_before(
    sharded: Path, hub: HubStandIn, home: Path
) -> None:
    hub.commit("org/tiny", sharded)
    folder = fetch_model("org/tiny", resolve("org/tiny", "main", home), home)
    check_model_folder(folder)
    index = json.loads((sharded / "model.safetensors.index.json").read_text())
    assert {file.name for file in weight_files(folder)} == set(index["weight_map"].values())
    assert not list(folder.rglob("*.bin"))
    assert torch.equal(logits(folder), logits(sharded))
    asked = [{"role": "user", "content": "The profit rises."}]
    here, there = (AutoTokenizer.from_pretrained(str(place)) for place in (folder, sharded))
    assert here.chat_template
    assert here.apply_chat_template(asked) == there.apply_chat_template(asked)


def test_an_adapter_changes_the_model_as_it_did_before(
    sharded: Path, hub: HubStandIn, home: Path, tmp_path: Path
) -> None:
    adapter = write_adapter(tmp_path / "adapter", sharded)
    commit = hub.commit("org/lora", adapter)
    folder = fetch_adapter("org/lora", commit, home)
    assert adapter_files(folder)
    assert torch.equal(logits(sharded, folder), logits(sharded, adapter))
    assert not torch.equal(logits(sharded, folder), logits(sharded))


def test_a_shard_that_arrives_damaged_never_becomes_a_model(
    sharded: Path, hub: HubStandIn, home: Path
) -> None:
    commit = hub.commit("org/tiny", sharded)
    hub.fail("/store/", Fault("", 1, flip=True))
    with pytest.raises(DamagedDownloadError):
        fetch_model("org/tiny", commit, home)
    assert torch.equal(logits(fetch_model("org/tiny", commit, home)), logits(sharded))


def test_a_gguf_is_the_file_that_was_uploaded(hub: HubStandIn, home: Path, tiny_f16: Path) -> None:
    commit = hub.commit("org/tiny-GGUF", {"tiny-f16.gguf": tiny_f16.read_bytes()})
    file = fetch_file("org/tiny-GGUF/tiny-f16.gguf", commit, home)
    assert file.suffix == ".gguf"
    assert file.read_bytes() == tiny_f16.read_bytes()
